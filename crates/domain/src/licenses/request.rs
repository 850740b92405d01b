//! Asking support for more licenses, or to release some: who may ask for what, and how a request ends.

use super::{Group, LARGEST_TOTAL, check_note};
use crate::access::Authority;
use crate::emr::Permission;
use crate::ids::{ClinicId, PersonId};
use crate::organizations::Clinic;
use crate::refusal::{Code, Refusal, Refusals};
use serde::{Deserialize, Serialize};

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// More licenses.
    Add,
    /// Fewer licenses, and a smaller bill.
    Release,
}

impl RequestKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Add, Self::Release];

    /// The code of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Release => "release",
        }
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Release => "Release",
        }
    }

    /// The kind a code names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text.trim())
    }

    /// What `count` licenses of this kind do to a total.
    pub fn effect(self, count: i64) -> i64 {
        match self {
            Self::Add => count,
            Self::Release => -count,
        }
    }
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Waits for support.
    Submitted,
    /// Done: the total was changed.
    Processed,
    /// Support said no.
    Rejected,
    /// Taken back by the practice.
    Withdrawn,
}

impl RequestState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Submitted, Self::Processed, Self::Rejected, Self::Withdrawn];

    /// The code of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Processed => "processed",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Submitted => "Submitted",
            Self::Processed => "Processed",
            Self::Rejected => "Rejected",
            Self::Withdrawn => "Withdrawn",
        }
    }

    /// The state a code names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text.trim())
    }

    /// Goes on to how it ends. A request ends once.
    ///
    /// # Errors
    /// [`Code::RequestEnded`] with how it had ended.
    pub fn end(self, how: RequestResolution) -> Result<Self, Refusal> {
        if self == Self::Submitted {
            Ok(how.into())
        } else {
            Err(Refusal::whole(Code::RequestEnded).about(&[self.as_str()]))
        }
    }
}

/// The ways a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestResolution {
    /// The total was changed.
    Processed,
    /// Support said no.
    Rejected,
    /// The practice took it back.
    Withdrawn,
}

