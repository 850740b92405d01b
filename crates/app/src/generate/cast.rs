//! The demo practice's clinics, and who works in them.

use muster_domain::emr::{Permission, UserType};

use UserType::{AT, Billing, COTA, Clerical, OT, PT, PTA, RT, RTT, SLP, SLPA, SOT, SPT, SSLP};

pub(super) const CLINICS: [(&str, &str, &str); 5] = [
    ("Saco", "18 Shipyard Lane", "04072"),
    ("Gorham", "402 Orchard Road", "04038"),
    ("Biddeford", "77 Millrace Street", "04005"),
    ("Scarborough", "9 Clamshell Way", "04074"),
    ("Portland", "1250 Eastern Quay", "04101"),
];

/// Who works in each clinic.
pub(super) const STAFF: [&[(UserType, u32)]; 5] = [
    &[(PT, 9), (OT, 3), (SLP, 2), (AT, 1), (PTA, 6), (COTA, 2), (SPT, 2), (Clerical, 2), (Billing, 1)],
    &[(PT, 4), (OT, 1), (PTA, 3), (COTA, 1), (SPT, 1), (Clerical, 2)],
    &[(PT, 8), (OT, 3), (SLP, 2), (RT, 1), (PTA, 5), (COTA, 2), (SLPA, 1), (SOT, 2), (Clerical, 3), (Billing, 1)],
    &[(PT, 8), (OT, 2), (SLP, 1), (AT, 1), (PTA, 4), (COTA, 2), (RTT, 1), (SPT, 1), (Clerical, 3)],
    &[
        (PT, 15),
        (OT, 6),
        (SLP, 4),
        (RT, 2),
        (AT, 2),
        (PTA, 8),
        (COTA, 4),
        (SLPA, 2),
        (RTT, 2),
        (SPT, 3),
        (SOT, 1),
        (SSLP, 2),
        (Clerical, 5),
        (Billing, 2),
    ],
];

/// Someone with a sign-in: name, type, clinics, permissions beyond the type's own (or instead of them), what.
pub(super) struct DemoPerson {
    pub name: (&'static str, &'static str),
    pub kind: UserType,
    pub clinics: &'static [usize],
    pub permissions: &'static [Permission],
    pub what: &'static str,
}

pub(super) const KNOWN: [DemoPerson; 4] = [
    DemoPerson {
        name: ("Dana", "Whitcomb"),
        kind: Clerical,
        clinics: &[0, 1, 2, 3, 4],
        permissions: &[
            Permission::ViewPatients,
            Permission::EditPatients,
            Permission::ViewUsers,
            Permission::EditUsers,
            Permission::CalendarAdmin,
            Permission::ClinicAdmin,
            Permission::CompanyAdmin,
            Permission::AnalyticsAccess,
            Permission::BillingReportAdmin,
        ],
        what: "office manager and company admin: sees and changes everything",
    },
    DemoPerson {
        name: ("Priya", "Raman"),
        kind: PT,
        clinics: &[0],
        permissions: &[
            Permission::ViewPatients,
            Permission::EditPatients,
            Permission::ViewUsers,
            Permission::EditUsers,
            Permission::StartSoapNotes,
            Permission::ForwardSoapNotes,
            Permission::FinishSoapNotes,
            Permission::CalendarAdmin,
            Permission::ClinicAdmin,
            Permission::AnalyticsAccess,
        ],
        what: "clinic manager at Saco only",
    },
    DemoPerson {
        name: ("Tomás", "Leary"),
        kind: Clerical,
        clinics: &[4, 0],
        permissions: &[Permission::ViewPatients, Permission::ViewUsers],
        what: "front desk at Portland and Saco: may look, not change",
    },
    DemoPerson {
        name: ("Lena", "Osgood"),
        kind: PT,
        clinics: &[2],
        permissions: &[
            Permission::ViewPatients,
            Permission::EditPatients,
            Permission::StartSoapNotes,
            Permission::ForwardSoapNotes,
            Permission::FinishSoapNotes,
        ],
        what: "physical therapist at Biddeford without user permissions",
    },
];

/// Pairs who may well be one person each: known at one clinic, and entered in a hurry at another, where nobody had the
/// numbers at hand.
pub(super) const LOOKALIKES: [(&str, &str, usize, bool); 4] = [
    ("Katherine", "Doyle", 4, true),
    ("Kathy", "Doyle", 1, false),
    ("Jonathan", "Reyes", 2, true),
    ("Jon", "Reyes", 3, false),
];
