//! The people and things the cases of one list are about.

use muster_app::bulk::Selection;
use muster_domain::bulk::{BulkChange, ChangeSet};
use muster_domain::emr::{Permission, UserType};
use muster_domain::licenses::{Group, RequestDraft, RequestKind};
use muster_domain::{ClinicId, PersonId};
use muster_testkit::practice::{Member, PersonSpec, Practice};
use uuid::Uuid;

use super::SUPPORT;

/// How many people the running bulk update has: one more than are changed at once.
const MANY: usize = 1001;

/// What one list of cases is about; nothing is used by two lists.
pub struct Subjects {
    /// Has a password.
    pub therapist: Member,
    pub student: PersonId,
    /// Two people without a password whose names are nearly the same.
    pub twins: [PersonId; 2],
    /// A merge that can be undone.
    pub merge: Uuid,
    /// License requests nobody has answered yet.
    pub requests: [Uuid; 3],
    /// Inactive for want of a license at `waiting_clinic`, where one is free now.
    pub waiting: PersonId,
    pub waiting_clinic: ClinicId,
    /// A bulk update that is done and can be undone.
    pub bulk_done: Uuid,
    /// A bulk update that has more people than are changed at once.
    pub bulk_running: Uuid,
}

impl Subjects {
    /// Makes them; `prefix` tells their user names from those of another list.
    pub async fn add(practice: &Practice, prefix: &str, waiting_clinic: ClinicId) -> Self {
        practice.operator(SUPPORT).await;
        let machine = practice.machine();
        let person = async |name: &str, user_type: UserType| {
            let username = format!("{prefix}-{name}");
            practice.add(PersonSpec { username: &username, user_type, ..PersonSpec::default() }).await
        };
        let therapist = person("mara", UserType::PT).await;
        // Of several messages that wait, any could be the one with the link.
        practice.messages().await;
        practice.give_password(&therapist).await;
        let student = person("sam", UserType::SPT).await.id;
        let twins = [person("ann", UserType::PT).await.id, person("anna", UserType::PT).await.id];
        let merged = [person("bea", UserType::PT).await.id, person("beatrix", UserType::PT).await.id];
        let merge = practice.app.merge(&machine, merged[0], merged[1]).await.expect("merged").id;
        let (bulk_done, bulk_running) = two_bulk_updates(practice, prefix).await;
        Self {
            therapist,
            student,
            twins,
            merge,
            requests: three_requests(practice).await,
            waiting: waiting_person(practice, &format!("{prefix}-wes"), waiting_clinic).await,
            waiting_clinic,
            bulk_done,
            bulk_running,
        }
    }
}

async fn set_total(practice: &Practice, clinic: ClinicId, group: Group, total: i64) {
    practice.app.set_license_total(&practice.machine(), clinic, group, total, "").await.expect("a total");
}

async fn three_requests(practice: &Practice) -> [Uuid; 3] {
    let clinic = practice.clinics[0];
    for group in [Group::Assistant, Group::Therapist] {
        set_total(practice, clinic, group, 30).await;
    }
    let mut made = Vec::new();
    for _ in 0..3 {
        let draft =
            RequestDraft { kind: RequestKind::Add, clinic, group: Group::Assistant, count: 1, note: String::new() };
        let sent = practice.app.submit_license_request(&practice.machine(), &draft, None).await.expect("a request");
        made.push(sent.request.id.0);
    }
    made.try_into().unwrap()
}

async fn waiting_person(practice: &Practice, username: &str, clinic: ClinicId) -> PersonId {
    set_total(practice, clinic, Group::Student, 0).await;
    let spec = PersonSpec { username, user_type: UserType::SPT, clinics: &[clinic], ..PersonSpec::default() };
    let waiting = practice.add(spec).await.id;
    set_total(practice, clinic, Group::Student, 1).await;
    waiting
}

async fn two_bulk_updates(practice: &Practice, prefix: &str) -> (Uuid, Uuid) {
    let mut csv = String::from("first_name,last_name,email,user_type,clinics,permissions\n");
    for n in 0..MANY {
        csv.push_str(&format!("Bulk{n},Lund{prefix},{prefix}{n}@saco.example,Clerical,Saco,view_patients\n"));
    }
    let (app, machine) = (&practice.app, practice.machine());
    let options = muster_app::imports::ImportOptions::default();
    app.import_people(&machine, std::io::Cursor::new(csv.into_bytes()), options, |_| {}).await.expect("people");
    let changes = ChangeSet::new([BulkChange::AddPermission(Permission::EditPatients)]).expect("a change");
    let filter = |q: String| Selection::Filter(muster_app::Filter { q, ..muster_app::Filter::default() });
    let done = app.bulk_update(&machine, &filter(format!("{prefix}77@")), &changes, None).await.expect("done");
    let running = app.bulk_update(&machine, &filter(format!("lund{prefix}")), &changes, None).await.expect("begun");
    assert!(!done.is_running() && running.is_running());
    (done.job.id, running.job.id)
}
