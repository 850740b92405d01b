//! Professional licenses, who supervises whom, what is missing, reminders sent, and how people left.

mod managers;
mod offboarding;
mod professional_licenses;
mod reminders;
mod supervision;
mod worklist;

pub use managers::{Manager, company_admins, managers};
pub use offboarding::{OffboardingRecord, insert_offboarding, offboardings};
pub use professional_licenses::{
    copy_professional_license, move_professional_licenses, professional_licenses, remove_professional_license,
    save_professional_license,
};
pub use reminders::{DueReminder, due_reminders, note_reminders};
pub use supervision::{
    Assignment, HandOver, Supervision, begin_supervisions, end_supervisions, present_supervisions, set_supervisor,
    supervisees, supervisions, take_back, therapists,
};
pub use worklist::{MissingCredentials, signed_and_supervised, worklist};

use muster_domain::PersonId;
use muster_domain::emr::UserType;
use muster_domain::licenses::Group;

use crate::sql::dialect;

/// An active supervisor `t` of a supervision `v`.
const SUPERVISOR: &str = "JOIN emr_accounts t ON t.organization_id = v.organization_id
    AND t.person_id = v.supervisor_id AND t.status = 'active'";

/// The codes of the types of these groups, quoted: text of this program, nothing a person typed.
fn types(groups: &[Group]) -> String {
    let codes: Vec<String> = UserType::ALL
        .into_iter()
        .filter(|t| groups.contains(&t.group()))
        .map(|t| format!("'{}'", t.as_str()))
        .collect();
    codes.join(", ")
}

fn ids(people: &[PersonId]) -> String {
    dialect::id_list(people.iter().map(|p| &p.0))
}
