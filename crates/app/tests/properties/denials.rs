//! Whoever tries what they may not is on record, once, whatever the door.

use std::future::Future;
use std::pin::Pin;

use muster_app::audit::AuditQuery;
use muster_app::bulk::Selection;
use muster_app::images::made_up_signature;
use muster_app::imports::ImportOptions;
use muster_app::{Actor, AppError};
use muster_domain::bulk::{BulkChange, ChangeSet};
use muster_domain::credentials::ProfessionalLicensePatch;
use muster_domain::emr::{Permission, SignatureOrigin, UserType};
use muster_domain::licenses::{Group, RequestDraft, RequestKind};
use muster_domain::organizations::{ClinicPatch, OrganizationPatch};
use muster_domain::people::PersonPatch;
use muster_domain::people::{Change, OffboardingKind};
use muster_domain::{ClinicId, PersonId};
use muster_testkit::both_engines;

use crate::world::{MANAGE, RunningFacts, VIEW, app};

/// Tries doors one after the other and notes which of them left not exactly one denial of their own.
struct Watch<'a> {
    world: &'a RunningFacts,
    seen: i64,
    amiss: Vec<String>,
}

impl<'a> Watch<'a> {
    async fn on(world: &'a RunningFacts) -> Self {
        let query = AuditQuery { limit: 1, ..AuditQuery::default() };
        let page = world.app.audit_records(&world.machine(), &query).await.expect("reads");
        Self { world, seen: page.records[0].seq, amiss: Vec::new() }
    }

    fn tried<'b, T: 'b>(
        &'b mut self,
        door: &'b str,
        action: &'b str,
        call: impl Future<Output = Result<T, AppError>> + 'b,
    ) -> Pin<Box<dyn Future<Output = ()> + 'b>> {
        Box::pin(async move {
            let answer = call.await;
            let query = AuditQuery { after: Some(self.seen), ascending: true, limit: 200, ..AuditQuery::default() };
            let page = self.world.app.audit_records(&self.world.machine(), &query).await.expect("reads");
            self.seen = page.records.last().map_or(self.seen, |r| r.seq);
            let left: Vec<(&str, &str)> =
                page.records.iter().map(|r| (r.entry.action.as_str(), r.entry.effect.as_str())).collect();
            match answer {
                Ok(_) => self.amiss.push(format!("{door} let them in: {left:?}")),
                Err(_) if left == [(action, "denied")] => {}
                Err(error) => self.amiss.push(format!("{door} answered {error:?} and left {left:?}")),
            }
        })
    }

    /// Every door that changes a person.
    async fn person(&mut self, actor: &Actor, id: PersonId, other: PersonId) {
        let app = &self.world.app.clone();
        let person = PersonPatch { phone: Some(Some("207 555 0142".into())), ..PersonPatch::default() };
        let change = Change { person, ..Change::default() };
        let license =
            ProfessionalLicensePatch { number: Some(Some("X 1".into())), ..ProfessionalLicensePatch::default() };
        let (drawing, origin) = (made_up_signature(), SignatureOrigin::Uploaded);
        self.tried("edit", "person.updated", app.update_person(actor, id, None, change.clone())).await;
        self.tried("a tried edit", "person.updated", app.check_person(actor, Some(id), &change)).await;
        self.tried("link", "password_reset.sent", app.send_sign_in_link(actor, id)).await;
        self.tried("sessions", "sessions.ended", app.end_sessions(actor, id.0, None)).await;
        self.tried("type", "emr_account.type_changed", app.change_type(actor, id, None, UserType::SPT)).await;
        self.tried(
            "add license",
            "professional_license.added",
            app.add_professional_license(actor, id, &license, None),
        )
        .await;
        self.tried("license", "professional_license.changed", app.change_professional_license(actor, id, 0, &license))
            .await;
        self.tried("remove license", "professional_license.removed", app.remove_professional_license(actor, id, 0))
            .await;
        self.tried("supervisor", "supervisor.changed", app.set_supervisor(actor, id, None)).await;
        self.tried("picture", "picture.set", app.set_picture(actor, id, drawing.clone(), true)).await;
        self.tried("no picture", "picture.removed", app.remove_picture(actor, id)).await;
        self.tried("signature", "signature.set", app.set_signature(actor, id, origin, drawing)).await;
        self.tried("no signature", "signature.removed", app.remove_signature(actor, id)).await;
        self.tried("leave", "person.offboarded", app.offboard(actor, id, OffboardingKind::Leave, None, false)).await;
        self.tried("merge into", "people.merged", app.merge(actor, id, other)).await;
        self.tried("merge from", "people.merged", app.merge(actor, other, id)).await;
        self.tried("copy", "emr_account.access_copied", app.copy_access(actor, id, None, &[other])).await;
        self.tried("someone else", "person.someone_else", app.mark_distinct(actor, id, other)).await;
        self.tried("someone else, turned", "person.someone_else", app.mark_distinct(actor, other, id)).await;
    }

    async fn practice(&mut self, actor: &Actor, clinic: ClinicId, asks: bool) {
        let app = &self.world.app.clone();
        let renamed = ClinicPatch { name: Some("Ours now".into()), ..ClinicPatch::default() };
        let settings = OrganizationPatch { idle_minutes: Some(7), ..OrganizationPatch::default() };
        let wanted =
            RequestDraft { kind: RequestKind::Add, clinic, group: Group::Therapist, count: 1, note: String::new() };
        self.tried("a new clinic", "clinic.created", app.add_clinic(actor, "Ours", None)).await;
        self.tried("a clinic", "clinic.updated", app.update_clinic(actor, clinic, None, &renamed)).await;
        let ours = self.world.organization;
        self.tried("settings", "organization.updated", app.update_organization(actor, ours, None, &settings)).await;
        let total = app.set_license_total(actor, clinic, Group::Therapist, 3, "");
        self.tried("a total", "license_pool.total_set", total).await;
        if asks {
            self.tried("request", "license_request.submitted", app.submit_license_request(actor, &wanted, None)).await;
        }
    }

    fn done(self) {
        assert!(self.amiss.is_empty(), "{:#?}", self.amiss);
    }
}

