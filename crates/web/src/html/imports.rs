//! `/import`: changes to people who are here, or new people, from a CSV file. Looked at first, saved afterward.

use std::io::{Read, Seek};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::bulk::FileOptions;
use muster_app::imports::{FileColumn, FileKind, ImportOptions, ImportReport, ImportStatus};
use muster_app::{AppError, Channel};
use muster_domain::emr::Permission;
use muster_domain::labels::{counted, field_label};
use muster_domain::{Code, Refusal};

use super::form_errors::FormErrors;
use super::parts::{
    self, Banner, BannerKind, Button, ButtonKind, Checkbox, Choice, Column, Field, FieldKind, Icon, RadioChoice,
    RadioGroup, Select, Table,
};
use super::shell;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::upload::{FileForm, Upload};
use crate::{assets, urls};

/// As much of a file as its columns are looked up in, in bytes; `columns.js` sends no more.
const HEAD: u64 = 64 * 1024;
/// Columns that are asked about; what stands beyond goes by its name.
const ASKED: usize = 60;
/// Longest cell that is shown, in characters.
const SHOWN: usize = 40;

fn kind_of(form: &FormData) -> FileKind {
    if form.one("kind") == "people" { FileKind::People } else { FileKind::Changes }
}

/// What was chosen for each column: `(column, our field)`.
fn mapping(form: &FormData) -> Vec<(String, String)> {
    form.all("column").zip(form.all("field")).map(|(column, field)| (column.to_owned(), field.to_owned())).collect()
}

/// The columns of a file as far as they can be made out, with what was chosen for them; the file stays as it was.
async fn columns_of(web: &Web, page: &Page, form: &FormData, file: &mut Upload) -> Vec<FileColumn> {
    let mut head = Vec::new();
    let read = file.by_ref().take(HEAD).read_to_end(&mut head).and_then(|_| file.rewind());
    if read.is_err() {
        return Vec::new();
    }
    let head = std::io::Cursor::new(head);
    web.app.preview_columns(&page.actor, kind_of(form), head, &mapping(form)).await.unwrap_or_default()
}

/// `GET /import`
pub(crate) async fn show(State(web): State<Web>, page: Page) -> Response {
    if let Err(refusal) = page.actor.require(Permission::EditUsers) {
        return PageError(refusal.into()).into_response();
    }
    draw(&web, &page, &FormData::default(), &FormErrors::default(), &html! {}, &[]).into_response()
}

/// `POST /import/columns`: the part that asks what the columns of the chosen file hold.
pub(crate) async fn columns(State(web): State<Web>, posted: FileForm) -> Response {
    let FileForm { page, form, file } = posted;
    let Some((_, mut file)) = file else { return ask(&form, &[]).into_response() };
    let found = columns_of(&web, &page, &form, &mut file).await;
    ask(&form, &found).into_response()
}

/// `POST /import`
pub(crate) async fn save(State(web): State<Web>, headers: HeaderMap, posted: FileForm) -> Response {
    let FileForm { page, form, file } = posted;
    let partly = headers.contains_key("hx-request");
    let mut found = Vec::new();
    let done = async {
        let Some((name, mut file)) = file else {
            return Err(AppError::from(Refusal::new("file", Code::ImageMissing)));
        };
        found = columns_of(&web, &page, &form, &mut file).await;
        let map = mapping(&form);
        if kind_of(&form) == FileKind::People {
            let dry_run = form.one("go") != "save";
            let options =
                ImportOptions { dry_run, map, invite: form.one("invite") == "true", ..ImportOptions::default() };
            let actor = page.actor.clone().through(Channel::Import);
            let report = web.app.import_people(&actor, file, options, |_| {}).await?;
            return Ok(draw(&web, &page, &form, &FormErrors::default(), &reported(&report), &found).into_response());
        }
        let (draft, _) = web.app.draft_bulk_from_file(&page.actor, file, FileOptions { name, map }).await?;
        Ok(shell::redirect_from(&headers, &urls::bulk(draft.job.id)))
    };
    match done.await {
        Ok(response) => response,
        Err(error @ AppError::Refused(_)) => {
            let said =
                if let AppError::Refused(refusals) = &error { FormErrors::of(refusals) } else { FormErrors::default() };
            let drawn = draw(&web, &page, &form, &said, &html! {}, &found);
            // htmx swaps in what succeeds only.
            if partly { drawn.into_response() } else { shell::refused(&error, drawn) }
        }
        Err(error) => PageError(error).into_response(),
    }
}

