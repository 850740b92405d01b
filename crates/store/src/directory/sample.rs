//! A look at some rows, to learn how common matches are before they are looked for.

use muster_domain::OrganizationId;
use muster_domain::emr::Permission;
use muster_domain::text::{piece_gram, query_pieces, search_key};
use uuid::Uuid;

use super::Filter;
use super::conditions::{Phrase, conditions};
use crate::query::Query;
use crate::{Handle, Result};

/// Rows that are looked at. A practice of no more people is gathered whole.
pub(super) const SAMPLE: i64 = 1000;

/// Places they are taken from: people who came together are often alike.
const PLACES: u32 = 5;

/// Pieces of a text that are looked at; a longer text is seldom enough by the first of them.
const PIECES: usize = 12;

/// Pieces that the search index is asked for: each costs a walk through all who have it.
const ASKED: usize = 3;

/// How many of the sample match, how many match the part that has an index of its own, and how many have each piece of
/// the text.
#[derive(Debug)]
pub(super) struct Sample {
    rows: i64,
    matches: i64,
    narrow: i64,
    pieces: Vec<(String, i64)>,
}

/// A practice's people as a whole.
#[derive(Debug)]
pub(super) struct Crowd {
    organization: OrganizationId,
    /// How many.
    pub people: i64,
    /// Who was added first, and who last.
    ends: (Uuid, Uuid),
    /// What was looked at with it.
    sample: Option<Sample>,
}

impl Crowd {
    /// With a sample, if one is wanted and needs to know nothing of the people before.
    pub async fn of(
        h: &mut impl Handle,
        organization: OrganizationId,
        filter: &Filter,
        with_sample: bool,
    ) -> Result<Self> {
        let mut crowd = Self { organization, people: 0, ends: (Uuid::nil(), Uuid::nil()), sample: None };
        if with_sample && filter.is_covered() {
            let counts = Counts::read(&crowd.query(filter, &[]), h).await?;
            crowd.people = counts.people;
            crowd.sample = Some(counts.sample(Vec::new()));
            return Ok(crowd);
        }
        let row: Vec<(i64, Option<Uuid>, Option<Uuid>)> =
            Query::about(&Self::text(), organization.0).fetch_all(h).await?;
        let (people, first, last) = row.first().copied().unwrap_or_default();
        Ok(Self { people, ends: (first.unwrap_or_default(), last.unwrap_or_default()), ..crowd })
    }

    /// The count, and both ends of the profiles' key. (The list's own key would do, but not for SQLite, which takes
    /// whichever index covers it and sorts the practice.)
    fn text() -> String {
        let end = |direction: &str| {
            format!(
                "(SELECT p.person_id FROM people p WHERE p.organization_id = $1 ORDER BY p.person_id {direction} LIMIT 1)"
            )
        };
        format!("SELECT people_count, {}, {} FROM organizations WHERE organization_id = $1", end("ASC"), end("DESC"))
    }

    /// Looks at some of them, unless that was done. Where rows have to be read: identities follow time, so places evenly
    /// between the first and the last take in people of every age. (Those that a walk passes stand together for a reason.)
    pub async fn sample(&mut self, h: &mut impl Handle, filter: &Filter) -> Result<Sample> {
        if let Some(sample) = self.sample.take() {
            return Ok(sample);
        }
        let pieces: Vec<String> = query_pieces(&search_key(&filter.q)).into_iter().take(PIECES).collect();
        let counts = Counts::read(&self.query(filter, &pieces), h).await?;
        Ok(counts.sample(pieces))
    }

    /// The numbers of [`Counts`], with a comma between them.
    fn query(&self, filter: &Filter, pieces: &[String]) -> Query {
        // An operator who has opened no practice has no organization either.
        let people = "SELECT CAST(COALESCE((SELECT o.people_count FROM organizations o WHERE o.organization_id = $1), 0) AS text)";
        let mut q = Query::about(people, self.organization.0);
        q.push(" || ',' || CAST(count(*) AS text) || ',' || CAST(count(CASE WHEN 1 = 1");
        let among =
            if filter.is_covered() { same_text } else { |q: &mut _, f: &_| conditions(q, f, Phrase::default()) };
        among(&mut q, filter);
        q.push(" THEN 1 END) AS text) || ',' || CAST(count(CASE WHEN 1 = 1");
        among(&mut q, &filter.narrow_part().unwrap_or_default());
        q.push(" THEN 1 END) AS text)");
        for piece in pieces {
            q.push(" || ',' || CAST(count(CASE WHEN {find d.search_text ").bind(piece.as_str());
            q.push("} THEN 1 END) AS text)");
        }
        if filter.is_covered() {
            // Names say nothing of type, status and permissions, and their index has all three.
            q.push(" FROM (SELECT d.user_type, d.status, d.permissions FROM directory d WHERE d.organization_id = $1");
            q.push(&format!(" ORDER BY d.name_key, d.person_id LIMIT {SAMPLE}) d"));
            return q;
        }
        q.push(" FROM (");
        let (first, last) = (self.ends.0.as_u128(), self.ends.1.as_u128());
        let step = last.saturating_sub(first) / u128::from(PLACES);
        for place in 0..PLACES {
            q.push(if place == 0 { "" } else { " UNION ALL " });
            q.push("SELECT * FROM (SELECT d.* FROM directory d WHERE d.organization_id = $1 AND d.person_id >= ");
            q.bind(Uuid::from_u128(first + step * u128::from(place)));
            q.push(&format!(" ORDER BY d.person_id LIMIT {}) d", SAMPLE / i64::from(PLACES)));
        }
        q.push(") d");
        q
    }
}