/// A manager of the first clinic and somebody of the second.
async fn two_clinics(world: &RunningFacts) -> (Actor, PersonId, PersonId) {
    let me = world.clerk("manager", &MANAGE, &[0]).await;
    let hidden = world.add("hidden", UserType::PT, &VIEW, &world.clinics[1..]).await;
    (world.actor("manager").await, me, hidden)
}

both_engines! {
    async fn an_attempt_on_somebody_out_of_sight_is_on_record_at_every_door(db) {
        let world = RunningFacts::new(&app(db), "one", 2).await;
        let (manager, me, hidden) = two_clinics(&world).await;
        let mut watch = Watch::on(&world).await;
        watch.person(&manager, hidden, me).await;
        watch.practice(&manager, world.clinics[1], true).await;
        watch.done();
        world.chain_is_whole().await;
    }

    async fn an_attempt_without_the_right_is_on_record_at_every_door(db) {
        let world = RunningFacts::new(&app(db), "one", 1).await;
        let clerk = world.clerk("clerk", &VIEW, &[0]).await;
        let seen = world.add("seen", UserType::PT, &VIEW, &world.clinics).await;
        let actor = world.actor("clerk").await;
        let mut watch = Watch::on(&world).await;
        watch.person(&actor, seen, clerk).await;
        // Whoever sees users asks for licenses too.
        watch.practice(&actor, world.clinics[0], false).await;
        let app = &world.app;
        let new = world.profile("new", UserType::PT, &[Permission::ViewPatients], &world.clinics);
        watch.tried("a new person", "person.created", app.add_person(&actor, new, None)).await;
        let csv = std::io::Cursor::new(b"first_name,last_name\nAda,Lund\n".to_vec());
        watch.tried("import", "people.imported", app.import_people(&actor, csv, ImportOptions::default(), |_| ())).await;
        let changes = ChangeSet::new([BulkChange::AddPermission(Permission::EditPatients)]).expect("one change");
        let everybody = Selection::Filter(muster_app::Filter::default());
        watch.tried("bulk", "bulk_update.done", app.bulk_update(&actor, &everybody, &changes, None)).await;
        watch.done();
    }

    async fn an_attempt_on_the_last_admins_is_on_record_at_every_door(db) {
        let cast = crate::last_admin_paths::Cast::on(db).await;
        let (world, machine) = (&cast.world, cast.world.machine());
        let student = world.add("student", UserType::SPT, &[Permission::ViewPatients], &world.clinics[..1]).await;
        let mut watch = Watch::on(world).await;
        for id in [cast.crown, cast.keeper] {
            watch.tried("status", "person.updated", world.patch(id, crate::world::status("inactive"))).await;
            let app = &world.app;
            watch.tried("leave", "person.offboarded", app.offboard(&machine, id, OffboardingKind::Leave, None, false)).await;
            let student_now = app.change_type(&machine, id, None, UserType::SPT);
            watch.tried("type", "emr_account.type_changed", student_now).await;
            watch.tried("merge", "people.merged", app.merge(&machine, student, id)).await;
        }
        watch.done();
    }
}
