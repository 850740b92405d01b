//! Two profiles of one person become one: the kept profile receives what the other has, the other becomes inactive.
//! Within thirty days, and while nobody changed either, it can be undone.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use muster_domain::audit::{Action, changes};
use muster_domain::emr::{
    Change, EmrAccount, EmrPatch, LICENSE_PLACEHOLDER, License, Permission, Profile, UserType, decide, eligibility,
    may_reset_sign_in,
};
use muster_domain::people::{Person, PersonPatch, npi};
use muster_domain::text::unique_key;
use muster_domain::{ClinicId, Code, PersonId, Refusal, Refusals};
use muster_store::duplicates::{self, Merge};
use muster_store::people;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::people::save::Attempt;
use crate::people::view::seen;
use crate::people::{PersonView, Seen};
use crate::work::{About, Work};
use crate::{Actor, App, AppError, Result, Scope};

/// How long a merge can be undone.
const UNDO_DAYS: i64 = 30;
/// Merges listed.
const LISTED: i64 = 50;

/// One field that a merge changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The field of the contract.
    pub field: String,
    /// Now.
    pub before: Value,
    /// Then.
    pub after: Value,
}

/// What a merge would do.
#[derive(Clone, Debug)]
pub struct MergePreview {
    /// Who stays.
    pub kept: PersonView,
    /// Who becomes inactive.
    pub merged: PersonView,
    /// What the kept profile receives.
    pub moves: Vec<Moved>,
    /// Why it would be refused, if so.
    pub refused: Option<Refusals>,
}

/// Two profiles that were put together.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Identity, for undoing it.
    pub id: Uuid,
    /// Who stayed.
    pub kept: PersonView,
    /// Who became inactive.
    pub merged: PersonView,
    /// Who did it.
    pub by: String,
    /// When.
    pub at: Option<jiff::Timestamp>,
}

/// The change that makes a profile exactly this again.
fn restoring(profile: &Profile) -> Change {
    let person = &profile.person;
    let emr = profile.emr.as_ref().map(|e| EmrPatch {
        user_type: None,
        status: Some(e.status.as_str().to_owned()),
        default_clinic: Some(e.default_clinic),
        clinics: Some(e.clinics.clone()),
        permissions: Some(e.permissions.iter().map(|p| p.as_str().to_owned()).collect()),
        license_number: Some(e.license.number.clone()),
        license_state: Some(e.license.state.clone()),
        license_expires_on: Some(e.license.expires_on.map(|d| d.to_string())),
        finish_attested: e.finish_attestation.is_some(),
    });
    let person = PersonPatch {
        first_name: Some(person.first_name.clone()),
        last_name: Some(person.last_name.clone()),
        full_name: Some(person.full_name.clone()),
        previous_names: Some(person.previous_names.clone()),
        email: Some(person.email.clone()),
        phone: Some(person.phone.clone()),
        npi: Some(person.npi.clone()),
        username: Some(person.username.clone()),
    };
    Change { person, emr, password: None }
}

fn number_is_missing(number: Option<&str>, placeholder: &str) -> bool {
    number.is_none_or(|n| n == placeholder)
}

/// Clinics and permissions the kept profile receives. Those go first, so that the last admin of a clinic or practice
/// stays one.
fn access(kept: &EmrAccount, merged: &EmrAccount) -> Change {
    let clinics: BTreeSet<ClinicId> = kept.clinics.union(&merged.clinics).copied().collect();
    // An assistant's right to finish notes was confirmed for the profile it stands in.
    let fits = |p: &Permission| *p != Permission::FinishSoapNotes && eligibility(kept.user_type, *p).is_ok();
    let permissions =
        merged.permissions.iter().filter(fits).fold(kept.permissions, muster_domain::emr::PermissionSet::with);
    let emr = EmrPatch {
        clinics: Some(clinics),
        permissions: Some(permissions.iter().map(|p| p.as_str().to_owned()).collect()),
        ..EmrPatch::default()
    };
    Change { emr: Some(emr), ..Change::default() }
}

