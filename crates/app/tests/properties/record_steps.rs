//! What happens on a day besides edits: clinics, settings, tokens, licenses, supervisors, exports, merges.

use muster_app::Filter;
use muster_app::bulk::{NewPreset, PresetContent};
use muster_app::images::made_up_signature;
use muster_domain::PersonId;
use muster_domain::bulk::BulkChange;
use muster_domain::credentials::ProfessionalLicensePatch;
use muster_domain::emr::{Permission, UserType};
use muster_domain::licenses::{Group, RequestDraft, RequestKind};
use muster_domain::organizations::{ClinicPatch, OrganizationPatch};

use crate::record_day::Day;
use crate::world::token;

impl Day {
    pub async fn clinics(&mut self) {
        let (actor, clinic) = (self.somebody_acts(), self.world.clinics[0]);
        if self.rng.one_in(3) {
            match self.world.app.add_clinic(&actor, &format!("New {}", self.n), None).await {
                Ok(added) => self.done(added.id.0, "clinic.created"),
                Err(error) => self.refused(&error, None, "clinic.created"),
            }
            return;
        }
        let before = self.world.app.clinic(&self.world.machine(), clinic).await.expect("a clinic");
        let mut patch = ClinicPatch { assistants_may_finish: Some(self.rng.one_in(2)), ..ClinicPatch::default() };
        if self.rng.one_in(3) {
            patch.status = Some("active".into());
        }
        match self.world.app.update_clinic(&actor, clinic, None, &patch).await {
            Ok(after) if after.assistants_may_finish != before.assistants_may_finish => {
                self.done(clinic.0, "clinic.updated");
            }
            Ok(_) => {}
            Err(error) => self.refused(&error, None, "clinic.updated"),
        }
    }

    pub async fn settings(&mut self) {
        let (actor, ours) = (self.somebody_acts(), self.world.organization);
        let minutes = 10 + i64::try_from(self.rng.roll(2)).expect("small");
        let before = self.world.app.organization(&self.world.machine()).await.expect("ours").idle_minutes;
        let patch = OrganizationPatch { idle_minutes: Some(minutes), ..OrganizationPatch::default() };
        match self.world.app.update_organization(&actor, ours, None, &patch).await {
            Ok(_) if before != minutes => self.done(ours.0, "organization.updated"),
            Ok(_) => {}
            Err(error) => self.refused(&error, None, "organization.updated"),
        }
    }

    pub async fn tokens(&mut self) {
        let at = 1 + self.rng.roll(2);
        let actor = self.actors[at].clone();
        let subject = actor.subject().expect("a person");
        let (made, _) = self.world.app.create_token(&actor, &token("Another"), None).await.expect("a token");
        self.done(subject, "token.created");
        if self.rng.one_in(2) {
            self.world.app.revoke_token(&actor, made.id).await.expect("revoked");
            self.done(subject, "token.revoked");
        }
    }

    pub async fn professional_licenses(&mut self) {
        let (actor, id) = (self.somebody_acts(), self.anybody());
        let number = Some(Some(format!("L {}", self.n)));
        let state = Some(Some("ME".into()));
        let license = ProfessionalLicensePatch { number, state, ..ProfessionalLicensePatch::default() };
        let there = self.world.app.professional_licenses(&self.world.machine(), id).await.expect("licenses");
        let further = there.iter().map(|l| l.position).filter(|p| *p > 0).max();
        let (action, outcome) = match (self.rng.roll(3), further) {
            (1, Some(at)) => (
                "professional_license.changed",
                self.world.app.change_professional_license(&actor, id, at, &license).await,
            ),
            (2, Some(at)) => {
                ("professional_license.removed", self.world.app.remove_professional_license(&actor, id, at).await)
            }
            _ => (
                "professional_license.added",
                self.world.app.add_professional_license(&actor, id, &license, None).await,
            ),
        };
        match outcome {
            // The first one stands in the profile as well.
            Ok(saved) if saved.position == 0 => {
                self.done(id.0, action);
                self.done(id.0, "person.updated");
            }
            Ok(_) => self.done(id.0, action),
            Err(error) => self.refused(&error, id.0, action),
        }
    }

