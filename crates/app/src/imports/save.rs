//! Writes many new people at once: the same rows and records as adding them one by one, with a fixed number of
//! statements.

use jiff::SignedDuration;
use muster_domain::OrganizationId;
use muster_domain::audit::{Action, changes};
use muster_domain::organizations::{Clinic, Organization};
use muster_domain::people::Profile;
use muster_domain::sign_in::{LINK_MINUTES_INVITATION, LinkPurpose, can_sign_in};
use muster_store::imports::NewLink;
use muster_store::people::{self, NewProfiles};
use muster_store::{imports, licenses, organizations};
use serde_json::{Map, Value, json};
use tokio::task::yield_now;

use super::run::Seats;
use crate::keys::fingerprint;
use crate::messages::Message;
use crate::people::SaveError;
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App};

/// So many records take about a millisecond.
const SIGNED_AT_ONCE: usize = 64;

/// New people, and what is written of them.
pub(crate) struct NewPeople {
    rows: NewProfiles,
    records: Vec<(AuditSubject, Map<String, Value>)>,
}

type SaveResult<T> = std::result::Result<T, SaveError>;

impl App {
    /// Adds clinics, each with its record.
    pub(crate) async fn save_new_clinics(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        clinics: &[Clinic],
    ) -> SaveResult<()> {
        if clinics.is_empty() {
            return Ok(());
        }
        organizations::insert_clinics(&mut work.tx, work.organization, clinics, self.now()).await?;
        for clinic in clinics {
            let about = AuditSubject::new(clinic.id.0, &clinic.name);
            work.audit_done(actor, Action::ClinicCreated, about, &json!({"name": clinic.name}));
        }
        Ok(())
    }

    /// What [`App::save_new_people`] saves; needs no database and may take its time.
    pub(crate) fn new_people(&self, organization: OrganizationId, profiles: &[Profile]) -> NewPeople {
        let nothing = Map::new();
        let record = |p: &Profile| {
            let changed = changes(&nothing, &p.record());
            (AuditSubject::new(p.person.id.0, &p.person.full_name), changed)
        };
        NewPeople {
            rows: NewProfiles::of(&self.db, organization, profiles, self.now()),
            records: profiles.iter().map(record).collect(),
        }
    }

    /// Adds people with the seats they take, each with their record.
    pub(crate) async fn save_new_people(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        people: NewPeople,
        seats: &Seats,
    ) -> SaveResult<()> {
        let seats: Vec<_> = seats.iter().map(|((clinic, group), count)| (*clinic, *group, *count)).collect();
        if !licenses::take_seats(&mut work.tx, work.organization, &seats, self.now()).await? {
            return Err(SaveError::Conflict);
        }
        let NewPeople { rows, records } = people;
        let organization = work.organization;
        let (tx, audit_buffer) = work.parts();
        // Signing is a tenth of the work. It is done while the database is busy, a few at a time, so that the database
        // hardly waits for it.
        let record = async {
            for (at, (about, changed)) in records.into_iter().enumerate() {
                if at % SIGNED_AT_ONCE == 0 {
                    yield_now().await;
                }
                audit_buffer.record_changed(actor, Action::PersonCreated, about, changed);
            }
        };
        let (inserted, ()) = tokio::join!(people::insert_made(tx, organization, rows), record);
        Ok(inserted?)
    }

    /// Invites everyone just added who can sign in; how many.
    pub(crate) async fn invite_many(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        profiles: &[Profile],
        organization: &Organization,
    ) -> SaveResult<u64> {
        let (mut links, mut messages) = (Vec::new(), Vec::new());
        let now = self.now();
        for profile in profiles.iter().filter(|p| can_sign_in(p)) {
            let person = &profile.person;
            let Some(to) = &person.email else { continue };
            let secret = self.new_secret();
            let url = self.link_url(LinkPurpose::Invitation, &secret);
            let message = Message::invitation(&person.full_name, &person.username, &organization.name, &url);
            let expires_at = now + SignedDuration::from_mins(LINK_MINUTES_INVITATION);
            links.push(NewLink { token_hash: fingerprint(&secret), person: person.id, expires_at });
            messages.push(self.email_job(to, &message)?);
            work.audit_done(
                actor,
                Action::InvitationSent,
                AuditSubject::new(person.id.0, &person.full_name),
                &json!({"to": to}),
            );
        }
        imports::insert_invitations(&mut work.tx, work.organization, &links).await?;
        self.enqueue(work, &messages).await?;
        Ok(links.len() as u64)
    }
}