/// Names, how to reach the person and credentials the kept profile lacks and the other has.
fn identity(kept: &Profile, merged: &Profile) -> Change {
    let (mine, theirs) = (&kept.person, &merged.person);
    let missing =
        |mine: &Option<String>, theirs: &Option<String>| (mine.is_none() && theirs.is_some()).then(|| theirs.clone());
    let mut names = mine.previous_names.clone();
    for name in theirs.previous_names.iter().chain([&theirs.full_name]) {
        let known = names.iter().chain([&mine.full_name]).any(|n| unique_key(n) == unique_key(name));
        if !known && names.len() < 20 {
            names.push(name.clone());
        }
    }
    let takes_npi = number_is_missing(mine.npi.as_deref(), npi::PLACEHOLDER)
        && !number_is_missing(theirs.npi.as_deref(), npi::PLACEHOLDER)
        && kept.emr.as_ref().is_none_or(|e| e.user_type.credentials() != muster_domain::emr::Credentials::None);
    let person = PersonPatch {
        previous_names: (names != mine.previous_names).then_some(names),
        email: missing(&mine.email, &theirs.email),
        phone: missing(&mine.phone, &theirs.phone),
        npi: takes_npi.then(|| theirs.npi.clone()),
        ..PersonPatch::default()
    };
    let none = License::default();
    let license = |p: &Profile| p.emr.as_ref().map_or_else(License::default, |e| e.license.clone());
    let (mine, theirs) = (license(kept), license(merged));
    let takes_license = number_is_missing(mine.number.as_deref(), LICENSE_PLACEHOLDER)
        && !number_is_missing(theirs.number.as_deref(), LICENSE_PLACEHOLDER)
        && theirs != none
        && kept.emr.as_ref().is_some_and(|e| e.user_type.has_signature());
    let emr = takes_license.then(|| EmrPatch {
        license_number: Some(theirs.number.clone()),
        license_state: Some(theirs.state.clone()),
        license_expires_on: Some(theirs.expires_on.map(|d| d.to_string())),
        ..EmrPatch::default()
    });
    Change { person, emr, password: None }
}

/// The other profile goes out of use, and lets go of what can belong to one profile only.
fn leaving(merged: &Profile, taken: &Change) -> Change {
    let needs_npi = |kind: UserType| kind.credentials() == muster_domain::emr::Credentials::NpiAndLicense;
    let stand_in = merged.emr.as_ref().is_some_and(|e| needs_npi(e.user_type)).then(|| npi::PLACEHOLDER.to_owned());
    let person = PersonPatch {
        email: taken.person.email.is_some().then_some(None),
        npi: taken.person.npi.is_some().then_some(stand_in),
        ..PersonPatch::default()
    };
    let emr = merged.emr.as_ref().map(|_| EmrPatch { status: Some("inactive".to_owned()), ..EmrPatch::default() });
    Change { person, emr, password: None }
}

fn is_nothing(change: &Change) -> bool {
    change.person == PersonPatch::default() && change.emr.is_none()
}

fn parsed(snapshot: &Value, now: &Profile) -> Option<Profile> {
    let list = |v: &Value| -> Vec<String> {
        v.as_array().into_iter().flatten().filter_map(|n| n.as_str().map(str::to_owned)).collect()
    };
    let text = |name: &str| snapshot[name].as_str().map(str::to_owned);
    let person = Person {
        first_name: text("first_name")?,
        last_name: text("last_name")?,
        full_name: text("full_name")?,
        previous_names: list(&snapshot["previous_names"]),
        email: text("email"),
        phone: text("phone"),
        npi: text("npi"),
        username: text("username")?,
        ..now.person.clone()
    };
    let emr = match &now.emr {
        None => None,
        Some(account) => Some(EmrAccount {
            status: muster_domain::emr::Status::parse(snapshot["status"].as_str()?)?,
            default_clinic: snapshot["default_clinic_id"].as_str()?.parse().ok()?,
            clinics: list(&snapshot["clinic_ids"]).iter().filter_map(|c| c.parse().ok()).collect(),
            permissions: list(&snapshot["permissions"]).iter().filter_map(|p| Permission::parse(p)).collect(),
            license: License {
                number: text("license_number"),
                state: text("license_state"),
                expires_on: text("license_expires_on").and_then(|d| d.parse().ok()),
            },
            ..account.clone()
        }),
    };
    Some(Profile { person, emr })
}

