//! Tampering with the audit record shows.

use crate::place::{DatabaseArguments, HARBOR, PASSWORD, on_both};

/// A practice with a few records; how many of them.
async fn with_records(place: &DatabaseArguments) -> usize {
    place.set_up().await;
    for total in ["1", "2", "3"] {
        let clinic = ["--clinic", HARBOR, "--group", "student", "--total", total];
        place.done(&[&["licenses", "set", "--organization", HARBOR][..], &clinic].concat()).await;
    }
    let told = place.done(&["audit", "verify"]).await;
    let records = place.count("audit_events").await;
    assert!(told.contains(&format!("{records} audit records")), "{told}");
    records
}

async fn assert_first_bad(place: &DatabaseArguments, seq: usize) {
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
        place.sql("UPDATE audit_heads SET seq = seq - 1 WHERE seq > 0").await;
        assert_first_bad(place, records - 1).await;
    }

    async fn a_head_moved_back_by_someone_who_knows_how_is_told_until_somebody_has_looked(place) {
        let records = with_records(place).await;
        place.sql(&format!("DELETE FROM audit_events WHERE seq = {records}")).await;
        let before = "SELECT e.hash FROM audit_events e WHERE e.organization_id = audit_heads.organization_id AND e.seq = audit_heads.seq - 1";
        place.sql(&format!("UPDATE audit_heads SET seq = seq - 1, hash = ({before}) WHERE seq > 0")).await;
        assert_first_bad(place, records - 1).await;
        // What is recorded from then on does not make it good.
        let clinic = ["--clinic", HARBOR, "--group", "student", "--total", "9"];
        place.done(&[&["licenses", "set", "--organization", HARBOR][..], &clinic].concat()).await;
        assert_first_bad(place, records).await;
        assert!(place.done(&["audit", "seal"]).await.contains("1 audit chain"));
        place.done(&["audit", "verify"]).await;
        assert!(place.done(&["audit", "seal"]).await.contains("0 audit chains"));
    }

    async fn a_whole_chain_taken_away_is_told(place) {
        with_records(place).await;
        for table in ["audit_heads", "audit_events"] {
            place.sql(&format!("DELETE FROM {table} WHERE organization_id NOT IN (SELECT organization_id FROM organizations)")).await;
        }
        assert_first_bad(place, 1).await;
        // What is recorded from then on begins no chain that looks whole.
        let operator = ["admin", "create", "--username", "helen", "--email", "helen@operator.example", "--password-stdin"];
        assert_eq!(place.program(&operator).stdin(PASSWORD).run().await.code, Some(0));
        assert_first_bad(place, 1).await;
        assert!(place.done(&["audit", "seal"]).await.contains("1 audit chain"));
        place.done(&["audit", "verify"]).await;
    }

    async fn a_head_taken_away_or_moved_back_stops_nobody_and_is_told(place) {
        with_records(place).await;
        let total = async |n: &str| {
            let clinic = ["--clinic", HARBOR, "--group", "student", "--total", n];
            place.done(&[&["licenses", "set", "--organization", HARBOR][..], &clinic].concat()).await;
        };
        let told = async |tampering: &str| {
            assert_eq!(place.muster(&["audit", "verify"]).await.code, Some(1), "{tampering}");
        };
        place.sql("CREATE TABLE earlier AS SELECT * FROM audit_heads").await;
        total("10").await;
        let back = |column: &str| {
            let then = format!("SELECT e.{column} FROM earlier e WHERE e.organization_id = audit_heads.organization_id");
            format!("{column} = ({then})")
        };
        for (tampering, n) in [
            ("DELETE FROM audit_heads", "11"),
            ("UPDATE audit_heads SET seq = seq - 2 WHERE seq > 2", "12"),
            ("UPDATE audit_heads SET seq = 0 WHERE seq > 2", "13"),
            ("UPDATE audit_heads SET hash = seal", "14"),
            (&format!("UPDATE audit_heads SET {}, {}, {}", back("seq"), back("hash"), back("seal")), "15"),
        ] {
            place.sql(tampering).await;
            told(tampering).await;
            total(n).await;
            told(tampering).await;
            place.done(&["audit", "seal"]).await;
            place.done(&["audit", "verify"]).await;
        }

        // A record nobody signed is told for good.
        place.sql("CREATE TABLE forged AS SELECT * FROM audit_events WHERE seq = (SELECT MAX(seq) FROM audit_events)").await;
        place.sql("UPDATE forged SET seq = seq + 1").await;
        place.sql("INSERT INTO audit_events SELECT * FROM forged").await;
        told("a forged record").await;
        total("16").await;
        place.done(&["audit", "seal"]).await;
        told("a forged record").await;
    }
}

#[tokio::test]
async fn another_secret_verifies_nothing() {
    let place = DatabaseArguments::sqlite();
    with_records(&place).await;
    let other = place.program(&["audit", "verify"]).env("MUSTER_SECRET_KEY", "ab".repeat(32));
    assert_eq!(other.run().await.code, Some(1));
}
