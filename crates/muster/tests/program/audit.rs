//! Tampering with the audit record shows.

use crate::place::{HARBOR, Place, on_both};

/// A practice with a few records; how many of them.
async fn with_records(place: &Place) -> usize {
    place.set_up().await;
    for total in ["1", "2", "3"] {
        let clinic = ["--clinic", HARBOR, "--group", "student", "--total", total];
        place.done(&[&["licences", "set", "--organization", HARBOR][..], &clinic].concat()).await;
    }
    let told = place.done(&["audit", "verify"]).await;
    let records = place.count("audit_events").await;
    assert!(told.contains(&format!("{records} audit records")), "{told}");
    records
}

async fn assert_first_bad(place: &Place, seq: usize) {
    let finished = place.muster(&["audit", "verify"]).await;
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains(&format!(": record {seq}: ")), "{finished:?}");
    let json: serde_json::Value =
        serde_json::from_str(&place.muster(&["audit", "verify", "--json"]).await.stdout).unwrap();
    assert_eq!(json["tampered"][0]["seq"], seq, "{json}");
    assert_eq!(place.muster(&["check"]).await.code, Some(1));
}

on_both! {
    async fn a_changed_record_is_named(place) {
        with_records(place).await;
        place.sql("UPDATE audit_events SET actor_name = 'Somebody else' WHERE seq = 3").await;
        assert_first_bad(place, 3).await;
    }

    async fn a_removed_record_is_named(place) {
        with_records(place).await;
        place.sql("DELETE FROM audit_events WHERE seq = 2").await;
        assert_first_bad(place, 2).await;
    }

    async fn swapped_records_are_named(place) {
        with_records(place).await;
        for step in ["seq = 1002 WHERE seq = 2", "seq = 2 WHERE seq = 3", "seq = 3 WHERE seq = 1002"] {
            place.sql(&format!("UPDATE audit_events SET {step}")).await;
        }
        assert_first_bad(place, 2).await;
    }

    async fn a_record_cut_off_at_the_end_is_named(place) {
        let records = with_records(place).await;
        place.sql(&format!("DELETE FROM audit_events WHERE seq = {records}")).await;
        assert_first_bad(place, records).await;
    }

    async fn a_chain_cut_off_together_with_its_head_still_shows(place) {
        let records = with_records(place).await;
        place.sql(&format!("DELETE FROM audit_events WHERE seq = {records}")).await;
        place.sql("UPDATE audit_heads SET seq = seq - 1").await;
        assert_first_bad(place, records - 1).await;
    }
}

#[tokio::test]
async fn another_secret_verifies_nothing() {
    let place = Place::sqlite();
    with_records(&place).await;
    let other = place.program(&["audit", "verify"]).env("MUSTER_SECRET_KEY", "ab".repeat(32));
    assert_eq!(other.run().await.code, Some(1));
}