impl App {
    /// Works out what putting two profiles together would do; changes nothing.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the actor may not see one of them.
    pub async fn preview_merge(&self, actor: &Actor, kept: PersonId, merged: PersonId) -> Result<MergePreview> {
        actor.require_scope(Scope::PeopleRead)?;
        // Tried out and dropped: the preview is what the merge does, and not a second opinion.
        let mut work = self.work(actor.organization()).await?;
        let (before, other) = (seen(&mut work.tx, actor, kept).await?, seen(&mut work.tx, actor, merged).await?);
        let refused = match self.put_together(&mut work, actor, &before.profile, &other.profile).await {
            Ok(()) => None,
            Err(Attempt::Failed(AppError::Refused(refusals))) => Some(refusals),
            Err(Attempt::Raced) => Some(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(Attempt::Failed(error)) => return Err(error),
        };
        let mut moves = Vec::new();
        if refused.is_none() {
            let after = people::find(&mut work.tx, work.organization, kept).await?.ok_or(AppError::NotFound)?;
            moves = moved(&changes(&before.profile.record(), &after.profile.record()));
        }
        let (kept, merged) = (PersonView::of(actor, before), PersonView::of(actor, other));
        Ok(MergePreview { kept, merged, moves, refused })
    }

    /// Puts two profiles together: `kept` receives, `merged` becomes inactive.
    ///
    /// # Errors
    /// [`AppError::Refused`] with everything in the way.
    pub async fn merge(&self, actor: &Actor, kept: PersonId, merged: PersonId) -> Result<Merged> {
        actor.require_scope(Scope::PeopleWrite)?;
        let mut about = About { id: Some(kept.0), name: String::new() };
        match self.try_merge(actor, kept, merged, &mut about).await {
            Ok(done) => Ok(done),
            Err(Attempt::Raced) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(Attempt::Failed(error)) => Err(self.recorded(actor, Action::PeopleMerged, about, error).await),
        }
    }

    async fn try_merge(
        &self,
        actor: &Actor,
        kept: PersonId,
        merged: PersonId,
        about: &mut About,
    ) -> std::result::Result<Merged, Attempt> {
        let mut work = self.work(actor.organization()).await?;
        let (before, other) = (seen(&mut work.tx, actor, kept).await?, seen(&mut work.tx, actor, merged).await?);
        about.name.clone_from(&before.profile.person.full_name);
        self.put_together(&mut work, actor, &before.profile, &other.profile).await?;
        let both = people::find_many(&mut work.tx, work.organization, &[kept, merged]).await?;
        let [mine, theirs] = &both[..] else { return Err(AppError::NotFound.into()) };
        let snapshot = json!({"kept": before.profile.record(), "merged": other.profile.record()}).to_string();
        let merge = Merge {
            id: self.new_id(),
            kept,
            merged,
            snapshot,
            kept_version: mine.version,
            merged_version: theirs.version,
            by: actor.name().to_owned(),
            at: Some(self.now()),
            undone_at: None,
        };
        duplicates::insert_merge(&mut work.tx, work.organization, &merge, self.now()).await?;
        let (name, gone) = (&before.profile.person.full_name, &other.profile.person.full_name);
        let detail = json!({"merge": merge.id, "merged": {"id": merged, "name": gone}});
        work.done(actor, Action::PeopleMerged, About::new(kept.0, name), &detail);
        let detail = json!({"merge": merge.id, "into": {"id": kept, "name": name}});
        work.done(actor, Action::PeopleMerged, About::new(merged.0, gone), &detail);
        let done = Merged {
            id: merge.id,
            kept: PersonView::of(actor, mine.clone()),
            merged: PersonView::of(actor, theirs.clone()),
            by: merge.by,
            at: merge.at,
        };
        work.commit().await?;
        Ok(done)
    }

    async fn put_together(
        &self,
        work: &mut Work,
        actor: &Actor,
        kept: &Profile,
        merged: &Profile,
    ) -> std::result::Result<(), Attempt> {
        if kept.person.id == merged.person.id {
            return Err(AppError::from(Refusal::whole(Code::MergeWithItself)).into());
        }
        for one in [kept, merged] {
            may_reset_sign_in(actor.authority(), one).map_err(AppError::from)?;
        }
        if let (Some(mine), Some(theirs)) = (&kept.emr, &merged.emr) {
            self.apply(work, actor, kept.person.id, &access(mine, theirs)).await?;
        }
        let taken = identity(kept, merged);
        self.apply(work, actor, merged.person.id, &leaving(merged, &taken)).await?;
        self.apply(work, actor, kept.person.id, &taken).await
    }

    async fn apply(
        &self,
        work: &mut Work,
        actor: &Actor,
        id: PersonId,
        change: &Change,
    ) -> std::result::Result<(), Attempt> {
        if is_nothing(change) {
            return Ok(());
        }
        let before = seen(&mut work.tx, actor, id).await?.profile;
        let world = Seen::load(&mut work.tx, actor, &before, change).await?;
        let outcome = decide(actor.authority(), &world.facts, &before, false, change).map_err(AppError::from)?;
        self.save_outcome(work, actor, &before, &outcome).await
    }

    /// Merges of the last thirty days that can be undone, newest first, both people within the actor's sight.
    pub async fn merges(&self, actor: &Actor) -> Result<Vec<Merged>> {
        actor.require_scope(Scope::PeopleRead)?;
        self.require_view_users(actor).await?;
        let since = self.now() - SignedDuration::from_hours(24 * UNDO_DAYS);
        let mut h = self.db.read().await?;
        let mut found = Vec::new();
        for merge in duplicates::merges_since(&mut h, actor.organization(), since, LISTED).await? {
            let both = people::find_many(&mut h, actor.organization(), &[merge.kept, merge.merged]).await?;
            if let [kept, merged] = &both[..]
                && both.iter().all(|s| actor.authority().may_see(&s.profile))
            {
                let (kept, merged) = (PersonView::of(actor, kept.clone()), PersonView::of(actor, merged.clone()));
                found.push(Merged { id: merge.id, kept, merged, by: merge.by, at: merge.at });
            }
        }
        Ok(found)
    }

    /// Takes a merge back: both profiles are again what they were.
    ///
    /// # Errors
    /// [`AppError::Refused`] after thirty days, or when either profile was changed since.
    pub async fn undo_merge(&self, actor: &Actor, id: Uuid) -> Result<Merged> {
        actor.require_scope(Scope::PeopleWrite)?;
        match self.try_undo(actor, id).await {
            Ok(done) => Ok(done),
            Err(Attempt::Raced) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(Attempt::Failed(error)) => {
                Err(self.recorded(actor, Action::MergeUndone, About::nothing(), error).await)
            }
        }
    }

    async fn try_undo(&self, actor: &Actor, id: Uuid) -> std::result::Result<Merged, Attempt> {
        let refused = |code| -> Attempt { AppError::from(Refusal::whole(code)).into() };
        let mut work = self.work(actor.organization()).await?;
        let merge = duplicates::find_merge(&mut work.tx, work.organization, id).await?.ok_or(AppError::NotFound)?;
        let kept = seen(&mut work.tx, actor, merge.kept).await?;
        let merged = seen(&mut work.tx, actor, merge.merged).await?;
        for one in [&kept, &merged] {
            may_reset_sign_in(actor.authority(), &one.profile).map_err(AppError::from)?;
        }
        if merge.undone_at.is_some() {
            return Err(refused(Code::MergeUndoneAlready));
        }
        if merge.at.is_none_or(|at| self.now().duration_since(at) > SignedDuration::from_hours(24 * UNDO_DAYS)) {
            return Err(refused(Code::MergeTooOld));
        }
        if kept.version != merge.kept_version || merged.version != merge.merged_version {
            return Err(refused(Code::ChangedSinceMerge));
        }
        let snapshot: Value = serde_json::from_str(&merge.snapshot).unwrap_or_default();
        let was = |name: &str, now: &Profile| {
            parsed(&snapshot[name], now).ok_or_else(|| AppError::Internal("a merge's snapshot cannot be read".into()))
        };
        let (kept_was, merged_was) = (was("kept", &kept.profile)?, was("merged", &merged.profile)?);
        // What only one profile can have goes back first; admins are admins again before anyone stops being one.
        let mut returned = restoring(&kept_was);
        returned.emr = None;
        self.apply(&mut work, actor, merge.kept, &returned).await?;
        self.apply(&mut work, actor, merge.merged, &restoring(&merged_was)).await?;
        self.apply(&mut work, actor, merge.kept, &restoring(&kept_was)).await?;
        duplicates::undo_merge(&mut work.tx, work.organization, id, self.now()).await?;
        let both = people::find_many(&mut work.tx, work.organization, &[merge.kept, merge.merged]).await?;
        let [mine, theirs] = &both[..] else { return Err(AppError::NotFound.into()) };
        for one in &both {
            let about = About::new(one.profile.person.id.0, &one.profile.person.full_name);
            work.done(actor, Action::MergeUndone, about, &json!({"merge": id}));
        }
        let done = Merged {
            id,
            kept: PersonView::of(actor, mine.clone()),
            merged: PersonView::of(actor, theirs.clone()),
            by: merge.by,
            at: merge.at,
        };
        work.commit().await?;
        Ok(done)
    }
}

fn moved(changes: &Map<String, Value>) -> Vec<Moved> {
    let one = |(field, change): (&String, &Value)| Moved {
        field: field.clone(),
        before: change["before"].clone(),
        after: change["after"].clone(),
    };
    changes.iter().map(one).collect()
}
