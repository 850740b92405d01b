//! Numbers and changes in words.

use maud::{Markup, html};
use muster_app::bulk::ReasonGroup;
use muster_domain::bulk::{BulkChange, ChangeSet};
use muster_domain::labels::{counted, grouped, reason_title};
use muster_domain::organizations::Clinic;

pub(super) fn users(count: u64) -> String {
    counted(count, "user", "users")
}

pub(super) fn clinic_name(id: muster_domain::ClinicId, clinics: &[Clinic]) -> &str {
    clinics.iter().find(|c| c.id == id).map_or("a clinic you do not have access to", |c| c.name.as_str())
}

/// A change in words.
pub(super) fn change(change: BulkChange, clinics: &[Clinic]) -> String {
    match change {
        BulkChange::AddPermission(p) => format!("Add {}", p.label()),
        BulkChange::RemovePermission(p) => format!("Remove {}", p.label()),
        BulkChange::AddClinic(c) => format!("Add {}", clinic_name(c, clinics)),
        BulkChange::RemoveClinic(c) => format!("Remove {}", clinic_name(c, clinics)),
        BulkChange::SetStatus(s) => format!("Make {}", s.as_str()),
    }
}

pub(super) fn changes(set: &ChangeSet, clinics: &[Clinic]) -> String {
    set.changes().iter().map(|c| change(*c, clinics)).collect::<Vec<_>>().join(", ")
}

/// The reasons, each of which opens to the names.
pub(super) fn reasons(groups: &[ReasonGroup]) -> Markup {
    html! {
        @for group in groups {
            @let shown = group.people.len() as u64;
            details data-code=(group.code) {
                summary { (reason_title(&group.code)) " · " (grouped(group.count)) }
                @if group.people.is_empty() { p.soft { "The file of results names them." } }
                ul {
                    @for (name, person, message) in &group.people {
                        li {
                            @if let Some(name) = name { a href=(crate::urls::user(*person)) { (name) } ": " }
                            @else { "Someone you cannot see: " }
                            (message)
                        }
                    }
                }
                @if shown > 0 && shown < group.count { p.soft { "And " (grouped(group.count - shown)) " more; the file of results names all." } }
            }
        }
    }
}
