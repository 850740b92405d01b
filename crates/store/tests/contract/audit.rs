use muster_domain::OrganizationId;
use muster_domain::audit::{AuditEntry, Chain};
use muster_store::audit::{self, AuditFilter, AuditRecord, ChainHead, NewRecords};
use muster_store::{Db, StoreError};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_id, an_organization, later, noon, numbered, person_id};

use crate::{in_tx, insert};

type Expected<'a> = Box<dyn Fn(&AuditEntry) -> bool + Send + Sync + 'a>;

const KEY: &[u8] = b"a key that is not in the database";

fn entry(n: u64) -> AuditEntry {
    AuditEntry {
        id: an_id(),
        at: later(i64::try_from(n).unwrap_or(0)),
        actor_kind: "person".into(),
        actor_id: (!n.is_multiple_of(3)).then(|| numbered("actor", n % 3)),
        actor_name: "李 \"Mara\"".into(),
        action: if n.is_multiple_of(2) { "person.updated" } else { "sign_in.failed" }.into(),
        effect: if n.is_multiple_of(5) { "denied" } else { "done" }.into(),
        subject_id: (!n.is_multiple_of(4)).then(|| person_id(n % 4).0),
        subject_name: "O'Neil \\ {ids $1}".into(),
        channel: "page".into(),
        address: "2001:db8::1".into(),
        detail: r#"{"email":{"before":null,"after":"mara@saco.example \" é"}}"#.into(),
    }
}

/// Appends as the application layer does: lock, sign, write.
async fn record(db: &Db, organization: OrganizationId, entries: &[AuditEntry]) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let (ChainHead { seq, hash, .. }, _) =
        audit::lock(&mut tx, organization).await?.expect("an organization with a chain");
    let mut chain = Chain::continuing(organization, KEY, seq, hash);
    let mut records = NewRecords::of(db);
    for entry in entries {
        let (seq, hash) = chain.append(entry);
        records.push(entry, seq, &hash);
    }
    let (seq, hash) = chain.head();
    let head = ChainHead { seq, hash: hash.to_vec(), seal: chain.seal() };
    audit::append(&mut tx, organization, records, head).await?;
    tx.commit().await
}

/// Every record of a chain, checked link by link against its head.
async fn verified(db: &Db, organization: OrganizationId) -> Vec<AuditRecord> {
    let mut reading = db.read().await.expect("a reader");
    let (mut seq, mut all) = (0, Vec::new());
    let mut chain = Chain::continuing(organization, KEY, 0, Vec::new());
    loop {
        let some = audit::records_after(&mut reading, organization, seq, 7).await.expect("records");
        let Some(last) = some.last() else { break };
        seq = last.seq;
        for record in &some {
            assert_eq!(chain.append(&record.entry), (record.seq, record.hash.clone()));
        }
        all.extend(some);
    }
    let head = audit::head(&mut reading, organization).await.expect("a head");
    let (seq, hash) = chain.head();
    assert_eq!(
        head,
        Some(ChainHead { seq, hash: hash.to_vec(), seal: if seq == 0 { Vec::new() } else { chain.seal() } })
    );
    all
}