fn draw(web: &Web, page: &Page, form: &FormData, said: &FormErrors, report: &Markup, found: &[FileColumn]) -> Markup {
    let bulk = web.app.may_update_in_bulk(&page.actor);
    let kind = form.filled("kind").unwrap_or(if bulk { "changes" } else { "people" });
    let kinds = [
        RadioChoice {
            value: "changes",
            label: "Changes to users who are here",
            hint: Some(
                "Permissions, clinics and status, row by row. You see what would happen before anything is saved, and can undo it.",
            ),
            disabled_reason: (!bulk).then_some("Bulk updates are for clinic admins who may edit users."),
        },
        RadioChoice {
            value: "people",
            label: "New people",
            hint: Some("Whoever is here already stays as they are, so the same file can be imported again."),
            ..RadioChoice::default()
        },
    ];
    let body = html! {
        p.plain-links { a href=(urls::USERS) { (parts::icon(Icon::ChevronLeft)) " Users" } }
        (parts::heading("Import", Some("A CSV file, as spreadsheets save it (“CSV UTF-8”). The first row names the columns."), &html! {}))
        div #came-of-it { (said.summary()) (report) }
        // With scripts the chosen file stays chosen after it was looked at.
        form method="post" action=(urls::IMPORT) enctype="multipart/form-data" data-columns=(urls::IMPORT_COLUMNS)
            hx-post=(urls::IMPORT) hx-encoding="multipart/form-data" hx-target="#came-of-it" hx-select="#came-of-it"
            hx-select-oob="#map" hx-swap="outerHTML show:window:top" hx-sync="this:queue last"
            data-unsent="The file could not be sent, and nothing was saved. It may have been changed since you chose it: choose it again." {
            (parts::csrf_field(&page.info.csrf))
            (parts::card("", &html! { div.stack {
                (parts::radio_group(&RadioGroup { name: "kind", legend: "What is in the file?", current: kind, options: &kinds, hint: None, errors: said.at("kind") }))
                (parts::input(&Field::new("file", "File", "").kind(FieldKind::File).required().errors(said.at("file")).attr("accept", ".csv,text/csv")))
                (parts::checkbox(&Checkbox { name: "invite", value: "true", label: "Invite new people by email", hint: Some("Everybody added with an active profile gets a link to choose a password."), checked: form.one("invite") == "true", ..Checkbox::default() }))
                (parts::disclosure("Which columns are read", false, &html! {
                    p { "Changes: one of " (names(FileKind::Changes, 0, 4)) " says who. What to change: " (names(FileKind::Changes, 4, 7)) "." }
                    p { "Several entries of a cell stand with a semicolon between them; clinics are given by name. A list in " code { "permissions" } " or " code { "clinics" } " says what is to be afterward; an empty cell changes nothing." }
                    p { "New people: " (names(FileKind::People, 0, 99)) ", and the columns of the public CMS clinician files." }
                    p { "Columns of other names are read too, once you say below what they hold." }
                }))
            } }))
            (ask(form, found))
            (parts::form_actions(&html! {
                (parts::button(&Button { label: "Look at it first", kind: ButtonKind::Primary, icon: Some(Icon::Upload), sends: Some(("go", "look")), ..Button::default() }))
                (parts::button(&Button { label: "Import new people now", sends: Some(("go", "save")), ..Button::default() }))
                span.working role="status" { "The file is being read. This takes a moment for every ten thousand rows." }
            }))
        }
        script type="module" src=(assets::urls().columns) {}
    };
    shell::page(web, page, "Import", None, &body)
}

