//! The twelve EMR permissions and sets of them.

use std::fmt;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

/// What a person may do in the EMR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // `label` and `grants` say it
pub enum Permission {
    ViewPatients,
    EditPatients,
    ViewUsers,
    EditUsers,
    StartSoapNotes,
    ForwardSoapNotes,
    FinishSoapNotes,
    CalendarAdmin,
    ClinicAdmin,
    CompanyAdmin,
    AnalyticsAccess,
    BillingReportAdmin,
}

impl Permission {
    /// Every permission, in the order of the profile.
    pub const ALL: [Self; 12] = [
        Self::ViewPatients,
        Self::EditPatients,
        Self::ViewUsers,
        Self::EditUsers,
        Self::StartSoapNotes,
        Self::ForwardSoapNotes,
        Self::FinishSoapNotes,
        Self::CalendarAdmin,
        Self::ClinicAdmin,
        Self::CompanyAdmin,
        Self::AnalyticsAccess,
        Self::BillingReportAdmin,
    ];

    /// The code of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewPatients => "view_patients",
            Self::EditPatients => "edit_patients",
            Self::ViewUsers => "view_users",
            Self::EditUsers => "edit_users",
            Self::StartSoapNotes => "start_soap_notes",
            Self::ForwardSoapNotes => "forward_soap_notes",
            Self::FinishSoapNotes => "finish_soap_notes",
            Self::CalendarAdmin => "calendar_admin",
            Self::ClinicAdmin => "clinic_admin",
            Self::CompanyAdmin => "company_admin",
            Self::AnalyticsAccess => "analytics_access",
            Self::BillingReportAdmin => "billing_report_admin",
        }
    }

    /// The name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Self::ViewPatients => "View Patients",
            Self::EditPatients => "Edit Patients",
            Self::ViewUsers => "View Users",
            Self::EditUsers => "Edit Users",
            Self::StartSoapNotes => "Start SOAP Notes",
            Self::ForwardSoapNotes => "Forward SOAP Notes",
            Self::FinishSoapNotes => "Finish SOAP Notes",
            Self::CalendarAdmin => "Calendar Admin",
            Self::ClinicAdmin => "Clinic Admin",
            Self::CompanyAdmin => "Company Admin",
            Self::AnalyticsAccess => "Analytics Access",
            Self::BillingReportAdmin => "Billing Report Admin",
        }
    }

    /// What it lets a person do, in one line.
    pub fn grants(self) -> &'static str {
        match self {
            Self::ViewPatients => "Open the Patient Manager",
            Self::EditPatients => "Add and edit patients",
            Self::ViewUsers => "See the user list and ask for license adjustments",
            Self::EditUsers => "Add and edit users, and make them active or inactive",
            Self::StartSoapNotes => "Begin documentation",
            Self::ForwardSoapNotes => "Send notes for co-signature",
            Self::FinishSoapNotes => "Finalize notes",
            Self::CalendarAdmin => "Change scheduler settings",
            Self::ClinicAdmin => "Change clinic settings and update users in bulk",
            Self::CompanyAdmin => "Everything in the organization",
            Self::AnalyticsAccess => "Open Analytics",
            Self::BillingReportAdmin => "See billing reports in Analytics",
        }
    }

    /// The permission a code names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == text.trim())
    }

    /// True for the three that concern notes.
    pub fn is_soap(self) -> bool {
        matches!(self, Self::StartSoapNotes | Self::ForwardSoapNotes | Self::FinishSoapNotes)
    }

    /// Its place in a stored set: one bit.
    pub fn bit(self) -> i64 {
        1 << (self as u8)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// A set of permissions; stored as one integer, bit n for the n-th of [`Permission::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionSet(i64);

impl PermissionSet {
    /// None at all.
    pub const EMPTY: Self = Self(0);
    /// All of them.
    pub const FULL: Self = Self((1 << Permission::ALL.len()) - 1);

    /// From storage; unknown bits are dropped.
    pub fn from_bits(bits: i64) -> Self {
        Self(bits & Self::FULL.0)
    }

    /// For storage.
    pub fn bits(self) -> i64 {
        self.0
    }

    /// True when it holds `permission`.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// True when nothing is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// With one more.
    #[must_use]
    pub fn with(self, permission: Permission) -> Self {
        Self(self.0 | permission.bit())
    }

    /// With one less.
    #[must_use]
    pub fn without(self, permission: Permission) -> Self {
        Self(self.0 & !permission.bit())
    }

    /// With everything of another set.
    #[must_use]
    pub fn with_all(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is here and not there.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// True when everything here is also there.
    pub fn is_within(self, other: Self) -> bool {
        self.minus(other).is_empty()
    }

    /// What the set amounts to: a company admin may do everything, and who edits users also sees them.
    #[must_use]
    pub fn effective(self) -> Self {
        if self.contains(Permission::CompanyAdmin) {
            Self::FULL
        } else if self.contains(Permission::EditUsers) {
            self.with(Permission::ViewUsers)
        } else {
            self
        }
    }

    /// In the order of the profile.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |p| self.contains(*p))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(iter: I) -> Self {
        iter.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for permission in self.iter() {
            seq.serialize_element(permission.as_str())?;
        }
        seq.end()
    }
}
