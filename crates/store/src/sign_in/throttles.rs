//! Failed attempts, which make the next attempts wait.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::sql::dialect::in_texts;
use crate::{Handle, Result, Tx, micros, typed, when};

/// How many failures stand under each of these keys, in their order, and when the last one was.
pub async fn failures(h: &mut impl Handle, keys: &[&str]) -> Result<Vec<(i64, Timestamp)>> {
    let is_asked = in_texts(h.split().engine(), "throttle_key", "$1");
    let text = format!("SELECT throttle_key, failures, last_failure_at FROM throttles WHERE {is_asked}");
    let keys: Vec<Cow<str>> = keys.iter().map(|k| typed(k)).collect();
    let rows: Vec<(String, i64, i64)> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(json_list(&keys)).fetch_all(c).await?);
    let of = |key: &Cow<str>| rows.iter().find(|(found, ..)| found == key).map(|(_, n, at)| (*n, when(*at)));
    let each = keys.iter().map(|key| of(key).unwrap_or((0, None)));
    Ok(each.map(|(failures, last)| (failures, last.unwrap_or(Timestamp::UNIX_EPOCH))).collect())
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
pub async fn clear_failures(tx: &mut Tx, keys: &[&str]) -> Result<()> {
    let keys: Vec<Cow<str>> = keys.iter().map(|k| typed(k)).collect();
    let text = format!("DELETE FROM throttles WHERE {}", in_texts(tx.split().engine(), "throttle_key", "$1"));
    on!(tx, &text, |sql, c| {
        sqlx::query(sql).bind(json_list(&keys)).execute(c).await?;
    });
    Ok(())
}

/// As [`in_texts`] takes them.
fn json_list(keys: &[Cow<str>]) -> String {
    serde_json::json!(keys).to_string()
}
