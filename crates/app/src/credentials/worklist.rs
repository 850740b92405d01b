//! The worklist: whose credentials lack something, page by page and as a file.

use std::collections::BTreeSet;

use jiff::civil::Date;
use muster_domain::access::ClinicAccess;
use muster_domain::audit::Action;
use muster_domain::credentials::{CredentialIssue, ProfessionalLicense, issues};
use muster_domain::{ClinicId, PersonId};
use muster_store::credentials::{self, MissingCredentials};
use muster_store::{Handle, people};
use serde_json::json;
use uuid::Uuid;

use crate::people::PersonView;
use crate::spreadsheet::harmless;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, ExportChunk, Result, Scope};

/// People in one page.
const LARGEST_PAGE: i64 = 200;
/// People in one piece of a file.
const PIECE: i64 = 500;

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct WorklistQuery {
    /// Of this clinic.
    pub clinic: Option<ClinicId>,
    /// Of this kind; `expires_90` holds what expires sooner too.
    pub kind: Option<CredentialIssue>,
    /// Where to go on.
    pub after: Option<(String, Uuid)>,
    /// 1 to 200.
    pub limit: i64,
}

/// One person of the list.
#[derive(Clone, Debug)]
pub struct WorklistItem {
    /// Who.
    pub view: PersonView,
    /// What is missing, most urgent first.
    pub issues: Vec<CredentialIssue>,
    /// The licenses.
    pub licenses: Vec<ProfessionalLicense>,
}

impl WorklistItem {
    /// The first day on which a license runs out.
    pub fn first_expiry(&self) -> Option<Date> {
        self.licenses.iter().filter_map(|l| l.expires_on).min()
    }
}

/// A page of the list.
#[derive(Clone, Debug)]
pub struct WorklistPage {
    /// By name.
    pub items: Vec<WorklistItem>,
    /// Where the next page begins.
    pub next: Option<(String, Uuid)>,
}

impl App {
    /// Active people within the actor's scope to whose credentials something is missing.
    pub async fn credentials_worklist(&self, actor: &Actor, asked: &WorklistQuery) -> Result<WorklistPage> {
        actor.require_scope(Scope::PeopleRead)?;
        self.require_view_users(actor).await?;
        self.worklist(actor, asked, asked.limit.clamp(1, LARGEST_PAGE)).await
    }

    async fn worklist(&self, actor: &Actor, asked: &WorklistQuery, limit: i64) -> Result<WorklistPage> {
        let mut h = self.db.read().await?;
        let today = self.practice_day(&mut h, actor).await?;
        let mut scope = actor.authority().emr().clinics().clone();
        if asked.clinic.is_some_and(|c| !actor.authority().emr().reaches(c)) {
            scope = ClinicAccess::Only(BTreeSet::new());
        }
        let missing = MissingCredentials { scope, clinic: asked.clinic, kind: asked.kind, today };
        let organization = actor.organization();
        let mut found = credentials::worklist(&mut h, organization, &missing, asked.after.as_ref(), limit + 1).await?;
        let more = i64::try_from(found.len()).unwrap_or(0) > limit;
        found.truncate(usize::try_from(limit).unwrap_or(0));
        let next = found.last().filter(|_| more).map(|(id, name)| (name.clone(), id.0));
        let ids: Vec<PersonId> = found.into_iter().map(|(id, _)| id).collect();
        let items = items(&mut h, actor, &ids, today).await?;
        Ok(WorklistPage { items, next })
    }

    /// The list as a CSV file, one line a person, piece by piece; `after` is where the piece before ended. That it was
    /// exported is recorded with the first piece.
    pub async fn export_credentials(
        &self,
        actor: &Actor,
        asked: &WorklistQuery,
        after: Option<(String, Uuid)>,
    ) -> Result<ExportChunk<(String, Uuid)>> {
        actor.require_scope(Scope::PeopleRead)?;
        self.require_view_users(actor).await?;
        let first = after.is_none();
        let page = self.worklist(actor, &WorklistQuery { after, ..asked.clone() }, PIECE).await?;
        if first {
            let asked = json!({"clinic": asked.clinic, "kind": asked.kind.map(CredentialIssue::as_str)});
            let mut work = self.work_for(actor, actor.organization()).await?;
            work.audit_done(actor, Action::CredentialsExported, AuditSubject::none(), &asked);
            work.commit().await?;
        }
        Ok(ExportChunk { csv: csv(&page.items, first)?, next: page.next })
    }
}

async fn items(h: &mut impl Handle, actor: &Actor, ids: &[PersonId], today: Date) -> Result<Vec<WorklistItem>> {
    let organization = actor.organization();
    let stored = people::find_many(h, organization, ids).await?;
    let mut licenses = credentials::professional_licenses(h, organization, ids).await?;
    let (signed, supervised) = credentials::signed_and_supervised(h, organization, ids).await?;
    let item = |stored: people::StoredProfile| {
        let id = stored.profile.person.id;
        let licenses = licenses.remove(&id).unwrap_or_default();
        let issues = issues(&stored.profile, &licenses, signed.contains(&id), supervised.contains(&id), today);
        WorklistItem { view: PersonView::of(actor, stored), issues, licenses }
    };
    Ok(stored.into_iter().map(item).collect())
}

const HEAD: [&str; 8] =
    ["full_name", "username", "email", "user_type", "npi", "license_number", "soonest_expiry", "missing"];

fn csv(items: &[WorklistItem], with_head: bool) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| AppError::Internal(e.to_string());
    if with_head {
        out.write_record(HEAD).map_err(failed)?;
    }
    for item in items {
        let profile = item.view.profile();
        let emr = profile.emr.as_ref();
        let missing: Vec<&str> = item.issues.iter().map(|i| i.as_str()).collect();
        let cells = [
            harmless(&profile.person.full_name),
            harmless(&profile.person.username),
            harmless(profile.person.email.as_deref().unwrap_or_default()),
            emr.map_or_else(String::new, |e| e.user_type.as_str().to_owned()),
            harmless(profile.person.npi.as_deref().unwrap_or_default()),
            harmless(emr.and_then(|e| e.license.number.as_deref()).unwrap_or_default()),
            item.first_expiry().map(|d| d.to_string()).unwrap_or_default(),
            missing.join(" "),
        ];
        out.write_record(&cells).map_err(failed)?;
    }
    out.into_inner().map_err(|e| AppError::Internal(e.to_string()))
}
