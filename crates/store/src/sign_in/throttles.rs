//! Failures that make whoever tries again wait.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::dialect::in_texts;
use crate::query::Query;
use crate::{Changes, Db, Handle, Result, Tx, micros, typed, when};

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    throttle_key: String,
    failures: i64,
    last_failure_at: i64,
}

/// Keys as they can be looked for.
pub(super) struct Keys<'a>(Vec<Cow<'a, str>>);

impl<'a> Keys<'a> {
    pub fn new(keys: &[&'a str]) -> Self {
        Self(keys.iter().map(|k| typed(k)).collect())
    }

    /// As a JSON array, for [`in_texts`].
    pub fn bound(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    /// How many failures stand under each key, in the order of the keys, and when the last one was.
    pub fn each_of(&self, rows: &[Row]) -> Vec<(i64, Timestamp)> {
        let of = |key: &Cow<str>| rows.iter().find(|r| r.throttle_key == *key);
        let told = |r: Option<&Row>| r.map_or((0, None), |r| (r.failures, when(r.last_failure_at)));
        let each = self.0.iter().map(|key| told(of(key)));
        each.map(|(failures, last)| (failures, last.unwrap_or(Timestamp::UNIX_EPOCH))).collect()
    }
}

/// How many failures stand under each of these keys, in their order, and when the last one was.
pub async fn failures(h: &mut impl Handle, keys: &[&str]) -> Result<Vec<(i64, Timestamp)>> {
    let is_asked = in_texts(h.split().engine(), "throttle_key", "$1");
    let text = format!("SELECT throttle_key, failures, last_failure_at FROM throttles WHERE {is_asked}");
    let keys = Keys::new(keys);
    let rows: Vec<Row> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(keys.bound()).fetch_all(c).await?);
    Ok(keys.each_of(&rows))
}

/// Notes one more failure; a count whose last failure is not later than `forget_before` starts anew.
pub async fn note_failure(tx: &mut Tx, key: &str, now: Timestamp, forget_before: Timestamp) -> Result<()> {
    let text = "INSERT INTO throttles (throttle_key, failures, last_failure_at) VALUES ($1, 1, $2)
        ON CONFLICT (throttle_key) DO UPDATE SET last_failure_at = $2,
            failures = CASE WHEN throttles.last_failure_at <= $3 THEN 1 ELSE throttles.failures + 1 END";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(typed(key)).bind(micros(now)).bind(micros(forget_before)).execute(c).await?;
    });
    Ok(())
}

/// Forgets the failures under these keys.
pub fn clear_failures(db: &Db, keys: &[&str]) -> Changes {
    let text = format!("DELETE FROM throttles WHERE {}", in_texts(db.engine(), "throttle_key", "$1"));
    (!keys.is_empty()).then(|| Query::about(&text, Keys::new(keys).bound())).into_iter().collect()
}