    pub async fn license_pools(&mut self) {
        let (actor, clinic) = (self.somebody_acts(), self.world.clinics[0]);
        let total = 100 + i64::try_from(self.rng.roll(9)).expect("small");
        match self.world.app.set_license_total(&actor, clinic, Group::Student, total, "").await {
            Ok(_) => self.done(clinic.0, "license_pool.total_set"),
            Err(error) => self.refused(&error, None, "license_pool.total_set"),
        }
    }

    pub async fn license_requests(&mut self) {
        let [machine, manager, _] = self.actors.clone();
        let clinic = self.world.clinics[0];
        let app = self.world.app.clone();
        let wanted =
            RequestDraft { kind: RequestKind::Add, clinic, group: Group::Assistant, count: 1, note: "More".into() };
        let far = RequestDraft { clinic: self.world.clinics[1], ..wanted.clone() };
        match app.submit_license_request(&manager, &far, None).await {
            Ok(_) => panic!("a clinic out of reach"),
            Err(error) => self.refused(&error, far.clinic.0, "license_request.submitted"),
        }
        let asked = app.submit_license_request(&manager, &wanted, None).await.expect("asked").request.id;
        self.done(clinic.0, "license_request.submitted");
        let not_hers = app.process_license_request(&manager, asked, "").await.expect_err("support only");
        self.refused(&not_hers, clinic.0, "license_request.processed");
        match self.rng.roll(3) {
            0 => {
                app.process_license_request(&machine, asked, "").await.expect("processed");
                self.done(clinic.0, "license_request.processed");
            }
            1 => {
                app.reject_license_request(&machine, asked, "No").await.expect("rejected");
                self.done(clinic.0, "license_request.rejected");
            }
            _ => {
                app.withdraw_license_request(&manager, asked, "").await.expect("withdrawn");
                self.done(clinic.0, "license_request.withdrawn");
            }
        }
    }

    pub async fn a_supervisor(&mut self) {
        let (actor, mut id, mut other) = (self.somebody_acts(), self.anybody(), self.anybody());
        if self.rng.one_in(2) {
            // A student and a therapist as they began; most others cannot stand under each other.
            (id, other) = (self.people[2 * (1 + self.rng.roll(3))], self.people[2 * self.rng.roll(3) + 1]);
        }
        let chosen = (!self.rng.one_in(3)).then_some(other);
        let current = async |day: &Self| {
            let found = day.world.app.supervision(&day.world.machine(), id).await.expect("supervision");
            found.current().and_then(|s| s.supervisor.as_ref().map(|(id, _)| *id))
        };
        let before = current(self).await;
        match self.world.app.set_supervisor(&actor, id, chosen).await {
            Ok(()) if before != current(self).await => self.done(id.0, "supervisor.changed"),
            Ok(()) => assert_eq!(before, chosen, "nothing to change"),
            Err(error) => self.refused(&error, id.0, "supervisor.changed"),
        }
    }

    pub async fn a_link_or_sessions(&mut self) {
        let (actor, id) = (self.somebody_acts(), self.anybody());
        if self.rng.one_in(2) {
            match self.world.app.end_sessions(&actor, id.0, None).await {
                Ok(()) => self.done(id.0, "sessions.ended"),
                Err(error) => self.refused(&error, id.0, "sessions.ended"),
            }
            return;
        }
        match self.world.app.send_sign_in_link(&actor, id).await {
            Ok(sent) => self.done(id.0, if sent.invitation { "invitation.sent" } else { "password_reset.sent" }),
            Err(error) => self.refused(&error, id.0, "password_reset.sent"),
        }
    }

    pub async fn copied_access(&mut self) {
        let (actor, id, from) = (self.somebody_acts(), self.anybody(), self.anybody());
        let before = self.world.stored(id).await;
        match self.world.app.copy_access(&actor, id, None, &[from]).await {
            Ok(copied) if !copied.plan.is_empty() => {
                self.done(id.0, "emr_account.access_copied");
                self.profile_changed(id, &before).await;
            }
            Ok(_) => self.unchanged(id, &before).await,
            Err(error) => {
                self.unchanged(id, &before).await;
                self.refused(&error, id.0, "emr_account.access_copied");
            }
        }
    }

