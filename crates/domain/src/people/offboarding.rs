//! Off-boarding: for good or for a while, as one action with everything that belongs to it.

use serde::Serialize;

use super::{Change, Facts, Notice, Outcome, Profile, decide};
use crate::access::Authority;
use crate::credentials::may_supervise;
use crate::emr::{EmrPatch, InactiveReason, Status};
use crate::licenses::Group;
use crate::refusal::{Code, Refusal, Refusals};
use crate::sign_in::SignInStatus;

/// How someone leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OffboardingKind {
    /// For good.
    Departure,
    /// For a while; an ordinary activation brings the person back.
    Leave,
}

impl OffboardingKind {
    /// The code of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Departure => "departure",
            Self::Leave => "leave",
        }
    }

    /// The kind a code names.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Departure, Self::Leave].into_iter().find(|k| k.as_str() == text.trim())
    }

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Departure => "Left the practice",
            Self::Leave => "Went on leave",
        }
    }

    fn reason(self) -> InactiveReason {
        match self {
            Self::Departure => InactiveReason::Deactivated,
            Self::Leave => InactiveReason::OnLeave,
        }
    }
}

/// One line of the checklist: what will happen, or has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OffboardingStep {
    /// A stable code.
    pub step: &'static str,
    /// In words.
    pub text: String,
}

/// What leaving comes to.
#[derive(Clone, Debug)]
pub struct Offboarding {
    /// The profile afterward.
    pub outcome: Outcome,
    /// What happens, in order.
    pub steps: Vec<OffboardingStep>,
}

/// The change that takes a person out of use: every account becomes inactive. A person without accounts can no longer
/// sign in.
pub fn departure(before: &Profile) -> Change {
    let status = Status::Inactive.as_str().to_owned();
    let emr = before.emr.as_ref().map(|_| EmrPatch { status: Some(status), ..EmrPatch::default() });
    let sign_in_status = (!before.has_account()).then(|| SignInStatus::Closed.as_str().to_owned());
    Change { sign_in_status, emr, ..Change::default() }
}

/// Judges a departure or a leave. `supervisees` are those the actor may change, by name; they go to `successor`,
/// whom the actor may see.
///
/// # Errors
/// Every refusal at once, those of making the account inactive among them.
pub fn offboard(
    actor: &Authority,
    facts: &Facts,
    before: &Profile,
    kind: OffboardingKind,
    supervisees: &[String],
    successor: Option<&Profile>,
) -> Result<Offboarding, Refusals> {
    let mut refusals = Refusals::default();
    let judged = match decide(actor, facts, before, false, &departure(before)) {
        Ok(outcome) => Some(outcome),
        Err(Refusals(found)) => {
            for refusal in found {
                refusals.push(refusal);
            }
            None
        }
    };
    judge_successor(actor, before, supervisees, successor, &mut refusals);
    let left = match &before.emr {
        Some(account) => account.inactive_reason == Some(kind.reason()),
        None => before.sign_in == SignInStatus::Closed,
    };
    if left && supervisees.is_empty() {
        refusals.push(Refusal::whole(Code::NothingToChange));
    }
    refusals.into_result()?;
    let Some(mut outcome) = judged else { return Err(Refusal::whole(Code::NotFound).into()) };
    if let Some(account) = &mut outcome.profile.emr {
        account.inactive_reason = Some(kind.reason());
    }
    let steps = steps(kind, &outcome, supervisees, successor);
    Ok(Offboarding { outcome, steps })
}

/// What is added to the steps when the release of the license is asked for at once.
pub fn release_step(group: Group, clinic: &str) -> OffboardingStep {
    let text = format!("Support is asked to release one {} license of {clinic}.", group.as_str());
    OffboardingStep { step: "license_release", text }
}

/// The text of a step for readers who do not reach the whole practice, if it names clinics or people they may not know.
pub fn without_names(step: &str) -> Option<&'static str> {
    Some(match step {
        "license" => "The license stays with its clinic.",
        "supervisees" => "Those supervised were handed over.",
        "license_release" => "Support is asked to release the license.",
        _ => return None,
    })
}

fn judge_successor(
    actor: &Authority,
    before: &Profile,
    supervisees: &[String],
    successor: Option<&Profile>,
    refusals: &mut Refusals,
) {
    let field = "hand_supervisees_to";
    match successor {
        None if supervisees.is_empty() => {}
        None => refusals.push(Refusal::new(field, Code::SuperviseesNeedSupervisor)),
        Some(to) if !actor.may_see(to) => refusals.push(Refusal::new(field, Code::SupervisorUnknown)),
        Some(to) if to.person.id == before.person.id => refusals.push(Refusal::new(field, Code::SupervisorLeaving)),
        Some(to) if !may_supervise(to) => {
            refusals.push(Refusal::new(field, Code::SupervisorNotTherapist).about(&[&to.person.full_name]));
        }
        Some(_) => {}
    }
}

fn steps(
    kind: OffboardingKind,
    outcome: &Outcome,
    supervisees: &[String],
    successor: Option<&Profile>,
) -> Vec<OffboardingStep> {
    let mut steps = Vec::new();
    let mut add = |step, text: String| steps.push(OffboardingStep { step, text });
    let emr = match kind {
        OffboardingKind::Departure => "The EMR account becomes inactive; the profile and its history stay.",
        OffboardingKind::Leave => {
            "The EMR account becomes inactive, on leave. Making it active again brings the person back."
        }
    };
    if outcome.profile.emr.is_some() {
        add("emr_account", emr.to_owned());
    }
    add("access", "Every session, sign-in link and access token ends at once.".to_owned());
    for notice in &outcome.notices {
        if let Notice::LicenseStays(..) = notice {
            add("license", notice.sentence());
        }
    }
    if let (Some(to), false) = (successor, supervisees.is_empty()) {
        add("supervisees", format!("From now on {} supervises {}.", to.person.full_name, supervisees.join(", ")));
    }
    steps
}