impl From<RequestResolution> for RequestState {
    fn from(how: RequestResolution) -> Self {
        match how {
            RequestResolution::Processed => Self::Processed,
            RequestResolution::Rejected => Self::Rejected,
            RequestResolution::Withdrawn => Self::Withdrawn,
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestDraft {
    /// More or fewer.
    pub kind: RequestKind,
    /// Which pool.
    pub clinic: ClinicId,
    /// Which pool.
    pub group: Group,
    /// How many.
    pub count: i64,
    /// A note; the reason of a release.
    pub note: String,
}

/// What the judge of a request has to know of its pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolFacts {
    /// What is paid for; none = unlimited.
    pub total: Option<i64>,
    /// Held by active people.
    pub assigned: i64,
    /// Requests that wait for support.
    pub open: i64,
    /// Licenses they would add.
    pub open_adds: i64,
    /// Licenses they would release.
    pub open_releases: i64,
}

impl PoolFacts {
    /// How many may be asked to be released: free, and not asked for already.
    pub fn releasable(&self) -> i64 {
        self.total.map_or(0, |t| (t - self.assigned - self.open_releases).max(0))
    }
}

impl PoolFacts {
    /// A notice for the requester: that other requests are open.
    pub fn notice(&self) -> Option<String> {
        let so_far = match (self.open, self.open_adds, self.open_releases) {
            (0, _, _) => return None,
            (_, adds, 0) => format!("to add {adds}"),
            (_, 0, releases) => format!("to release {releases}"),
            (_, adds, releases) => format!("to add {adds} and to release {releases}"),
        };
        let many = if self.open == 1 {
            "Another request is open".to_owned()
        } else {
            format!("{} requests are open", self.open)
        };
        Some(format!("{many} for this pool, {so_far}. Ask only for what comes on top of that."))
    }
}

/// Whether the actor may ask for licenses of some clinic at all.
///
/// # Errors
/// [`Code::RequestsNotAllowed`].
pub fn may_ask(actor: &Authority) -> Result<(), Refusal> {
    let enough = [Permission::ViewUsers, Permission::ClinicAdmin, Permission::CompanyAdmin];
    if enough.into_iter().any(|p| actor.emr().permissions().contains(p)) {
        Ok(())
    } else {
        Err(Refusal::whole(Code::RequestsNotAllowed))
    }
}

/// Judges a request. `clinic` is none when the practice has no such clinic.
///
/// # Errors
/// Every refusal at once.
pub fn submit(
    actor: &Authority,
    clinic: Option<&Clinic>,
    pool: &PoolFacts,
    wanted: &RequestDraft,
) -> Result<(), Refusals> {
    may_ask(actor)?;
    let Some(clinic) = clinic.filter(|c| actor.emr().reaches(c.id)) else {
        return Err(Refusal::new("clinic_id", Code::ClinicOutsideYourAccess).about(&["that clinic"]).into());
    };
    let mut refusals = Refusals::default();
    if let Err(refusal) = check_note(&wanted.note) {
        refusals.push(refusal);
    }
    if wanted.kind == RequestKind::Release && wanted.note.trim().is_empty() {
        refusals.push(Refusal::new("note", Code::Required).about(&["The reason of a release"]));
    }
    let in_range = (1..=LARGEST_TOTAL).contains(&wanted.count);
    if !in_range {
        refusals.push(Refusal::new("count", Code::NumberOutOfRange).about(&["Ask for 1 to 1,000,000 licenses"]));
    }
    if wanted.group == Group::Clerical {
        refusals.push(Refusal::new("group", Code::PoolAlwaysUnlimited));
        return Err(refusals);
    }
    let Some(total) = pool.total else {
        refusals.push(Refusal::new("group", Code::PoolUnlimited).about(&[wanted.group.as_str(), &clinic.name]));
        return Err(refusals);
    };
    match wanted.kind {
        RequestKind::Add if !clinic.is_active() => {
            refusals.push(Refusal::new("clinic_id", Code::ClinicInactive).about(&[&clinic.name]));
        }
        RequestKind::Add if in_range && total + pool.open_adds + wanted.count > LARGEST_TOTAL => {
            refusals.push(Refusal::new("count", Code::NumberOutOfRange).about(&["A total is between 0 and 1,000,000"]));
        }
        RequestKind::Release if in_range && wanted.count > pool.releasable() => {
            let most = pool.releasable().to_string();
            refusals.push(Refusal::new("count", Code::ReleaseExceedsAvailable).about(&[most]));
        }
        _ => {}
    }
    refusals.into_result()
}

/// Whether the actor may take a request back: who asked, and company admins.
///
/// # Errors
/// [`Code::RequestNotYours`].
pub fn may_withdraw(actor: &Authority, requester: Option<PersonId>) -> Result<(), Refusal> {
    let own = requester.is_some_and(|id| actor.is_self(id));
    if own || actor.emr().permissions().contains(Permission::CompanyAdmin) {
        Ok(())
    } else {
        Err(Refusal::whole(Code::RequestNotYours))
    }
}

/// The total once a request is processed. What is free now counts, not what was free when it was made.
///
/// # Errors
/// Why it cannot be processed.
pub fn process(
    state: RequestState,
    kind: RequestKind,
    count: i64,
    total: Option<i64>,
    assigned: i64,
    group: Group,
    clinic: &str,
) -> Result<i64, Refusal> {
    state.end(RequestResolution::Processed)?;
    let Some(total) = total else {
        return Err(Refusal::whole(Code::PoolUnlimited).about(&[group.as_str(), clinic]));
    };
    let after = total + kind.effect(count);
    if kind == RequestKind::Release && after < assigned {
        let free = (total - assigned).max(0).to_string();
        return Err(Refusal::whole(Code::ReleaseTakenMeanwhile).about(&[free, count.to_string()]));
    }
    if after > LARGEST_TOTAL {
        return Err(Refusal::whole(Code::NumberOutOfRange).about(&["A total is between 0 and 1,000,000"]));
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::access::ActorKind;
    use crate::emr::{Status, UserType};

    use crate::fixtures::{HOME, ProfileBuilder, clinic_id, person_id};

    fn clinic() -> Clinic {
        Clinic::new(clinic_id(7), "Saco")
    }

    fn holder(permission: Permission, at: ClinicId) -> Authority {
        let builder = ProfileBuilder::new(3, UserType::Clerical).clinics(&[at]);
        Authority::of(&builder.permissions(&[permission]).build())
    }

    fn wanted(kind: RequestKind, count: i64) -> RequestDraft {
        RequestDraft { kind, clinic: clinic().id, group: Group::Therapist, count, note: "Two left".into() }
    }

    fn pool() -> PoolFacts {
        PoolFacts { total: Some(10), assigned: 7, open: 1, open_adds: 0, open_releases: 1 }
    }

    fn codes(judged: Result<(), Refusals>) -> Vec<(Option<&'static str>, Code)> {
        judged.err().map(|r| r.0.iter().map(|r| (r.field, r.code)).collect()).unwrap_or_default()
    }

    #[test]
    fn whoever_sees_users_or_administers_may_ask_and_nobody_else() {
        let here = clinic().id;
        for permission in Permission::ALL {
            let may = matches!(permission, Permission::ViewUsers | Permission::ClinicAdmin | Permission::CompanyAdmin);
            // People who edit users see them too.
            let may = may || holder(permission, here).emr().permissions().contains(Permission::ViewUsers);
            let judged = submit(&holder(permission, here), Some(&clinic()), &pool(), &wanted(RequestKind::Add, 1));
            assert_eq!(judged.is_ok(), may, "{permission:?}");
        }
        let elsewhere = holder(Permission::ViewUsers, ClinicId(Uuid::from_u128(8)));
        let expected = vec![(Some("clinic_id"), Code::ClinicOutsideYourAccess)];
        assert_eq!(codes(submit(&elsewhere, Some(&clinic()), &pool(), &wanted(RequestKind::Add, 1))), expected);
        assert_eq!(codes(submit(&elsewhere, None, &pool(), &wanted(RequestKind::Add, 1))), expected);
    }

    #[test]
    fn no_more_is_released_than_is_free_and_not_asked_for_already() {
        let actor = Authority::operator(ActorKind::Support, HOME);
        let judge = |w: &RequestDraft, p: &PoolFacts| codes(submit(&actor, Some(&clinic()), p, w));
        assert_eq!(pool().releasable(), 2);
        assert!(judge(&wanted(RequestKind::Release, 2), &pool()).is_empty());
        assert_eq!(judge(&wanted(RequestKind::Release, 3), &pool()), [(Some("count"), Code::ReleaseExceedsAvailable)]);
        let silent = RequestDraft { note: " ".into(), ..wanted(RequestKind::Release, 0) };
        let both = [(Some("note"), Code::Required), (Some("count"), Code::NumberOutOfRange)];
        assert_eq!(judge(&silent, &pool())[..2], both);
        assert!(judge(&RequestDraft { note: String::new(), ..wanted(RequestKind::Add, 1) }, &pool()).is_empty());
        let unlimited = PoolFacts { total: None, ..pool() };
        for kind in RequestKind::ALL {
            assert_eq!(judge(&wanted(kind, 1), &unlimited), [(Some("group"), Code::PoolUnlimited)]);
            let clerical = RequestDraft { group: Group::Clerical, ..wanted(kind, 1) };
            assert_eq!(judge(&clerical, &unlimited), [(Some("group"), Code::PoolAlwaysUnlimited)]);
        }
        let closed = Clinic { status: Status::Inactive, ..clinic() };
        assert_eq!(
            codes(submit(&actor, Some(&closed), &pool(), &wanted(RequestKind::Add, 1))),
            [(Some("clinic_id"), Code::ClinicInactive)]
        );
        assert!(submit(&actor, Some(&closed), &pool(), &wanted(RequestKind::Release, 1)).is_ok());
        assert_eq!(judge(&wanted(RequestKind::Add, LARGEST_TOTAL), &pool()), [(Some("count"), Code::NumberOutOfRange)]);
    }

    #[test]
    fn processing_takes_effect_once_and_only_with_what_is_free_now() {
        let process = |state, kind, count, total, assigned| {
            process(state, kind, count, total, assigned, Group::Student, "Saco").map_err(|r| r.code)
        };
        assert_eq!(process(RequestState::Submitted, RequestKind::Add, 3, Some(4), 4), Ok(7));
        assert_eq!(process(RequestState::Submitted, RequestKind::Release, 3, Some(4), 1), Ok(1));
        assert_eq!(
            process(RequestState::Submitted, RequestKind::Release, 3, Some(4), 2),
            Err(Code::ReleaseTakenMeanwhile)
        );
        assert_eq!(process(RequestState::Submitted, RequestKind::Add, 3, None, 2), Err(Code::PoolUnlimited));
        assert_eq!(
            process(RequestState::Submitted, RequestKind::Add, 9, Some(LARGEST_TOTAL), 2),
            Err(Code::NumberOutOfRange)
        );
        for state in [RequestState::Processed, RequestState::Rejected, RequestState::Withdrawn] {
            assert_eq!(process(state, RequestKind::Add, 3, Some(4), 4), Err(Code::RequestEnded));
            for how in [RequestResolution::Processed, RequestResolution::Rejected, RequestResolution::Withdrawn] {
                assert!(state.end(how).is_err());
                assert_eq!(RequestState::Submitted.end(how), Ok(how.into()));
            }
        }
    }

    #[test]
    fn who_asked_and_company_admins_may_take_it_back() {
        let here = clinic().id;
        let own = Some(person_id(3));
        assert!(may_withdraw(&holder(Permission::ViewUsers, here), own).is_ok());
        assert!(may_withdraw(&holder(Permission::ViewUsers, here), None).is_err());
        assert!(may_withdraw(&holder(Permission::CompanyAdmin, here), None).is_ok());
        assert!(may_withdraw(&holder(Permission::ClinicAdmin, here), Some(person_id(4))).is_err());
    }
}
