//! What moves besides the fields of a profile: licenses, images and supervisions. Undoing takes back exactly
//! what is written down here.

use muster_domain::audit::Action;
use muster_domain::credentials::{FIRST_LICENSE, ProfessionalLicense};
use muster_domain::people::{MergePlan, MergeSide};
use muster_domain::{Code, PersonId, Refusal};
use muster_store::credentials::{self, Assignment, HandOver};
use muster_store::images::{self, ImageKind};
use muster_store::merges::Merge;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::people::save::SaveError;
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Result};

/// A license that came over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LicenseTransfer {
    from: i64,
    to: i64,
    /// The other profile kept it too.
    stays: bool,
}

/// A supervision that was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SupervisionTransfer {
    /// Whose supervisor it is about.
    person: Uuid,
    ended: Option<Uuid>,
    begun: Option<Uuid>,
}

/// Everything that was handed over, and how it stood afterward.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TransferredAssets {
    pub licenses: Vec<LicenseTransfer>,
    /// The kept profile's list, and the other's.
    pub kept_licenses: Vec<ProfessionalLicense>,
    merged_licenses: Vec<ProfessionalLicense>,
    /// The files, by their hash.
    pub picture: Option<Vec<u8>>,
    pub signature: Option<Vec<u8>>,
    /// The supervisor of the kept profile now.
    pub supervisor: Option<PersonId>,
    supervisions: Vec<SupervisionTransfer>,
}

impl TransferredAssets {
    /// The supervisees the kept profile gets.
    pub fn supervisees(&self) -> impl Iterator<Item = PersonId> {
        self.supervisions.iter().filter(|s| s.ended.is_some() && s.begun.is_some()).map(|s| PersonId(s.person))
    }

    /// The kept profile's first license is the other's.
    pub fn moves_first_license(&self) -> bool {
        self.licenses.iter().any(|l| l.to == FIRST_LICENSE)
    }

    /// As the audit tells it.
    pub fn recorded(&self) -> Map<String, Value> {
        let mut detail = Map::new();
        let came = |l: &&ProfessionalLicense| self.licenses.iter().any(|m| m.to == l.position);
        let licenses: Vec<&ProfessionalLicense> = self.kept_licenses.iter().filter(came).collect();
        if !licenses.is_empty() {
            detail.insert("licenses".to_owned(), json!(licenses));
        }
        for (name, hash) in [("picture", &self.picture), ("signature", &self.signature)] {
            if hash.is_some() {
                detail.insert(name.to_owned(), json!(true));
            }
        }
        detail
    }
}

async fn listed(work: &mut UnitOfWork, id: PersonId) -> Result<Vec<ProfessionalLicense>> {
    let found = credentials::professional_licenses(&mut work.tx, work.organization, &[id]).await?;
    Ok(found.into_values().next().unwrap_or_default())
}

impl App {
    /// Moves what the plan says, after the profiles were saved.
    pub(super) async fn hand_over(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        kept: &MergeSide,
        merged: &MergeSide,
        plan: MergePlan,
    ) -> std::result::Result<TransferredAssets, SaveError> {
        let (mine, theirs) = (kept.profile.person.id, merged.profile.person.id);
        let organization = work.organization;
        let mut places = Vec::new();
        for one in &plan.licenses {
            if one.stays {
                let from = (theirs, one.from);
                credentials::copy_professional_license(&mut work.tx, organization, from, mine, &one.license).await?;
            } else {
                places.push((one.from, one.license.position));
            }
        }
        credentials::move_professional_licenses(&mut work.tx, organization, theirs, mine, &places).await?;
        let mut handed = TransferredAssets { supervisor: plan.supervisor, ..TransferredAssets::default() };
        for (wanted, kind, hash) in [
            (plan.picture, ImageKind::Picture, &mut handed.picture),
            (plan.signature, ImageKind::Signature, &mut handed.signature),
        ] {
            if wanted {
                images::give(&mut work.tx, organization, kind, theirs, mine).await?;
                *hash = images::hash(&mut work.tx, organization, mine, kind).await?;
            }
        }
        handed.licenses = plan
            .licenses
            .iter()
            .map(|l| LicenseTransfer { from: l.from, to: l.license.position, stays: l.stays })
            .collect();
        handed.kept_licenses = listed(work, mine).await?;
        handed.merged_licenses = listed(work, theirs).await?;
        handed.supervisions = self.hand_over_supervision(work, actor, mine, theirs, plan.supervisor).await?;
        Ok(handed)
    }

