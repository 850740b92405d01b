//! The audit record as a CSV file.

use muster_store::audit::AuditRecord;

use crate::spreadsheet::harmless;
use crate::{AppError, Result};

/// The names of the columns.
const HEAD: [&str; 13] = [
    "seq",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "action",
    "effect",
    "subject_id",
    "subject_name",
    "channel",
    "address",
    "detail",
    "hash",
];

/// One line a record, times in UTC.
pub(super) fn csv(records: &[AuditRecord], with_head: bool) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| AppError::Internal(e.to_string());
    if with_head {
        out.write_record(HEAD).map_err(failed)?;
    }
    for record in records {
        let e = &record.entry;
        let id = |id: Option<uuid::Uuid>| id.map(|i| i.to_string()).unwrap_or_default();
        let hash = record.hash.iter().fold(String::with_capacity(64), |mut out, b| {
            use std::fmt::Write;
            let _ = write!(out, "{b:02x}");
            out
        });
        let cells = [
            record.seq.to_string(),
            e.at.to_string(),
            e.actor_kind.clone(),
            id(e.actor_id),
            harmless(&e.actor_name),
            e.action.clone(),
            e.effect.clone(),
            id(e.subject_id),
            harmless(&e.subject_name),
            e.channel.clone(),
            harmless(&e.address),
            harmless(&e.detail),
            hash,
        ];
        out.write_record(&cells).map_err(failed)?;
    }
    out.into_inner().map_err(|e| AppError::Internal(e.to_string()))
}
