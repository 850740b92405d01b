//! Two ways to a page. The *walk* follows the index of the wanted order from the cursor and stops when the page is
//! full: right when matches are common. The *gather* collects all that match from the most selective index and sorts
//! them: right when they are rare. A sample tells beforehand which it will be; both give the same page, and neither
//! ever counts a whole practice.
//!
//! Type, status and permissions stand in every order's index, so a walk that asks for nothing else never reads a row.

use muster_domain::OrganizationId;
use muster_domain::text::search_key;

use super::on_page::{Place, Row};
use super::sample::{Crowd, SAMPLE, Samples, all_grams};
use super::statements::{Ask, FEW};
use super::{Cursor, Filter, Page, Total};
use crate::{Handle, Result};

/// Entries of an index that a walk may be expected to pass; some five of them cost as much as a row that is read.
const PASSED: i64 = 8000;

/// Entries of an index that are gathered rather than walked for: what a walk passes is a guess, which matches that stand
/// together in another order prove wrong.
const SURE: i64 = 1000;

/// The same where it is known that they stand together.
const SURE_OF_CLUMPS: i64 = 4000;

/// Rows that a walk may be expected to read when the index does not tell who matches; it reads at most twice as many.
const READ: i64 = 1000;

/// What a row costs that a walk reads, one here and one there, in rows that are gathered.
const DEARER: i64 = 10;

/// At most `limit` people who match, after `after`.
pub async fn list(
    h: &mut impl Handle,
    samples: &Samples,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Page> {
    let engine = h.split().engine();
    let mut ask = Ask { engine, organization, filter, after, limit, grams: Vec::new(), dense: false };
    if filter.takes_everybody() {
        let rows = ask.rows(h, ask.walk(None)).await?;
        return page(rows, after, limit);
    }
    let few = match filter.clinics() {
        Some(clinics) => ask.members(clinics).fetch_all::<(i64,)>(h).await?.first().is_some_and(|(n,)| *n <= FEW),
        None => false,
    };
    // Of few, nobody else is looked at, so the text needs no index.
    if !few {
        let crowd = samples.of(h, organization).await?;
        if crowd.people <= SAMPLE {
            ask.grams = all_grams(organization, filter);
        } else if let Some(page) = ask.walked(h, &crowd).await? {
            return Ok(page);
        }
    }
    let rows = ask.rows(h, ask.gather(few)).await?;
    page(rows, after, limit)
}

/// A page whose rows know how many match.
fn page(rows: Vec<Row>, after: Option<&Cursor>, limit: i64) -> Result<Page> {
    let total = after.map_or_else(|| Total::Exact(rows.first().map_or(0, |r| r.matches)), |c| c.t);
    of_total(rows, total, limit)
}

fn of_total(mut rows: Vec<Row>, total: Total, limit: i64) -> Result<Page> {
    let wanted = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(|r| r.cursor(total));
    let people: Result<_> = rows.into_iter().map(|r| r.person.into_stored()).collect();
    Ok(Page { people: people?, next, total })
}

impl Ask<'_> {
    /// The page by a walk, if one is worth it and fills the page; learns what a gather asks the search index for.
    async fn walked(&mut self, h: &mut impl Handle, crowd: &Crowd) -> Result<Option<Page>> {
        let (filter, people) = (self.filter, crowd.people);
        let by_text = !search_key(&filter.q).is_empty();
        let sample = match self.after {
            _ if filter.is_covered() => Some(crowd.sample(filter)),
            Some(_) if !by_text => None,
            _ => Some(crowd.look(h, filter).await?),
        };
        let narrow = sample.as_ref().filter(|_| filter.narrow_part().is_some()).map(|s| s.narrow_of(people));
        let expected = match (self.after, &sample) {
            (Some(Cursor { t: Total::Exact(n) | Total::About(n), .. }), _) => *n,
            (None, None) => people,
            (None, Some(sample)) => sample.matches_of(people),
        };
        // In the order of the narrowest index a walk follows that one, in which no others stand.
        let of = narrow.filter(|_| filter.is_in_order()).unwrap_or(people);
        let passed = ((self.limit + 1) * of / expected.max(1)).min(of);
        if filter.is_covered() {
            self.dense = sample.is_some_and(|s| s.is_dense());
            let better = narrow.filter(|_| !filter.is_in_order());
            let sure = if filter.is_in_clumps() { SURE_OF_CLUMPS } else { SURE };
            if passed >= PASSED || better.is_some_and(|entries| entries <= sure.max(passed)) {
                return Ok(None);
            }
            let rows = self.rows(h, self.walk(None)).await?;
            return self.page_of(rows, expected).map(Some);
        }
        let candidates = sample.as_ref().filter(|_| by_text).map_or(0, |s| s.candidates_of(people));
        self.grams = sample.filter(|_| by_text).map_or_else(Vec::new, |s| s.grams(self.organization));
        let read = READ.max(candidates / DEARER);
        if passed >= read {
            return Ok(None);
        }
        // It has an end, in case matches are rarer where it goes.
        let end = self.ahead((3 * passed + 200).min(2 * read)).fetch_all::<Place>(h).await?.pop();
        let end = end.map(Place::cursor);
        let rows = self.rows(h, self.walk(end.as_ref())).await?;
        let is_whole = end.is_none() || i64::try_from(rows.len()).is_ok_and(|got| got > self.limit);
        is_whole.then(|| self.page_of(rows, expected)).transpose()
    }

    /// What a walk came to the end of, or filled a page with.
    fn page_of(&self, rows: Vec<Row>, expected: i64) -> Result<Page> {
        let got = i64::try_from(rows.len()).unwrap_or(self.limit);
        let total = match self.after {
            Some(cursor) => cursor.t,
            None if got <= self.limit => Total::Exact(got),
            None => Total::About(expected.max(self.limit + 1)),
        };
        of_total(rows, total, self.limit)
    }
}
