//! The result of a bulk update: its outcome, the reasons, each person, a CSV file, and the link to the undo.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::bulk::{BulkResult, BulkView};
use muster_domain::Code;
use muster_domain::bulk::BulkOutcome;
use muster_domain::bulk::{BulkKind, BulkState};
use muster_domain::labels::counted;
use muster_domain::organizations::Clinic;
use uuid::Uuid;

use super::labels::{changes, reasons, users};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::parts::{self, Banner, BannerKind, ButtonLink, ChipKind, Column, Icon, Table};
use crate::html::shell::{self, moment};
use crate::urls;

/// People on one page.
const PAGE: i64 = 50;

/// `GET /emr/bulk/{job}/results.csv`
pub(crate) async fn results_csv(State(web): State<Web>, Path(id): Path<String>, page: Page) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return PageError(AppError::NotFound).into_response() };
    match crate::download::results(&web, &page.actor, id).await {
        Ok(response) => response,
        Err(error) => PageError(error).into_response(),
    }
}

/// `GET /emr/bulk/{job}/rows.csv`
pub(crate) async fn file_rows(State(web): State<Web>, Path(id): Path<String>, page: Page) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return PageError(AppError::NotFound).into_response() };
    match web.app.bulk_rows_to_fix(&page.actor, id).await {
        Ok(bytes) => crate::download::whole_file("rows-to-fix.csv", bytes),
        Err(error) => PageError(error).into_response(),
    }
}

pub(super) async fn draw(web: &Web, page: &Page, view: &BulkView, form: &FormData) -> muster_app::Result<Markup> {
    let id = view.job.id;
    let clinics = web.app.clinics(&page.actor).await?;
    let groups = web.app.bulk_reasons(&page.actor, id).await?;
    let after = form.filled("after").and_then(|a| a.parse().ok());
    let results = web.app.bulk_results(&page.actor, id, false, after, PAGE).await?;
    let organization = page.info.organization.as_ref();
    let undo = view.job.kind == BulkKind::Undo;
    let title = if undo { "Undo of a bulk update" } else { "Result of the bulk update" };
    let when = view.job.finished_at.map(|at| moment(at, organization)).unwrap_or_default();
    let aside = html! {
        (parts::button_link(&ButtonLink { href: &urls::bulk_to(id, "results.csv"), label: "Results (CSV)", icon: Some(Icon::Download), attrs: vec![("download", String::new())], ..ButtonLink::default() }))
        @if view.undo_until.is_some() {
            (parts::button_link(&ButtonLink { href: &urls::bulk_to(id, "undo"), label: "Undo…", icon: Some(Icon::Undo), ..ButtonLink::default() }))
        }
    };
    let body = html! {
        p.plain-links { a href=(urls::USERS) { (parts::icon(Icon::ChevronLeft)) " Users" } a href=(urls::BULK_JOBS) { "Earlier bulk updates" } }
        (parts::heading(title, Some(&format!("{} · {when}", view.job.actor_name)), &aside))
        (super::steps_of(view.job.kind, 2))
        (banner(view, &groups))
        (parts::card("About it", &about(view, &clinics, organization)))
        (table(&results.items, &clinics))
        @if results.next.is_some() || after.is_some() {
            @let next = results.next.map(|n| urls::with_query(&urls::bulk(id), &[("after", &n.to_string())]));
            (parts::cursor_pager(after.map(|_: Uuid| urls::bulk(id)).as_deref(), next.as_deref(), &users(view.job.tally.judged)))
        }
    };
    Ok(shell::page(web, page, title, None, &body))
}

