//! Two profiles of one person become one: what the kept profile receives, and what the other lets go of.

use std::collections::BTreeSet;

use super::{Change, PersonPatch, Profile, departure, npi};
use crate::credentials::{FIRST_LICENSE, MOST_LICENSES, ProfessionalLicense, needs_supervisor};
use crate::emr::{
    Credentials, EmrAccount, EmrPatch, LICENSE_PLACEHOLDER, Permission, PermissionSet, PrimaryLicense, UserType,
    eligibility,
};
use crate::ids::{ClinicId, PersonId};
use crate::licenses::Group;
use crate::refusal::{Code, Refusal, Refusals};
use crate::text::unique_key;

/// One of the two, with everything that may move.
#[derive(Clone, Debug)]
pub struct MergeSide {
    /// Person and account.
    pub profile: Profile,
    /// All professional licenses, by place.
    pub licenses: Vec<ProfessionalLicense>,
    /// There is a picture.
    pub picture: bool,
    /// There is a signature.
    pub signature: bool,
    /// Who supervises this person now.
    pub supervisor: Option<PersonId>,
    /// Supervises somebody now.
    pub supervises: bool,
}

/// A license that comes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfessionalLicenseMove {
    /// Its place in the other profile's list.
    pub from: i64,
    /// As it will stand in the kept profile's list.
    pub license: ProfessionalLicense,
    /// The other profile keeps it too: a type that needs a license keeps its first one.
    pub stays: bool,
}

/// Everything a merge does. The changes are judged like any other, in this order: `access`, `leaving`, `identity`.
#[derive(Clone, Debug)]
pub struct MergePlan {
    /// Clinics and permissions the kept profile receives. First, so that the last admin of a clinic or practice stays
    /// one.
    pub access: Change,
    /// The other profile goes out of use, and lets go of what can belong to one profile only.
    pub leaving: Change,
    /// Names, how to reach the person and credentials the kept profile lacks and the other has.
    pub identity: Change,
    /// Licenses the kept profile lacks and the other has.
    pub licenses: Vec<ProfessionalLicenseMove>,
    /// The picture comes over.
    pub picture: bool,
    /// The signature comes over.
    pub signature: bool,
    /// Who supervises the kept profile from now on; none when nothing changes.
    pub supervisor: Option<PersonId>,
}

/// Works out a merge.
///
/// # Errors
/// Every reason why these two cannot be put together this way round.
pub fn merge(kept: &MergeSide, merged: &MergeSide) -> Result<MergePlan, Refusals> {
    let mut refusals = Refusals::default();
    if kept.profile.person.id == merged.profile.person.id {
        return Err(Refusal::whole(Code::MergeWithItself).into());
    }
    if kept.profile.emr.is_none() && merged.profile.emr.is_some() {
        refusals.push(Refusal::whole(Code::MergeKeepsAccount).about(&[&merged.profile.person.full_name]));
    }
    let identity = identity(&kept.profile, &merged.profile);
    if merged.supervises && !will_supervise(&kept.profile, &merged.profile) {
        refusals.push(Refusal::whole(Code::SupervisorNotTherapist).about(&[&kept.profile.person.full_name]));
    }
    let licenses = licenses(kept, merged, identity.emr.as_ref().is_some_and(|e| e.license_number.is_some()));
    let more = licenses.iter().filter(|l| !kept.licenses.iter().any(|k| k.position == l.license.position)).count();
    if kept.licenses.len() + more > MOST_LICENSES {
        refusals.push(Refusal::whole(Code::TooManyLicenses));
    }
    refusals.into_result()?;
    let left = without_finish(&merged.profile);
    let kept_signs = kept.profile.emr.as_ref().is_some_and(|e| e.user_type.has_signature());
    // Who finishes notes with it may not lose it, unless that right can be given up.
    let signature = merged.signature && !kept.signature && kept_signs && left.is_none_or(|p| !p.is_empty());
    let supervised = kept.profile.emr.as_ref().is_some_and(needs_supervisor) && kept.supervisor.is_none();
    Ok(MergePlan {
        access: access(kept.profile.emr.as_ref(), merged.profile.emr.as_ref()),
        leaving: leaving(&merged.profile, &identity, left.filter(|_| signature)),
        licenses,
        picture: merged.picture && !kept.picture,
        signature,
        supervisor: merged.supervisor.filter(|s| supervised && *s != kept.profile.person.id),
        identity,
    })
}

/// The kept profile is an active therapist afterward: it becomes active when the other is.
fn will_supervise(kept: &Profile, merged: &Profile) -> bool {
    let active = |p: &Profile| p.emr.as_ref().is_some_and(EmrAccount::is_active);
    kept.emr.as_ref().is_some_and(|e| e.user_type.group() == Group::Therapist) && (active(kept) || active(merged))
}

/// What an assistant who finishes notes may do without that; none for everyone else.
fn without_finish(profile: &Profile) -> Option<PermissionSet> {
    let account = profile.emr.as_ref().filter(|e| e.user_type.group() == Group::Assistant)?;
    let finishes = account.permissions.contains(Permission::FinishSoapNotes);
    finishes.then(|| account.permissions.without(Permission::FinishSoapNotes))
}