    /// The supervised follow the human being, those out of the actor's sight too: under an inactive profile they
    /// would have no supervisor at all.
    async fn hand_over_supervision(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        kept: PersonId,
        merged: PersonId,
        supervisor: Option<PersonId>,
    ) -> Result<Vec<SupervisionTransfer>> {
        let present = credentials::present_supervisions(&mut work.tx, work.organization, merged).await?;
        let ended: Vec<Uuid> = present.iter().map(|a| a.id).collect();
        credentials::end_supervisions(&mut work.tx, work.organization, &ended, self.now()).await?;
        let mut begun = Vec::new();
        let mut steps = Vec::new();
        for old in &present {
            let goes_on = old.supervisor == merged && old.person != kept && old.person != merged;
            let new = goes_on.then(|| Assignment { id: self.new_id(), person: old.person, supervisor: kept });
            steps.push(SupervisionTransfer { person: old.person.0, ended: Some(old.id), begun: new.map(|n| n.id) });
            begun.extend(new);
        }
        if let Some(supervisor) = supervisor {
            let new = Assignment { id: self.new_id(), person: kept, supervisor };
            steps.push(SupervisionTransfer { person: kept.0, ended: None, begun: Some(new.id) });
            begun.push(new);
        }
        credentials::begin_supervisions(&mut work.tx, work.organization, &begun, self.now()).await?;
        note(work, actor, &steps, &json!({"before": merged, "after": kept})).await?;
        Ok(steps)
    }

    /// Takes everything back.
    ///
    /// # Errors
    /// [`Code::ChangedSinceMerge`] when a license, picture or signature that moved is not what it was.
    pub(super) async fn reverse(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        merge: &Merge,
        handed: &TransferredAssets,
    ) -> std::result::Result<(), SaveError> {
        let changed = || SaveError::from(AppError::from(Refusal::whole(Code::ChangedSinceMerge)));
        let (kept, merged, organization) = (merge.kept, merge.merged, work.organization);
        let as_left = handed.licenses.is_empty()
            || listed(work, kept).await? == handed.kept_licenses
                && listed(work, merged).await? == handed.merged_licenses;
        if !as_left {
            return Err(changed());
        }
        for (kind, hash) in [(ImageKind::Picture, &handed.picture), (ImageKind::Signature, &handed.signature)] {
            if hash.is_none() {
                continue;
            }
            let now = images::hash(&mut work.tx, organization, kept, kind).await?;
            if now != *hash || images::hash(&mut work.tx, organization, merged, kind).await?.is_some() {
                return Err(changed());
            }
            images::give(&mut work.tx, organization, kind, kept, merged).await?;
        }
        let back: Vec<(i64, i64)> = handed.licenses.iter().filter(|l| !l.stays).map(|l| (l.to, l.from)).collect();
        credentials::move_professional_licenses(&mut work.tx, organization, kept, merged, &back).await?;
        for copy in handed.licenses.iter().filter(|l| l.stays && l.to != FIRST_LICENSE) {
            credentials::remove_professional_license(&mut work.tx, organization, kept, copy.to).await?;
        }
        let steps: Vec<HandOver> =
            handed.supervisions.iter().map(|s| HandOver { ended: s.ended, begun: s.begun }).collect();
        let goes_on = credentials::take_back(&mut work.tx, organization, &steps).await?;
        let back = |s: &&SupervisionTransfer| s.ended.is_some_and(|id| goes_on.contains(&id));
        let back: Vec<SupervisionTransfer> = handed.supervisions.iter().filter(back).cloned().collect();
        note(work, actor, &back, &json!({"before": kept, "after": merged})).await?;
        Ok(())
    }
}

/// A record for each of the supervised, so that their own managers find it.
async fn note(work: &mut UnitOfWork, actor: &Actor, steps: &[SupervisionTransfer], change: &Value) -> Result<()> {
    let moved = |s: &&SupervisionTransfer| s.ended.is_some() && s.begun.is_some();
    let ids: Vec<PersonId> = steps.iter().filter(moved).map(|s| PersonId(s.person)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    for stored in muster_store::people::find_many(&mut work.tx, work.organization, &ids).await? {
        let about = AuditSubject::new(stored.profile.person.id.0, &stored.profile.person.full_name);
        work.audit_done(actor, Action::SupervisorChanged, about, &json!({"supervisor_id": change, "because": "merge"}));
    }
    Ok(())
}