/// Green, yellow or red. Yellow and red open to the reasons and the names: by pointer, keyboard and touch.
fn banner(view: &BulkView, groups: &[muster_app::bulk::ReasonGroup]) -> Markup {
    let (tally, outcome) = (&view.job.tally, view.outcome.unwrap_or(BulkOutcome::Failed));
    let selected = u64::try_from(view.job.selected).unwrap_or(0);
    let kind = match outcome {
        BulkOutcome::Complete => BannerKind::Ok,
        BulkOutcome::Partial => BannerKind::Warn,
        BulkOutcome::Failed => BannerKind::Bad,
    };
    let title = match outcome {
        BulkOutcome::Complete => format!("All done: {} updated", users(tally.updated)),
        BulkOutcome::Partial => {
            format!("{} of {} updated; not everything was done", tally.updated, users(selected))
        }
        BulkOutcome::Failed => "Nobody was updated".to_owned(),
    };
    let (user, clinic) = (tally.user_changes_refused, tally.clinic_changes_refused);
    let left = selected.saturating_sub(tally.judged);
    let body = html! {
        @if user + clinic > 0 {
            p { (counted(user, "user change", "user changes")) " and " (counted(clinic, "clinic change", "clinic changes")) " were not made." }
        }
        @if tally.unchanged > 0 { p { (users(tally.unchanged)) " had nothing to change." } }
        @if left > 0 {
            p {
                (users(left)) " were not looked at, because "
                @if view.job.state == BulkState::Stopped { "whoever started it may no longer update users in bulk." } @else { "it was stopped." }
            }
        }
        @let real: Vec<_> = groups.iter().filter(|g| outcome == BulkOutcome::Failed || g.code != Code::NothingToChange.as_str()).cloned().collect();
        @if !real.is_empty() {
            details.reasons open[outcome == BulkOutcome::Failed] {
                summary { "What was not done, and why" }
                (reasons(&real))
            }
        }
    };
    parts::banner(&Banner { kind, title: &title, body, outcome: Some(outcome.as_str()) })
}

fn about(
    view: &BulkView,
    clinics: &[Clinic],
    organization: Option<&muster_domain::organizations::Organization>,
) -> Markup {
    let what = match view.job.kind {
        BulkKind::Undo => "Takes back what another bulk update did".to_owned(),
        BulkKind::File => "Changes of a file, row by row".to_owned(),
        BulkKind::Update => changes(&view.changes, clinics),
    };
    let mut facts = vec![("Changes", html! { (what) }), ("Users selected", html! { (view.job.selected) })];
    if let Some(of) = view.job.undo_of {
        facts.push(("Undoes", html! { a href=(urls::bulk(of)) { "the bulk update before" } }));
    }
    if let Some(by) = view.job.undone_by {
        facts.push(("Undone", html! { "by " a href=(urls::bulk(by)) { "this undo" } }));
    }
    if let Some(until) = view.undo_until {
        facts.push(("Can be undone until", html! { (moment(until, organization)) }));
    }
    html! {
        (parts::definition_list(&facts))
        @if view.job.kind == BulkKind::File && view.job.tally.refused > 0 {
            p { a href=(urls::bulk_to(view.job.id, "rows.csv")) download { "Download the refused rows to put them right" } }
        }
    }
}

fn table(items: &[BulkResult], clinics: &[Clinic]) -> Markup {
    let columns = [Column::new("Name"), Column::new("Result"), Column::new("Done"), Column::new("Not done")];
    let rows: Vec<Vec<Markup>> = items
        .iter()
        .map(|one| {
            let (kind, word) = match (one.state.as_str(), one.refused.is_empty()) {
                ("updated", true) => (ChipKind::Ok, "updated"),
                ("updated", false) => (ChipKind::Warn, "in part"),
                ("unchanged", _) => (ChipKind::Plain, "unchanged"),
                ("refused", _) => (ChipKind::Bad, "refused"),
                _ => (ChipKind::Off, "not looked at"),
            };
            vec![
                html! {
                    @if let Some(name) = &one.full_name { a href=(urls::user(one.person)) { (name) } } @else { "Someone you cannot see" }
                    @if let Some(u) = &one.username { span.under { (u) } }
                },
                parts::chip(kind, word),
                html! { (changes(&one.made, clinics)) },
                html! { @if one.state != "unchanged" { @for line in &one.refused { span.under { (line.message) } } } },
            ]
        })
        .collect();
    parts::data_table(&Table {
        caption: "What came of each user",
        columns: &columns,
        rows: &rows,
        row_header: Some(0),
        ..Table::default()
    })
}