    pub async fn another_type(&mut self) {
        let (actor, id) = (self.somebody_acts(), self.anybody());
        let before = self.world.stored(id).await;
        let now = before.emr.as_ref().expect("an account").user_type;
        let to = if now == UserType::SOT { UserType::SPT } else { UserType::SOT };
        match self.world.app.change_type(&actor, id, None, to).await {
            Ok(_) => {
                self.done(id.0, "emr_account.type_changed");
                self.profile_changed(id, &before).await;
            }
            Err(error) => {
                self.unchanged(id, &before).await;
                self.refused(&error, id.0, "emr_account.type_changed");
            }
        }
    }

    pub async fn a_picture(&mut self) {
        let (actor, id) = (self.somebody_acts(), self.anybody());
        let (action, outcome) = if self.rng.one_in(2) {
            ("picture.set", self.world.app.set_picture(&actor, id, made_up_signature(), true).await.map(drop))
        } else {
            ("picture.removed", self.world.app.remove_picture(&actor, id).await)
        };
        match outcome {
            Ok(()) => self.done(id.0, action),
            Err(error) => self.refused(&error, id.0, action),
        }
    }

    pub async fn exports(&mut self) {
        let actor = self.somebody_acts();
        let asked = muster_app::audit::AuditQuery { limit: 1, ..Default::default() };
        let app = self.world.app.clone();
        app.export_audit(&actor, &asked, None).await.expect("everybody here sees users");
        self.done(None, "audit.exported");
        app.export_list(&actor, &Filter::default(), None).await.expect("everybody here sees users");
        self.done(None, "people.exported");
        let all = muster_app::credentials::WorklistQuery::default();
        app.export_credentials(&actor, &all, None).await.expect("everybody here sees users");
        self.done(None, "credentials.exported");
    }

    pub async fn presets_and_pairs(&mut self) {
        let actor = self.somebody_acts();
        let changes = vec![BulkChange::AddPermission(Permission::EditPatients)];
        let preset = NewPreset { name: format!("Set {}", self.n), content: PresetContent::Changes(changes) };
        match self.world.app.save_bulk_preset(&actor, &preset).await {
            Ok(saved) => {
                self.done(saved.preset_id, "bulk_preset.saved");
                self.world.app.remove_bulk_preset(&actor, saved.preset_id).await.expect("removed");
                self.done(saved.preset_id, "bulk_preset.removed");
            }
            Err(error) => self.refused(&error, None, "bulk_update.done"),
        }
        // Only by those who see everybody, or may not at all.
        let at = self.rng.roll(2) * 2;
        let (actor, one, other) = (self.actors[at].clone(), self.people[1], self.people[2]);
        match self.world.app.mark_distinct(&actor, one, other).await {
            Ok(()) => self.done(one.0, "person.someone_else"),
            Err(error) => self.refused(&error, None, "person.someone_else"),
        }
    }

    /// Two profiles that nobody else touches: what moves is known beforehand.
    pub async fn a_merge_and_back(&mut self) {
        let (machine, app) = (self.world.machine(), self.world.app.clone());
        let (first, second) = (self.world.clinics[0], self.world.clinics[1]);
        let mut pair = Vec::new();
        for (half, clinic) in [("a", first), ("b", second)] {
            let name = format!("m{}{half}", self.n);
            let id = self.world.add(&name, UserType::SOT, &[Permission::ViewPatients], &[clinic]).await;
            self.done(id.0, "person.created");
            pair.push(id.0);
        }
        let [kept, merged] = pair[..] else { unreachable!("two") };
        let manager = self.actors[1].clone();
        let error = app.merge(&manager, PersonId(kept), PersonId(merged)).await.expect_err("out of sight");
        self.refused(&error, kept, "people.merged");
        let merge = app.merge(&machine, PersonId(kept), PersonId(merged)).await.expect("merged").id;
        // A clinic, and then the other's name as a previous one; the other goes to sleep.
        for (about, action) in [
            (kept, "person.updated"),
            (kept, "person.updated"),
            (kept, "people.merged"),
            (merged, "person.updated"),
            (merged, "sessions.ended"),
            (merged, "people.merged"),
        ] {
            self.done(about, action);
        }
        if self.rng.one_in(2) {
            app.undo_merge(&machine, merge).await.expect("undone");
            for (about, action) in [
                (kept, "person.updated"),
                (kept, "person.updated"),
                (kept, "people.merge_undone"),
                (merged, "person.updated"),
                (merged, "people.merge_undone"),
            ] {
                self.done(about, action);
            }
        }
    }
}
