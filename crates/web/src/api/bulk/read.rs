//! Reads selections and changes.

use muster_app::Filter;
use muster_app::bulk::{PresetFilter, Selection};
use muster_domain::bulk::{BulkChange, ChangeSet, MOST_CHANGES, MOST_PEOPLE_BY_ID};
use muster_domain::emr::{Permission, Status, UserType};
use muster_domain::{Code, PersonId};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::failure::at;
use crate::api::fields::Fields;
use crate::errors::ProblemField;

/// The people of the update: `ids` or `filter`, not both.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body, as the others
pub(crate) struct SelectionInput {
    /// At most 100,000, as far as the body has room for them.
    ids: Option<Vec<Uuid>>,
    /// Everybody who matches, within the caller's sight; at most 250,000 people.
    filter: Option<FilterInput>,
}

/// People who match all that is given; an empty filter takes everybody.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct FilterInput {
    /// Any part of name, user name, email or NPI.
    q: Option<String>,
    user_type: Option<String>,
    /// `active` or `inactive`.
    status: Option<String>,
    clinic_id: Option<Uuid>,
    /// Holder of this permission.
    permission: Option<String>,
}

/// One change.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct ChangeInput {
    /// `add_permission`, `remove_permission`, `add_clinic`, `remove_clinic` or `set_status`.
    op: String,
    /// A permission, the id of a clinic, or `active` or `inactive`.
    value: String,
}

/// A selection of people and the changes to make.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct BulkInput {
    /// The selection; left out with `preview_id`.
    selection: Option<SelectionInput>,
    /// The people of a preview, with the versions they had then: people changed since are refused.
    preview_id: Option<Uuid>,
    changes: Vec<ChangeInput>,
}

/// The field `selection`.
pub(super) fn selection(fields: &mut Fields) -> Option<Selection> {
    let mut inner = fields.object("selection")?;
    let by_filter = inner.object("filter").map(|mut filter| {
        let read = filter_of(&mut filter);
        (read, filter.end(&[]))
    });
    let ids: Option<Vec<PersonId>> = inner.many_ids("ids", MOST_PEOPLE_BY_ID);
    for fault in inner.end(&[]) {
        fields.note(below_field("selection", fault));
    }
    match (by_filter, ids) {
        (Some((filter, faults)), None) => {
            for fault in faults {
                fields.note(below_field("selection.filter", fault));
            }
            Some(Selection::Filter(filter))
        }
        (None, Some(ids)) => Some(Selection::Ids(ids)),
        _ => {
            fields.note(at("selection", Code::WrongType, &["selection", "an object with either ids or filter"]));
            None
        }
    }
}

fn below_field(parent: &str, fault: ProblemField) -> ProblemField {
    ProblemField { field: fault.field.map(|f| format!("{parent}.{f}")), ..fault }
}

pub(super) fn filter_of(fields: &mut Fields) -> Filter {
    let mut known = |name: &'static str, expected: &str, read: &dyn Fn(&str) -> bool| {
        let text = fields.text(name)?;
        if read(&text) {
            return Some(text);
        }
        fields.note(at(name, Code::WrongType, &[name, expected]));
        None
    };
    let user_type = known("user_type", "a user type such as PT", &|t| UserType::parse(t).is_some());
    let status = known("status", "active or inactive", &|t| Status::parse(t).is_some());
    let permission = known("permission", "a permission such as edit_users", &|t| Permission::parse(t).is_some());
    let q = fields.text("q").unwrap_or_default().chars().take(100).collect();
    PresetFilter { q, user_type, status, clinic_id: fields.id("clinic_id"), permission }.filter()
}

/// The field `changes`, each fault at its place.
pub(super) fn changes(fields: &mut Fields) -> Vec<BulkChange> {
    let Some(list) = fields.list("changes") else { return Vec::new() };
    let mut all = Vec::new();
    for (n, value) in list.iter().take(MOST_CHANGES + 1).enumerate() {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let known = value.as_object().is_some_and(|o| o.keys().all(|k| k == "op" || k == "value"));
        match (text("op"), text("value")) {
            (Some(op), Some(value)) if known => match BulkChange::parse(op, value) {
                Ok(change) => all.push(change),
                Err(refusal) => {
                    let fault = ProblemField::from(&refusal);
                    fields.note(ProblemField { field: Some(format!("changes[{n}]")), ..fault });
                }
            },
            _ => {
                let fault = at("changes", Code::WrongType, &["A change", "an object with op and value"]);
                fields.note(ProblemField { field: Some(format!("changes[{n}]")), ..fault });
            }
        }
    }
    all
}

/// The changes as a set; what contradicts itself is noted.
pub(super) fn change_set(fields: &mut Fields) -> ChangeSet {
    let given = fields.has("changes");
    let all = changes(fields);
    if all.is_empty() && given && fields.is_faulty() {
        return ChangeSet::default();
    }
    match ChangeSet::new(all) {
        Ok(set) => set,
        Err(refusals) => {
            refusals.0.iter().for_each(|r| fields.note(ProblemField::from(r)));
            ChangeSet::default()
        }
    }
}
