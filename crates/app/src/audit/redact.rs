//! Keeps clinics an actor may not know out of the records that actor reads. The stored record stays whole.

use muster_domain::ClinicId;
use muster_domain::access::{Authority, ClinicAccess};
use muster_store::audit::Recorded;
use serde_json::Value;

/// The fields of a record that name clinics.
const FIELDS: [&str; 2] = ["clinic_ids", "default_clinic_id"];

/// Takes unreachable clinics out of before and after; a default clinic out of reach reads as null.
pub(super) fn clinics(authority: &Authority, records: &mut [Recorded]) {
    if *authority.clinics() == ClinicAccess::All {
        return;
    }
    for record in records {
        let Ok(Value::Object(mut detail)) = serde_json::from_str(&record.entry.detail) else { continue };
        let mut touched = false;
        for field in FIELDS {
            if let Some(change) = detail.get_mut(field) {
                touched = true;
                hide(authority, change);
            }
        }
        if touched {
            record.entry.detail = Value::Object(detail).to_string();
        }
    }
}

fn hide(authority: &Authority, value: &mut Value) {
    let reached = |v: &Value| v.as_str().and_then(|t| t.parse::<ClinicId>().ok()).is_some_and(|c| authority.reaches(c));
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