/// Some of our own names of columns.
fn names(kind: FileKind, from: usize, count: usize) -> Markup {
    html! {
        @for (at, name) in kind.names().into_iter().skip(from).take(count).enumerate() {
            @if at > 0 { ", " }
            code { (name) }
        }
    }
}

/// One question a column of the file.
fn ask(form: &FormData, found: &[FileColumn]) -> Markup {
    if found.is_empty() {
        return html! { div #map {} };
    }
    let known = kind_of(form).names();
    let rows: Vec<Vec<Markup>> =
        found.iter().take(ASKED).enumerate().map(|(at, column)| question(at, column, &known)).collect();
    let columns = [Column::new("Column"), Column::new("First rows"), Column::new("What it holds")];
    let table = Table {
        caption: "Columns of this file",
        columns: &columns,
        rows: &rows,
        row_header: Some(0),
        ..Table::default()
    };
    let read = found.iter().filter(|c| c.meaning.is_some()).count();
    let text = if read == found.len() {
        format!("All {read} are read.")
    } else {
        format!("Read: {read} of {}. Say what the others hold, where it matters.", found.len())
    };
    html! {
        div #map aria-live="polite" {
            (parts::section("Columns of this file", Some(&text), &parts::data_table(&table)))
        }
    }
}

fn question(at: usize, column: &FileColumn, known: &[&'static str]) -> Vec<Markup> {
    let current = column.meaning.unwrap_or_default();
    let mut choices = vec![Choice::new("", "Not read", current)];
    choices.extend(known.iter().map(|name| Choice::new(name, field_label(name), current)));
    let label = format!("What “{}” holds", column.name);
    let id = format!("field-{at}");
    let select = Select {
        name: "field",
        id: Some(&id),
        label: &label,
        options: &choices,
        bare: true,
        quiet: true,
        ..Select::default()
    };
    let shortened = |text: &String| -> String {
        let short: String = text.chars().take(SHOWN).collect();
        if short.len() < text.len() { short + "…" } else { short }
    };
    let samples: Vec<String> = column.samples.iter().map(shortened).collect();
    vec![
        html! { (column.name) input type="hidden" name="column" value=(column.name); },
        html! { span.soft { (samples.join(", ")) } },
        parts::select(&select),
    ]
}

fn rows(count: u64) -> String {
    counted(count, "row", "rows")
}

fn reported(report: &ImportReport) -> Markup {
    let kind = match report.outcome() {
        ImportStatus::All => BannerKind::Ok,
        ImportStatus::Some => BannerKind::Warn,
        ImportStatus::Nothing => BannerKind::Bad,
    };
    let title = if report.dry_run {
        format!("{} of {} would be added. Nothing was saved yet.", report.added, rows(report.rows))
    } else {
        format!("{} of {} {} added.", report.added, rows(report.rows), if report.added == 1 { "was" } else { "were" })
    };
    let body = html! {
        @if report.unchanged > 0 { p { (report.unchanged) " are here already." } }
        @if report.refused_rows > 0 {
            details open {
                summary { (rows(report.refused_rows)) @if report.refused_rows == 1 { " is" } @else { " are" } " refused" }
                ul { @for row in report.refused.iter().take(100) { li { "Line " (row.line) ": " (row.refusals) } } }
            }
        }
        @if report.possible_duplicates > 0 {
            details open {
                summary { (rows(report.possible_duplicates)) " may be people who are here already" }
                ul { @for row in report.possible_duplicate_rows.iter().take(100) { li { (row.sentence()) } } }
                @for one in &report.ask { p { "Who is meant out of sight, " (one.name) " can say: " a href={ "mailto:" (one.email) } { (one.email) } } }
            }
        }
        @if report.dry_run && report.added > 0 {
            p { "Press “Import new people now” to save." noscript { " Choose the file again before that." } }
        }
    };
    parts::banner(&Banner { kind, title: &title, body, outcome: None })
}
