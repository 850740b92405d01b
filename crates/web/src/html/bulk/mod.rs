//! Bulk user management: select, choose and look, save, watch, take back.

pub(crate) mod draft;
mod job;
mod labels;
mod list;
mod outcome;
pub(crate) mod progress;
pub(crate) mod select;
pub(crate) mod undo;

pub(crate) use job::{cancel, show};
pub(crate) use list::show as earlier;
pub(crate) use outcome::{file_rows, results_csv};

use maud::Markup;
use muster_domain::bulk::BulkKind;

use crate::html::parts::{self, Step};
use crate::urls;

/// The way through, at the top of each page.
fn steps_of(kind: BulkKind, current: usize) -> Markup {
    let step = |label, href| Step { label, href };
    let all = match kind {
        BulkKind::File => [step("Choose a file", Some(urls::IMPORT)), step("Look at it", None), step("Result", None)],
        _ => [step("Select users", Some(urls::BULK_SELECT)), step("Choose changes", None), step("Result", None)],
    };
    parts::steps("Steps of a bulk update", &all, current)
}