/// The conditions of a filter on type, status and permission, in the same words whatever it asks for: a server knows such
/// a statement already, and for one that it does not know it takes longer than for the sample.
fn same_text(q: &mut Query, filter: &Filter) {
    let (kind, status) = (filter.user_type.map_or("", |t| t.as_str()), filter.status.map_or("", |s| s.as_str()));
    let permission = filter.permission.map_or(0, Permission::bit);
    for (column, value) in [("user_type", kind), ("status", status)] {
        q.push(" AND d.").push(column).push(" = COALESCE(nullif(CAST(").bind(value);
        q.push(&format!(" AS text), ''), d.{column})"));
    }
    q.push(" AND (d.permissions & CAST(").bind(permission).push(" AS bigint)) <> CAST(");
    q.bind(-i64::from(permission == 0)).push(" AS bigint)");
}

/// What a look at some rows counts.
struct Counts {
    people: i64,
    rows: i64,
    matches: i64,
    narrow: i64,
    pieces: Vec<i64>,
}

impl Counts {
    async fn read(query: &Query, h: &mut impl Handle) -> Result<Self> {
        let row: Vec<(String,)> = query.fetch_all(h).await?;
        let mut counts = row.iter().flat_map(|(c,)| c.split(',')).map(|n| n.parse().unwrap_or(0));
        let mut next = || counts.next().unwrap_or(0);
        let (people, rows, matches, narrow) = (next(), next(), next(), next());
        Ok(Self { people, rows, matches, narrow, pieces: counts.collect() })
    }

    /// Of a text with these pieces.
    fn sample(self, pieces: Vec<String>) -> Sample {
        let mut pieces: Vec<(String, i64)> = pieces.into_iter().zip(self.pieces).collect();
        pieces.sort_by_key(|(_, count)| *count);
        Sample { rows: self.rows.max(1), matches: self.matches, narrow: self.narrow, pieces }
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
        let filter = Filter { status: Some(muster_domain::emr::Status::Active), ..Filter::default() };
        for with_sample in [true, false] {
            assert_eq!(Crowd::of(&mut tx, HERE, &filter, with_sample).await.unwrap().people, 0);
        }
    }

    #[tokio::test]
    async fn a_sample_reads_its_rows_and_no_others() {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let ends = (Uuid::from_u128(10), Uuid::from_u128(99));
        let crowd = Crowd { organization: HERE, people: 5000, ends, sample: None };
        let filter = Filter { q: "mara".into(), ..Filter::default() };
        let lines: Vec<(i64, i64, i64, String)> =
            crowd.query(&filter, &["ma".to_owned()]).explained().fetch_all(&mut tx).await.unwrap();
        let read = "SEARCH d USING INDEX sqlite_autoindex_directory_1 (organization_id=? AND person_id>?)";
        assert_eq!(lines.iter().filter(|l| l.3 == read).count(), PLACES as usize, "{lines:#?}");
        let filter = Filter { permission: Some(muster_domain::emr::Permission::EditUsers), ..Filter::default() };
        let lines: Vec<(i64, i64, i64, String)> =
            crowd.query(&filter, &[]).explained().fetch_all(&mut tx).await.unwrap();
        let read = "SEARCH d USING COVERING INDEX directory_name (organization_id=?)";
        assert!(lines.iter().any(|l| l.3 == read) && !lines.iter().any(|l| l.3.contains("TEMP")), "{lines:#?}");
        let ends: Vec<(i64, i64, i64, String)> =
            Query::about(&format!("EXPLAIN QUERY PLAN {}", Crowd::text()), HERE.0).fetch_all(&mut tx).await.unwrap();
        let read = "SEARCH p USING PRIMARY KEY (organization_id=?)";
        assert_eq!(ends.iter().filter(|l| l.3 == read).count(), 2, "{ends:#?}");
        assert!(!ends.iter().any(|l| l.3.contains("TEMP B-TREE")), "{ends:#?}");
    }
}
