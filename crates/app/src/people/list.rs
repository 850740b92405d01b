//! The user list.

use muster_domain::access::ClinicAccess;
use muster_domain::emr::Permission;
use muster_store::listing::{self, Cursor, Filter, Total};
use muster_store::people;

use super::PersonView;
use crate::{Actor, App, Result, Scope};

/// Largest page.
pub(crate) const LARGEST_PAGE: i64 = 200;

/// What a list shows.
#[derive(Clone, Debug)]
pub struct PeoplePage {
    /// In order.
    pub people: Vec<PersonView>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// How many match in all.
    pub total: Total,
}

/// A list as asked for: the filter without its scope, which comes from the actor alone.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Filter and order; `scope` is overwritten.
    pub filter: Filter,
    /// Where to go on.
    pub after: Option<Cursor>,
    /// 1 to 200.
    pub limit: i64,
}

impl App {
    /// A page of the people the actor may see. A clinic the actor has no access to matches nobody.
    pub async fn people(&self, actor: &Actor, asked: ListQuery) -> Result<PeoplePage> {
        actor.require_scope(Scope::PeopleRead)?;
        self.require_view_users(actor).await?;
        let mut filter = asked.filter;
        filter.scope = actor.authority().emr().clinics().clone();
        if filter.clinic.is_some_and(|c| !actor.authority().emr().reaches(c)) {
            filter.scope = ClinicAccess::Only(std::collections::BTreeSet::new());
        }
        let limit = asked.limit.clamp(1, LARGEST_PAGE);
        let (here, after) = (actor.organization(), asked.after.as_ref());
        let mut h = self.db.read().await?;
        let page = listing::list(&mut h, here, &filter, after, limit).await?;
        // Profiles are read after the list: somebody may have left the actor's clinics in between.
        let visible = page.people.into_iter().filter(|s| actor.authority().may_see(&s.profile));
        let people = visible.map(|s| PersonView::of(actor, s)).collect();
        Ok(PeoplePage { people, next: page.next, total: page.total })
    }

    /// The people a typed name may mean: the person of exactly that user name or email, else those the user list finds
    /// by it, by name. Only people the actor may see.
    pub async fn match_people(&self, actor: &Actor, typed: &str, limit: i64) -> Result<Vec<PersonView>> {
        let filter = Filter { q: typed.to_owned(), ..Filter::default() };
        let found = self.people(actor, ListQuery { filter, after: None, limit }).await?.people;
        let exact = people::find_by_name(&mut self.db.read().await?, actor.organization(), typed).await?;
        match exact.filter(|s| actor.authority().may_see(&s.profile)) {
            Some(exact) => Ok(vec![PersonView::of(actor, exact)]),
            None => Ok(found),
        }
    }

    /// True when the actor may open the user list at all.
    pub fn may_list_people(&self, actor: &Actor) -> bool {
        actor.may(Permission::ViewUsers)
    }
}
