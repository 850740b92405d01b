//! A look at some rows, to learn how common matches are before they are looked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use muster_domain::OrganizationId;
use muster_domain::text::{piece_gram, query_pieces, search_key};
use serde::Deserialize;
use uuid::Uuid;

use super::Filter;
use super::conditions::{Phrase, conditions};
use crate::query::Query;
use crate::{Handle, Result};

/// Rows that are looked at. A practice of no more people is gathered whole.
pub(super) const SAMPLE: i64 = 1000;

/// Places they are taken from: people who came together are often alike.
const PLACES: i64 = 5;

/// Rows from one of them.
const EACH: i64 = SAMPLE / PLACES;

/// Pieces of a text that are looked at; a longer text is seldom enough by the first of them.
const PIECES: usize = 12;

/// Pieces that the search index is asked for: each costs a walk through all who have it.
const ASKED: usize = 3;

/// How long a look at a practice is remembered. A wrong guess costs time, and totals that say "about" are about what it
/// was then; every page is right whichever way it was found.
const LASTS: Duration = Duration::from_secs(30);

/// Practices that are remembered.
const REMEMBERED: usize = 500;

/// How many of the sample match, how many match the part that has an index of its own, and how many have each piece of
/// the text.
#[derive(Debug)]
pub(super) struct Sample {
    rows: i64,
    matches: i64,
    narrow: i64,
    pieces: Vec<(String, i64)>,
}

/// What lists remember of practices for a while. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Samples(Arc<Mutex<HashMap<OrganizationId, Arc<Crowd>>>>);

/// A practice's people as a whole.
#[derive(Debug)]
pub(super) struct Crowd {
    organization: OrganizationId,
    /// How many.
    pub people: i64,
    /// People with about as many between one and the next, by identity, which follows time.
    places: Vec<Uuid>,
    /// The first by name: their names say nothing of type, status and permissions.
    alike: Vec<Alike>,
    seen: Instant,
}

/// People of a sample whom an index of the list does not tell apart but by name.
#[derive(Debug, Deserialize, sqlx::FromRow)]
struct Alike {
    user_type: String,
    status: String,
    permissions: i64,
    people: i64,
}

impl Alike {
    fn match_filter(&self, filter: &Filter) -> bool {
        filter.user_type.is_none_or(|t| t.as_str() == self.user_type)
            && filter.status.is_none_or(|s| s.as_str() == self.status)
            && filter.permission.is_none_or(|p| self.permissions & p.bit() != 0)
    }
}

