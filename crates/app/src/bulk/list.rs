//! The filtered list as a file, piece by piece, in the columns an import and a file of changes read.

use muster_domain::audit::Action;
use muster_store::listing::{Cursor, Filter};
use serde_json::json;

use super::presets::PresetFilter;
use crate::people::ListQuery;
use crate::transfer::people_csv;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, ExportChunk, Result, Scope};

/// People in one piece.
const PIECE: i64 = 200;

impl App {
    /// A piece of the list as CSV: those the actor may see and who match. The first piece puts the export on record.
    pub async fn export_list(
        &self,
        actor: &Actor,
        filter: &Filter,
        after: Option<Cursor>,
    ) -> Result<ExportChunk<Cursor>> {
        actor.require_scope(Scope::PeopleRead)?;
        let first = after.is_none();
        let clinics = self.clinics(actor).await?.into_iter().map(|c| (c.id, c.name)).collect();
        let page = self.people(actor, ListQuery { filter: filter.clone(), after, limit: PIECE }).await?;
        if first {
            let mut work = self.work_for(actor, actor.organization()).await?;
            let detail = json!({"filter": PresetFilter::of(filter)});
            work.audit_done(actor, Action::PeopleExported, AuditSubject::none(), &detail);
            work.commit().await?;
        }
        let csv = people_csv(first, &page.people, &clinics).map_err(|e| AppError::Internal(e.to_string()))?;
        Ok(ExportChunk { csv, next: page.next })
    }
}
