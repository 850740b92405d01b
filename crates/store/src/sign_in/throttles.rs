//! Failures that make whoever tries again wait.

use jiff::Timestamp;

use crate::{Handle, Result, Tx, micros, typed, when};

/// How many failures stand under each of these keys, in their order, and when the last one was.
pub async fn failures(h: &mut impl Handle, keys: &[&str]) -> Result<Vec<(i64, Timestamp)>> {
    let text = "SELECT throttle_key, failures, last_failure_at FROM throttles WHERE {among throttle_key $1}";
    let keys: Vec<_> = keys.iter().map(|k| typed(k)).collect();
    let list = serde_json::json!(keys).to_string();
    let rows: Vec<(String, i64, i64)> = on!(h, text, |sql, c| sqlx::query_as(sql).bind(list).fetch_all(c).await?);
    let of = |key: &str| rows.iter().find(|(k, ..)| k == key).map_or((0, 0), |(_, failures, at)| (*failures, *at));
    Ok(keys.iter().map(|key| of(key)).map(|(n, at)| (n, when(at).unwrap_or(Timestamp::UNIX_EPOCH))).collect())
}

/// Notes one more failure; a count whose last failure is older than `forget_before` starts anew.
pub async fn note_failure(tx: &mut Tx, key: &str, now: Timestamp, forget_before: Timestamp) -> Result<()> {
    let text = "INSERT INTO throttles (throttle_key, failures, last_failure_at) VALUES ($1, 1, $2)
        ON CONFLICT (throttle_key) DO UPDATE SET last_failure_at = $2,
            failures = CASE WHEN throttles.last_failure_at < $3 THEN 1 ELSE throttles.failures + 1 END";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(typed(key)).bind(micros(now)).bind(micros(forget_before)).execute(c).await?;
    });
    Ok(())
}

/// Forgets the failures under a key.
pub async fn clear_failures(tx: &mut Tx, key: &str) -> Result<()> {
    on!(tx, "DELETE FROM throttles WHERE throttle_key = $1", |sql, c| {
        sqlx::query(sql).bind(typed(key)).execute(c).await?;
    });
    Ok(())
}
