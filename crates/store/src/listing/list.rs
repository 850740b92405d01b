//! A page of the list by one of two plans. An *index scan* follows an index in the order asked for, from the cursor until
//! the page is full: quick when matches are common. *Filter-and-sort* reads all that match from the most selective index
//! and sorts them: quick when they are rare. Both give the same page; counts that are kept with every save decide.

use muster_domain::text::search_key;
use muster_domain::{OrganizationId, PersonId};

use super::conditions::Candidate;
use super::counts::Counts;
use super::row::ListRow;
use super::statements::{PageQuery, Start};
use super::{Cursor, Filter, Page, Total};
use crate::{Handle, Result, people};

/// People of an organization who are all read and sorted, whatever is asked for.
const SMALL: i64 = 1000;

/// Entries of an index that are read and sorted at once rather than scanned for: how many a scan passes is a guess.
const FEW_ENTRIES: i64 = 1000;

/// Members of clinics who are read without looking at anything else.
const FEW_MEMBERS: i64 = 2500;

/// Members of clinics, or people of a type, status and permission, who are read rather than what the search index finds.
const MANY: i64 = 5000;

/// Rows that a scan is meant to read when its index does not tell who matches.
const READ_ROWS: i64 = 1000;

/// Entries that such a scan passes at most, but for the last.
pub(super) const PASSED_ENTRIES: i64 = 4000;

/// At most `limit` people who match, after `after`.
pub async fn list(
    h: &mut impl Handle,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Page> {
    let query = PageQuery { engine: h.split().engine(), organization, filter, after, limit };
    let Places { people, next, total } = match filter.clinics() {
        Some(clinics) => query.of_clinics(h, clinics).await?,
        None => {
            let counts = Counts::load(h, organization, filter).await?;
            if filter.is_covered() { query.covered(h, &counts).await? } else { query.with_text(h, &counts).await? }
        }
    };
    // In a statement of its own, which is the same for every list: both engines have its plan already.
    Ok(Page { people: people::find_many(h, organization, &people).await?, next, total })
}

/// The candidate that costs least, in entries that are read. Matches may be far from evenly spread along an order, so
/// what a scan is expected to pass counts double.
fn cheapest(filter: &Filter, counts: &Counts, limit: i64) -> Candidate {
    let matching = counts.matching(filter).max(1);
    let cost = |candidate: &Candidate| {
        let entries = counts.matching(&candidate.part);
        let passed = ((limit + 1) * entries / matching).min(entries);
        if candidate.in_order { FEW_ENTRIES.max(2 * passed) } else { entries }
    };
    filter.candidates().into_iter().min_by_key(cost).unwrap_or_else(|| filter.order())
}

/// The candidate with fewest entries; of those in the order asked for, if `in_order`.
fn most_selective(filter: &Filter, counts: &Counts, in_order: bool) -> Candidate {
    let mut candidates = filter.candidates();
    candidates.retain(|c| c.in_order || !in_order);
    candidates.into_iter().min_by_key(|c| counts.matching(&c.part)).unwrap_or_else(|| filter.order())
}

/// Whom a page shows, in order.
struct Places {
    people: Vec<PersonId>,
    next: Option<Cursor>,
    total: Total,
}

fn places(mut rows: Vec<ListRow>, total: Total, limit: i64) -> Places {
    let wanted = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(|r| r.cursor(total));
    Places { people: rows.iter().map(ListRow::person).collect(), next, total }
}

impl PageQuery<'_> {
    /// A page whose filter the indexes answer, and whose total is kept.
    async fn covered(&self, h: &mut impl Handle, counts: &Counts) -> Result<Places> {
        let total = self.after.map_or_else(|| Total::Exact(counts.matching(self.filter)), |cursor| cursor.t);
        let rows = self.rows(h, self.by_index(&cheapest(self.filter, counts, self.limit))).await?;
        Ok(places(rows, total, self.limit))
    }

    /// A page of the members of these clinics.
    async fn of_clinics(&self, h: &mut impl Handle, clinics: String) -> Result<Places> {
        let members = self.count_members(h, &clinics, MANY + 1).await?;
        if members <= FEW_MEMBERS {
            return self.sorted(h, Start::Members(clinics)).await;
        }
        let counts = Counts::load(h, self.organization, self.filter).await?;
        if let Some(places) = self.scanned(h, &counts).await? {
            return Ok(places);
        }
        let is_few = members <= MANY || search_key(&self.filter.q).is_empty();
        let start = if is_few { Start::Members(clinics) } else { self.start_of_text(&counts) };
        self.sorted(h, start).await
    }

    /// A page of those who have a text.
    async fn with_text(&self, h: &mut impl Handle, counts: &Counts) -> Result<Places> {
        match self.scanned(h, counts).await? {
            Some(places) => Ok(places),
            None => self.sorted(h, self.start_of_text(counts)).await,
        }
    }

    /// The search index, unless few are of the type, status and permission asked for.
    fn start_of_text(&self, counts: &Counts) -> Start {
        let is_few = counts.matching(self.filter) <= MANY;
        if is_few { Start::Index(most_selective(self.filter, counts, false).index) } else { Start::Text }
    }

    /// The page by filter-and-sort, which counts all that match.
    async fn sorted(&self, h: &mut impl Handle, start: Start) -> Result<Places> {
        let rows = self.rows(h, self.filter_and_sort(start)).await?;
        let total = self.after.map_or_else(|| Total::Exact(rows.first().map_or(0, |r| r.matches)), |cursor| cursor.t);
        Ok(places(rows, total, self.limit))
    }

    /// The page by an index scan, if that fills it or comes to the end of the index soon enough. Not in a small
    /// organization, nor after a page that was sorted and so knows its exact total.
    async fn scanned(&self, h: &mut impl Handle, counts: &Counts) -> Result<Option<Places>> {
        if counts.people() <= SMALL || matches!(self.after, Some(Cursor { t: Total::Exact(_), .. })) {
            return Ok(None);
        }
        let candidate = most_selective(self.filter, counts, true);
        let (entries, covered) = (counts.matching(&candidate.part), counts.matching(self.filter));
        let longest = (READ_ROWS * entries / covered.max(1)).min(PASSED_ENTRIES);
        let end = self
            .place_after(&candidate, longest)
            .fetch_all::<ListRow>(h)
            .await?
            .pop()
            .map(|row| row.cursor(Total::Exact(0)));
        let rows = self.rows(h, self.scan(&candidate, end.as_ref())).await?;
        let found = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if end.is_some() && found <= self.limit {
            return Ok(None);
        }
        let total = match (self.after, rows.last()) {
            (Some(cursor), _) => cursor.t,
            (None, Some(last)) if found > self.limit => {
                // As common as among those passed.
                let passed = self.count_up_to(h, &candidate, &last.cursor(Total::Exact(0))).await?;
                Total::About((found * entries / passed.max(1)).min(covered).max(found))
            }
            (None, _) => Total::Exact(found),
        };
        Ok(Some(places(rows, total, self.limit)))
    }
}
