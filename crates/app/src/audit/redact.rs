//! Keeps clinics and people an actor may not know out of the records that actor reads. The stored record stays whole.

use std::collections::BTreeSet;

use muster_domain::ClinicId;
use muster_domain::access::{Authority, ClinicAccess};
use muster_domain::emr::{Permission, field};
use muster_store::audit::AuditRecord;
use muster_store::{Handle, people};
use serde_json::Value;
use uuid::Uuid;

use crate::{Actor, Result};

/// The fields of a record that name clinics.
const FIELDS: [&str; 2] = [field::CLINIC_IDS, field::DEFAULT_CLINIC_ID];

/// Replaces the name of someone the reader may not see.
const SOMEBODY: &str = "Somebody out of your sight";

/// Takes unreachable clinics out of before and after, where a default clinic out of reach reads as null; and the names of
/// people out of sight out of what is told of others.
pub(super) async fn records(h: &mut impl Handle, actor: &Actor, records: &mut [AuditRecord]) -> Result<()> {
    let authority = actor.authority();
    let ClinicAccess::Only(mine) = authority.emr().clinics() else { return Ok(()) };
    let mut details: Vec<Option<Value>> =
        records.iter().map(|r| serde_json::from_str(&r.entry.detail).ok().filter(Value::is_object)).collect();
    let mut named = BTreeSet::new();
    for detail in details.iter_mut().flatten() {
        each_named(detail, &mut |id, _| {
            named.insert(id);
        });
    }
    // Without View Users an actor sees only their own name.
    let mut known = if authority.emr().permissions().contains(Permission::ViewUsers) {
        people::at_clinics(h, actor.organization(), &named, mine).await?
    } else {
        BTreeSet::new()
    };
    known.extend(actor.subject());
    known.extend(mine.iter().map(|clinic| clinic.0));
    for (record, detail) in records.iter_mut().zip(details) {
        let Some(mut detail) = detail else { continue };
        for name in FIELDS {
            if let Some(change) = detail.get_mut(name) {
                hide(authority, change);
            }
        }
        each_named(&mut detail, &mut |id, thing| {
            if !known.contains(&id) {
                *thing = serde_json::json!({"id": null, "name": SOMEBODY});
            }
        });
        record.entry.detail = detail.to_string();
    }
    Ok(())
}

/// Everything in a record that has an identity and a name.
fn each_named(value: &mut Value, then: &mut impl FnMut(Uuid, &mut Value)) {
    let id = value.get("name").and_then(|_| value.get("id")?.as_str()?.parse().ok());
    if let Some(id) = id {
        return then(id, value);
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each_named(item, then)),
        Value::Object(map) => map.values_mut().for_each(|item| each_named(item, then)),
        _ => {}
    }
}

fn hide(authority: &Authority, value: &mut Value) {
    let reached =
        |v: &Value| v.as_str().and_then(|t| t.parse::<ClinicId>().ok()).is_some_and(|c| authority.emr().reaches(c));
    match value {
        Value::Array(items) => items.retain(reached),
        Value::Object(map) => map.values_mut().for_each(|v| hide(authority, v)),
        Value::String(_) if !reached(value) => *value = Value::Null,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_domain::OrganizationId;
    use muster_domain::access::ActorKind;

    #[test]
    fn whoever_reaches_everything_reads_everything() {
        let all = Authority::operator(ActorKind::Support, OrganizationId::INSTALLATION);
        let mut value = serde_json::json!({"before": ["0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001"], "after": null});
        let before = value.clone();
        hide(&all, &mut value);
        assert_eq!(value, before);
    }
}