impl Samples {
    /// What is known of a practice: remembered, or looked up.
    pub(super) async fn of(&self, h: &mut impl Handle, organization: OrganizationId) -> Result<Arc<Crowd>> {
        let known = self.remembered().get(&organization).filter(|crowd| crowd.seen.elapsed() < LASTS).cloned();
        if let Some(crowd) = known {
            return Ok(crowd);
        }
        let crowd = Arc::new(Crowd::read(h, organization).await?);
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(organization, crowd.clone());
        Ok(crowd)
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<OrganizationId, Arc<Crowd>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Crowd {
    async fn read(h: &mut impl Handle, organization: OrganizationId) -> Result<Self> {
        let text = "SELECT people_count FROM organizations WHERE organization_id = $1";
        let row: Vec<(i64,)> = Query::about(text, organization.0).fetch_all(h).await?;
        // An operator who has opened no practice has no organization either.
        let people = row.first().map_or(0, |(people,)| *people);
        let columns = "user_type text, status text, permissions int, people int";
        let alike = Self::alike(organization).fetch_packed(h, columns).await?;
        let places: Vec<(Uuid,)> = Self::places(organization).fetch_all(h).await?;
        let places = places.into_iter().map(|(id,)| id).collect();
        Ok(Self { organization, people, places, alike, seen: Instant::now() })
    }

    /// Where to look. People come in bursts, and files are sorted: neither times nor names lie evenly. The numbers by which
    /// look-alikes are found do, so those who have the smallest are some of everybody.
    fn places(organization: OrganizationId) -> Query {
        let some = format!(
            "SELECT k.person_id FROM duplicate_keys k WHERE k.organization_id = $1
            ORDER BY k.dup_key, k.person_id LIMIT {SAMPLE}"
        );
        let text = format!(
            "SELECT x.person_id FROM (SELECT s.person_id, row_number() OVER (ORDER BY s.person_id) AS n FROM ({some}) s) x
            WHERE (x.n - 1) % {EACH} = 0"
        );
        Query::about(&text, organization.0)
    }

    fn alike(organization: OrganizationId) -> Query {
        let sample = format!(
            "SELECT d.user_type, d.status, d.permissions FROM directory d WHERE d.organization_id = $1
            ORDER BY d.name_key, d.person_id LIMIT {SAMPLE}"
        );
        let text = format!(
            "SELECT d.user_type, d.status, d.permissions, count(*) AS people FROM ({sample}) d
            GROUP BY d.user_type, d.status, d.permissions"
        );
        Query::about(&text, organization.0)
    }

    /// How common those are whom a filter takes that asks for type, status and permission alone.
    pub fn sample(&self, filter: &Filter) -> Sample {
        let narrow = filter.narrow_part().unwrap_or_default();
        let count = |filter: &Filter| self.alike.iter().filter(|a| a.match_filter(filter)).map(|a| a.people).sum();
        let rows: i64 = count(&Filter::default());
        Sample { rows: rows.max(1), matches: count(filter), narrow: count(&narrow), pieces: Vec::new() }
    }

    /// Looks at some of them, of every age. (Those that a walk passes stand together for a reason.)
    pub async fn look(&self, h: &mut impl Handle, filter: &Filter) -> Result<Sample> {
        let mut pieces: Vec<String> = query_pieces(&search_key(&filter.q)).into_iter().take(PIECES).collect();
        let row: Vec<(String,)> = self.query(filter, &pieces).fetch_all(h).await?;
        let mut counts = row.iter().flat_map(|(c,)| c.split(',')).map(|n| n.parse().unwrap_or(0));
        let mut next = || counts.next().unwrap_or(0);
        let (rows, matches, narrow): (i64, i64, i64) = (next(), next(), next());
        let mut pieces: Vec<(String, i64)> = pieces.drain(..).zip(counts).collect();
        pieces.sort_by_key(|(_, count)| *count);
        Ok(Sample { rows: rows.max(1), matches, narrow, pieces })
    }

    /// The numbers of [`Self::look`], with a comma between them: rows, matches, matches of the narrow part, then each
    /// piece's.
    fn query(&self, filter: &Filter, pieces: &[String]) -> Query {
        let mut q =
            Query::about("SELECT CAST(count(*) AS text) || ',' || CAST(count(CASE WHEN 1 = 1", self.organization.0);
        conditions(&mut q, filter, Phrase::default());
        q.push(" THEN 1 END) AS text) || ',' || CAST(count(CASE WHEN 1 = 1");
        conditions(&mut q, &filter.narrow_part().unwrap_or_default(), Phrase::default());
        q.push(" THEN 1 END) AS text)");
        for piece in pieces {
            q.push(" || ',' || CAST(count(CASE WHEN {find d.search_text ").bind(piece.as_str());
            q.push("} THEN 1 END) AS text)");
        }
        q.push(" FROM (");
        let anywhere = [Uuid::nil()];
        let places = if self.places.is_empty() { &anywhere[..] } else { &self.places };
        for (at, place) in places.iter().enumerate() {
            q.push(if at == 0 { "" } else { " UNION ALL " });
            q.push("SELECT * FROM (SELECT d.* FROM directory d WHERE d.organization_id = $1 AND d.person_id >= ");
            q.bind(*place);
            q.push(&format!(" ORDER BY d.person_id LIMIT {EACH}) d"));
        }
        q.push(") d");
        q
    }
}

impl Sample {
    /// How many of so many people are expected to match.
    pub fn matches_of(&self, people: i64) -> i64 {
        self.matches * people / self.rows
    }

    /// How many of so many people are expected in the narrowest index of [`Filter::narrow_part`].
    pub fn narrow_of(&self, people: i64) -> i64 {
        self.narrow * people / self.rows
    }

    /// True when most of those match who stand in that index.
    pub fn is_dense(&self) -> bool {
        3 * self.matches > self.narrow
    }

    /// How many of so many people the search index would name for [`Sample::grams`].
    pub fn candidates_of(&self, people: i64) -> i64 {
        self.pieces.first().map_or(people, |(_, count)| count.max(&1) * people / self.rows)
    }

    /// The rarest pieces, as the index knows them. What most people have leaves hardly anybody out, and takes longest.
    pub fn grams(&self, organization: OrganizationId) -> Vec<i64> {
        let telling = self.pieces.iter().enumerate().filter(|(at, (_, count))| *at == 0 || count * 2 < self.rows);
        telling.take(ASKED).map(|(_, (piece, _))| piece_gram(organization.0.as_u128(), piece)).collect()
    }
}

/// All grams of a text, for a practice that is too small for a sample.
pub(super) fn all_grams(organization: OrganizationId, filter: &Filter) -> Vec<i64> {
    query_pieces(&search_key(&filter.q)).iter().map(|piece| piece_gram(organization.0.as_u128(), piece)).collect()
}

#[cfg(test)]
mod tests {
    use muster_domain::emr::{Permission, Status, UserType};

    use super::*;
    use crate::Db;

    const HERE: OrganizationId = OrganizationId(Uuid::from_u128(1));

    fn sample(pieces: &[(&str, i64)]) -> Sample {
        Sample {
            rows: 1000,
            matches: 5,
            narrow: 9,
            pieces: pieces.iter().map(|(piece, n)| ((*piece).to_owned(), *n)).collect(),
        }
    }

    #[test]
    fn the_index_is_asked_for_the_rarest_pieces_and_not_for_what_everybody_has() {
        let gram = |piece: &str| piece_gram(HERE.0.as_u128(), piece);
        let of_email = sample(&[("21", 20), ("1.", 90), (".a", 1000), ("ap", 1000)]);
        assert_eq!(of_email.grams(HERE), [gram("21"), gram("1.")]);
        assert_eq!((of_email.matches_of(100_000), of_email.candidates_of(100_000)), (500, 2000));
        let common = sample(&[("le", 990), ("ex", 1000)]);
        assert_eq!(common.grams(HERE), [gram("le")], "the index has to be asked for something");
        assert_eq!(common.candidates_of(100_000), 99_000);
        let rare = sample(&[("aa", 0), ("bb", 1), ("cc", 2), ("dd", 3)]);
        assert_eq!(rare.grams(HERE).len(), ASKED);
        assert_eq!(rare.candidates_of(100_000), 100, "none of a sample is not nobody");
    }

    #[tokio::test]
    async fn of_no_practice_nobody_is_counted() {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let crowd = Samples::default().of(&mut tx, HERE).await.unwrap();
        let filter = Filter { status: Some(Status::Active), ..Filter::default() };
        assert_eq!((crowd.people, crowd.sample(&filter).matches_of(0)), (0, 0));
    }

    #[test]
    fn who_is_alike_is_counted_without_asking_again() {
        let alike = |user_type: UserType, status: Status, held: &[Permission], people| Alike {
            user_type: user_type.as_str().into(),
            status: status.as_str().into(),
            permissions: held.iter().map(|p| p.bit()).sum(),
            people,
        };
        let (view, edit) = (Permission::ViewUsers, Permission::EditUsers);
        let crowd = Crowd {
            organization: HERE,
            people: 50_000,
            places: Vec::new(),
            alike: vec![
                alike(UserType::PT, Status::Active, &[view, edit], 100),
                alike(UserType::PT, Status::Inactive, &[view], 200),
                alike(UserType::OT, Status::Inactive, &[], 700),
            ],
            seen: Instant::now(),
        };
        let none = Filter::default();
        for (filter, matches, narrow) in [
            (none.clone(), 50_000, 50_000),
            (Filter { user_type: Some(UserType::PT), ..none.clone() }, 15_000, 15_000),
            (Filter { user_type: Some(UserType::PT), permission: Some(edit), ..none.clone() }, 5000, 15_000),
            (Filter { status: Some(Status::Inactive), permission: Some(view), ..none.clone() }, 10_000, 45_000),
            (Filter { user_type: Some(UserType::OT), permission: Some(view), ..none }, 0, 35_000),
        ] {
            let sample = crowd.sample(&filter);
            assert_eq!((sample.matches_of(50_000), sample.narrow_of(50_000)), (matches, narrow), "{filter:?}");
        }
    }

    #[tokio::test]
    async fn practices_are_remembered_for_a_while_and_not_without_end() {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let samples = Samples::default();
        let first = samples.of(&mut tx, HERE).await.unwrap();
        assert!(Arc::ptr_eq(&first, &samples.of(&mut tx, HERE).await.unwrap()));
        let long_ago = Instant::now().checked_sub(LASTS).unwrap();
        let old = Crowd { people: 7, seen: long_ago, places: Vec::new(), alike: Vec::new(), organization: HERE };
        samples.remembered().insert(HERE, Arc::new(old));
        assert_eq!(samples.of(&mut tx, HERE).await.unwrap().people, 0, "looked up again");
        for n in 2..=REMEMBERED as u128 + 1 {
            samples.of(&mut tx, OrganizationId(Uuid::from_u128(n))).await.unwrap();
        }
        assert!(samples.remembered().len() <= REMEMBERED);
    }

    #[tokio::test]
    async fn a_founder_and_a_file_of_a_year_later_do_not_hide_most_of_the_file() {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let (founder, file) = (1_u128 << 80, 1_000_u128 << 80);
        let people = 1500_u64;
        let numbers = (0..people).map(|n| {
            let id = if n == 0 { founder } else { file + u128::from(n) };
            [("k", n.wrapping_mul(0x9E37_79B9_7F4A_7C15).cast_signed().into()), ("id", Uuid::from_u128(id).into())]
        });
        let rows = crate::rows::rows(tx.split().engine(), numbers).unwrap();
        let text = "INSERT INTO duplicate_keys (organization_id, dup_key, person_id)
            SELECT $1, r.k, r.id FROM {rows $2: k int, id uuid} r";
        Query::about(text, HERE.0).with(rows).execute(&mut tx).await.unwrap();
        let places = Crowd::read(&mut tx, HERE).await.unwrap().places;
        let of_file: Vec<u128> = places.iter().filter_map(|id| id.as_u128().checked_sub(file)).collect();
        assert!(places.len() == 5 && of_file.len() >= 4, "{places:?}");
        assert!(of_file.windows(2).all(|two| (200..400).contains(&(two[1] - two[0]))), "{of_file:?}");
    }

    #[tokio::test]
    async fn a_sample_reads_its_rows_and_no_others() {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let places = (1..=5).map(Uuid::from_u128).collect();
        let crowd = Crowd { organization: HERE, people: 5000, places, alike: Vec::new(), seen: Instant::now() };
        let filter = Filter { q: "mara".into(), ..Filter::default() };
        let lines: Vec<(i64, i64, i64, String)> =
            crowd.query(&filter, &["ma".to_owned()]).explained().fetch_all(&mut tx).await.unwrap();
        let read = "SEARCH d USING INDEX sqlite_autoindex_directory_1 (organization_id=? AND person_id>?)";
        assert_eq!(lines.iter().filter(|l| l.3 == read).count(), 5, "{lines:#?}");
        let lines: Vec<(i64, i64, i64, String)> = Crowd::alike(HERE).explained().fetch_all(&mut tx).await.unwrap();
        let read = "SEARCH d USING COVERING INDEX directory_name (organization_id=?)";
        assert!(lines.iter().any(|l| l.3 == read) && !lines.iter().any(|l| l.3.contains("ORDER BY")), "{lines:#?}");
        let lines: Vec<(i64, i64, i64, String)> = Crowd::places(HERE).explained().fetch_all(&mut tx).await.unwrap();
        let read = "SEARCH k USING PRIMARY KEY (organization_id=?)";
        assert!(lines.iter().any(|l| l.3 == read), "{lines:#?}");
    }
}
