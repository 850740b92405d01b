//! Merges that were made.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use muster_domain::PersonId;
use muster_store::merges::{self, Merge};
use muster_store::{Handle, people};

use super::{MergeReceipt, UNDO_DAYS};
use crate::people::PersonView;
use crate::people::view::find_visible;
use crate::{Actor, App, Result, Scope};

/// Merges listed.
const LISTED: i64 = 50;

/// The other profile of a merge, for the page of one of them.
#[derive(Clone, Debug)]
pub struct ProfileMerge {
    /// The merge.
    pub merge: MergeReceipt,
    /// The profile asked about went up in the other.
    pub is_gone: bool,
}

impl App {
    /// Merges of the last thirty days that can be undone, newest first, both people within the actor's sight.
    pub async fn merges(&self, actor: &Actor) -> Result<Vec<MergeReceipt>> {
        actor.require_scope(Scope::PeopleRead)?;
        self.require_view_users(actor).await?;
        let since = self.now() - SignedDuration::from_hours(24 * UNDO_DAYS);
        let mut h = self.db.read().await?;
        let found = merges::since(&mut h, actor.organization(), since, LISTED).await?;
        visible(&mut h, actor, found).await
    }

    /// The merges a person was part of, however long ago, that were not undone: where the history of the other
    /// profile is found.
    ///
    /// # Errors
    /// [`crate::AppError::NotFound`] when the actor may not know of the person.
    pub async fn merges_of(&self, actor: &Actor, id: PersonId) -> Result<Vec<ProfileMerge>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        find_visible(&mut h, actor, id).await?;
        let found = merges::of_person(&mut h, actor.organization(), id, LISTED).await?;
        let found = visible(&mut h, actor, found).await?;
        let one = |merge: MergeReceipt| ProfileMerge { is_gone: merge.merged.profile().person.id == id, merge };
        Ok(found.into_iter().map(one).collect())
    }
}

async fn visible(h: &mut impl Handle, actor: &Actor, found: Vec<Merge>) -> Result<Vec<MergeReceipt>> {
    let ids: Vec<PersonId> = found.iter().flat_map(|m| [m.kept, m.merged]).collect();
    let views: BTreeMap<PersonId, PersonView> = people::find_many(h, actor.organization(), &ids)
        .await?
        .into_iter()
        .filter(|s| actor.authority().may_see(&s.profile))
        .map(|s| (s.profile.person.id, PersonView::of(actor, s)))
        .collect();
    let both = |m: Merge| {
        let (kept, merged) = (views.get(&m.kept)?.clone(), views.get(&m.merged)?.clone());
        Some(MergeReceipt { id: m.id, kept, merged, by: m.by, at: m.at })
    };
    Ok(found.into_iter().filter_map(both).collect())
}