both_engines! {
    async fn records_are_read_back_as_they_were_signed(db) {
        let practice = an_organization(db).await;
        let entries: Vec<AuditEntry> = (0..20).map(entry).collect();
        record(db, practice.id, &entries[..1]).await.unwrap();
        record(db, practice.id, &entries[1..]).await.unwrap();
        record(db, practice.id, &[]).await.unwrap();
        let found = verified(db, practice.id).await;
        assert_eq!(found.iter().map(|r| r.seq).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
        assert_eq!(found.into_iter().map(|r| r.entry).collect::<Vec<_>>(), entries);
    }

    async fn only_an_organization_that_exists_can_be_locked(db) {
        let stranger = OrganizationId(an_id());
        let mut tx = db.begin().await.unwrap();
        assert_eq!(audit::lock(&mut tx, stranger).await.unwrap(), None);
        audit::start(&mut tx, stranger, b"sealed").await.unwrap();
        audit::start(&mut tx, stranger, b"again").await.unwrap();
        let head = ChainHead { seq: 0, hash: Vec::new(), seal: b"sealed".to_vec() };
        assert_eq!(audit::lock(&mut tx, stranger).await.unwrap(), Some((head, 0)));
    }

    async fn parallel_changes_of_one_organization_never_fork_its_chain(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let writers: Vec<_> = (0..24)
            .map(|n| {
                let (db, organization) = (db.clone(), if n % 4 == 0 { there.id } else { here.id });
                tokio::spawn(async move { record(&db, organization, &[entry(n), entry(n + 100)]).await })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap().unwrap();
        }
        for (practice, expected) in [(&here, 36), (&there, 12)] {
            let numbers: Vec<i64> = verified(db, practice.id).await.iter().map(|r| r.seq).collect();
            assert_eq!(numbers, (1..=expected).collect::<Vec<_>>());
        }
    }

    async fn the_lock_holds_until_the_transaction_ends(db) {
        let practice = an_organization(db).await;
        let mut first = db.begin().await.unwrap();
        audit::lock(&mut first, practice.id).await.unwrap().unwrap();
        let second = {
            let (db, id) = (db.clone(), practice.id);
            tokio::spawn(async move { record(&db, id, &[entry(1)]).await })
        };
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        assert!(!second.is_finished());
        assert_eq!(audit::head(&mut db.read().await.unwrap(), practice.id).await.unwrap().unwrap().seq, 0);
        first.commit().await.unwrap();
        second.await.unwrap().unwrap();
        assert_eq!(verified(db, practice.id).await.len(), 1);
    }

    async fn each_filter_finds_exactly_what_it_asks_for_in_either_order_and_page_by_page(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let entries: Vec<AuditEntry> = (0..60).map(entry).collect();
        record(db, here.id, &entries).await.unwrap();
        record(db, there.id, &entries).await.unwrap();
        // Persons 1 and 3 work in Saco, 2 in Wells.
        let mut people = [here.therapist(1), here.therapist(2), here.therapist(3)];
        if let Some(emr) = &mut people[1].emr {
            emr.default_clinic = here.clinics[1].id;
            emr.clinics = [here.clinics[1].id].into();
        }
        insert(db, here.id, &people).await.unwrap();
        let in_saco = [Some(person_id(1).0), Some(person_id(3).0)];

        let none = AuditFilter::default;
        let cases: Vec<(AuditFilter, Expected<'_>)> = vec![
            (none(), Box::new(|_| true)),
            (
                AuditFilter { subject: Some(person_id(2).0), ..none() },
                Box::new(|e| e.subject_id == Some(person_id(2).0)),
            ),
            (
                AuditFilter { actor: Some(numbered("actor", 1)), ..none() },
                Box::new(|e| e.actor_id == Some(numbered("actor", 1))),
            ),
            (
                AuditFilter { action: Some("sign_in.failed".into()), ..none() },
                Box::new(|e| e.action == "sign_in.failed"),
            ),
            (AuditFilter { effect: Some("denied".into()), ..none() }, Box::new(|e| e.effect == "denied")),
            (AuditFilter { from: Some(later(10)), ..none() }, Box::new(|e| e.at >= later(10))),
            (AuditFilter { until: Some(later(10)), ..none() }, Box::new(|e| e.at < later(10))),
            (
                AuditFilter { from: Some(later(10)), until: Some(later(11)), ..none() },
                Box::new(|e| e.at == later(10)),
            ),
            (
                AuditFilter { subjects_of_clinics: Some(vec![here.clinics[0].id.0]), ..none() },
                Box::new(|e| in_saco.contains(&e.subject_id)),
            ),
            (
                AuditFilter { subjects_of_clinics: Some(here.clinics.iter().map(|c| c.id.0).collect()), ..none() },
                Box::new(|e| e.subject_id.is_some()),
            ),
            (AuditFilter { subjects_of_clinics: Some(vec![]), ..none() }, Box::new(|_| false)),
            (AuditFilter { subjects_of_clinics: Some(vec![there.clinics[0].id.0]), ..none() }, Box::new(|_| false)),
            (
                AuditFilter {
                    subject: Some(person_id(1).0),
                    actor: Some(numbered("actor", 2)),
                    action: Some("sign_in.failed".into()),
                    effect: Some("done".into()),
                    from: Some(noon()),
                    until: Some(later(50)),
                    subjects_of_clinics: Some(vec![here.clinics[0].id.0]),
                    ..none()
                },
                Box::new(|e| {
                    e.subject_id == Some(person_id(1).0)
                        && e.actor_id == Some(numbered("actor", 2))
                        && e.effect == "done"
                        && e.at < later(50)
                }),
            ),
        ];
        let mut reading = db.read().await.unwrap();
        for (filter, expected) in &cases {
            for ascending in [true, false] {
                let mut wanted: Vec<_> = entries.iter().filter(|e| expected(e)).map(|e| e.id).collect();
                if !ascending {
                    wanted.reverse();
                }
                let mut filter = AuditFilter { ascending, ..filter.clone() };
                let mut found = Vec::new();
                loop {
                    let page = audit::list(&mut reading, here.id, &filter, 7).await.unwrap();
                    let Some(last) = page.last() else { break };
                    filter.after = Some(last.seq);
                    found.extend(page.into_iter().map(|r| r.entry.id));
                }
                assert_eq!(found, wanted, "{filter:?}");
            }
        }
    }

    async fn every_chain_is_known_also_one_whose_head_was_cut_off(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        record(db, here.id, &[entry(1)]).await.unwrap();
        in_tx!(db, |tx| audit::start(tx, OrganizationId::INSTALLATION, &[]).await).unwrap();
        let text = "DELETE FROM audit_heads WHERE seq > 0";
        match db {
            Db::Sqlite { write, .. } => drop(sqlx::query(text).execute(write).await.unwrap()),
            Db::Postgres { write, .. } => drop(sqlx::query(text).execute(write).await.unwrap()),
        }
        let chains = audit::chains(&mut db.read().await.unwrap()).await.unwrap();
        let mut expected = vec![OrganizationId::INSTALLATION, here.id, there.id];
        expected.sort();
        assert_eq!(chains, expected);
    }
}