fn codes(permissions: PermissionSet) -> Vec<String> {
    permissions.iter().map(|p| p.as_str().to_owned()).collect()
}

fn access(kept: Option<&EmrAccount>, merged: Option<&EmrAccount>) -> Change {
    let (Some(kept), Some(merged)) = (kept, merged) else { return Change::default() };
    let clinics: BTreeSet<ClinicId> = kept.clinics.union(&merged.clinics).copied().collect();
    // An assistant's right to finish notes was confirmed for the profile it stands in.
    let fits = |p: &Permission| *p != Permission::FinishSoapNotes && eligibility(kept.user_type, *p).is_ok();
    let permissions = merged.permissions.iter().filter(fits).fold(kept.permissions, PermissionSet::with);
    let emr = EmrPatch { clinics: Some(clinics), permissions: Some(codes(permissions)), ..EmrPatch::default() };
    Change { emr: Some(emr), ..Change::default() }
}

fn is_missing(number: Option<&str>, placeholder: &str) -> bool {
    number.is_none_or(|n| n == placeholder)
}

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
    let takes_npi = is_missing(mine.npi.as_deref(), npi::PLACEHOLDER)
        && !is_missing(theirs.npi.as_deref(), npi::PLACEHOLDER)
        && kept.emr.as_ref().is_none_or(|e| e.user_type.credentials() != Credentials::None);
    let person = PersonPatch {
        previous_names: (names != mine.previous_names).then_some(names),
        email: missing(&mine.email, &theirs.email),
        phone: missing(&mine.phone, &theirs.phone),
        npi: takes_npi.then(|| theirs.npi.clone()),
        ..PersonPatch::default()
    };
    let Some(account) = &kept.emr else { return Change { person, ..Change::default() } };
    let license = merged.emr.as_ref().map_or_else(PrimaryLicense::default, |e| e.license.clone());
    let takes_license = is_missing(account.license.number.as_deref(), LICENSE_PLACEHOLDER)
        && !is_missing(license.number.as_deref(), LICENSE_PLACEHOLDER)
        && account.user_type.has_signature();
    // A person who works here under the other profile continues to work here.
    let wakes = !account.is_active() && merged.emr.as_ref().is_some_and(EmrAccount::is_active);
    let mut emr = EmrPatch { status: wakes.then(|| "active".to_owned()), ..EmrPatch::default() };
    if takes_license {
        emr.license_number = Some(license.number);
        emr.license_state = Some(license.state);
        emr.license_expires_on = Some(license.expires_on.map(|d| d.to_string()));
    }
    Change { person, emr: (emr != EmrPatch::default()).then_some(emr), ..Change::default() }
}

fn leaving(merged: &Profile, taken: &Change, permissions: Option<PermissionSet>) -> Change {
    let needs_npi = |kind: UserType| kind.credentials() == Credentials::NpiAndLicense;
    let stand_in = merged.emr.as_ref().is_some_and(|e| needs_npi(e.user_type)).then(|| npi::PLACEHOLDER.to_owned());
    let person = PersonPatch {
        email: taken.person.email.is_some().then_some(None),
        npi: taken.person.npi.is_some().then_some(stand_in),
        ..PersonPatch::default()
    };
    let Change { sign_in_status, emr, .. } = departure(merged);
    let emr = emr.map(|emr| EmrPatch { permissions: permissions.map(codes), ..emr });
    Change { person, sign_in_status, emr, ..Change::default() }
}

/// The same number in the same state, however it is written.
fn is_same(a: &ProfessionalLicense, b: &ProfessionalLicense) -> bool {
    let plain = |l: &ProfessionalLicense| -> Option<String> {
        let number = l.number.as_deref()?;
        Some(number.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect())
    };
    plain(a) == plain(b) && a.state == b.state
}

fn licenses(kept: &MergeSide, merged: &MergeSide, takes_first: bool) -> Vec<ProfessionalLicenseMove> {
    let none = |e: &EmrAccount| e.user_type.credentials() == Credentials::None;
    if kept.profile.emr.as_ref().is_none_or(none) {
        return Vec::new();
    }
    let mut next = kept.licenses.iter().map(|l| l.position).max().unwrap_or(FIRST_LICENSE) + 1;
    let mut moves: Vec<ProfessionalLicenseMove> = Vec::new();
    for theirs in &merged.licenses {
        let first = theirs.position == FIRST_LICENSE;
        // The placeholder of a first place says that something is missing, not that there is a license.
        if first && is_missing(theirs.number.as_deref(), LICENSE_PLACEHOLDER) {
            continue;
        }
        let position = if first && takes_first { FIRST_LICENSE } else { next };
        // What stands in for the number at the first place gives way.
        let known = kept.licenses.iter().filter(|l| !(takes_first && l.position == FIRST_LICENSE));
        if known.chain(moves.iter().map(|m| &m.license)).any(|l| is_same(l, theirs)) {
            continue;
        }
        next += i64::from(position != FIRST_LICENSE);
        let license = ProfessionalLicense { position, ..theirs.clone() };
        moves.push(ProfessionalLicenseMove { from: theirs.position, license, stays: first });
    }
    moves
}
