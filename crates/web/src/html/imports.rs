//! `/import`: changes to people who are here, or new people, from a CSV file. Looked at first, saved afterwards.

use std::io::{Seek, SeekFrom, Write};

use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::bulk::{FileOptions, file_fields};
use muster_app::imports::{ImportOptions, ImportReport, Imported};
use muster_app::{AppError, Channel};
use muster_domain::emr::Permission;

use super::parts::{
    self, Banner, BannerKind, Button, ButtonKind, Field, FieldKind, Icon, RadioChoice, RadioGroup, Textarea,
};
use super::said::Said;
use super::shell;
use crate::context::Web;
use crate::errors::{PageError, page as plain_page};
use crate::extract::{Page, constant_time_eq, stale_form};
use crate::form::FormData;
use crate::urls;

/// Largest file, in bytes (contract, "Limits").
const LARGEST_FILE: usize = 256 * 1024 * 1024;

/// A form with one file, spilled to the disk while it arrives.
pub(crate) struct PostedFile {
    page: Page,
    form: FormData,
    file: Option<(String, std::fs::File)>,
}

impl FromRequest<Web> for PostedFile {
    type Rejection = Response;
    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let page = Page::from_request_parts(&mut parts, web).await?;
        let mut request = Request::from_parts(parts, body);
        DefaultBodyLimit::max(LARGEST_FILE + 64 * 1024).apply(&mut request);
        let unreadable = |status: StatusCode| {
            plain_page(status, "This form could not be read, or the file is larger than 256 MiB. Nothing was saved.")
        };
        let internal = |error: &std::io::Error| {
            PageError(AppError::Internal(format!("keeping an upload: {error}"))).into_response()
        };
        let mut multipart =
            Multipart::from_request(request, web).await.map_err(|_| unreadable(StatusCode::BAD_REQUEST))?;
        let (mut pairs, mut file) = (Vec::new(), None);
        while let Some(mut field) = multipart.next_field().await.map_err(|e| unreadable(e.status()))? {
            let name = field.name().unwrap_or_default().to_owned();
            if let Some(called) = field.file_name().map(str::to_owned) {
                let mut spilled = tempfile::tempfile().map_err(|e| internal(&e))?;
                while let Some(piece) = field.chunk().await.map_err(|e| unreadable(e.status()))? {
                    spilled.write_all(&piece).map_err(|e| internal(&e))?;
                }
                spilled.seek(SeekFrom::Start(0)).map_err(|e| internal(&e))?;
                file = Some((called, spilled)).filter(|(called, _)| !called.is_empty());
            } else {
                pairs.push((name, field.text().await.map_err(|e| unreadable(e.status()))?));
            }
        }
        let form = FormData::of(pairs);
        if constant_time_eq(form.one("csrf"), &page.info.csrf) {
            Ok(Self { page, form, file })
        } else {
            Err(stale_form())
        }
    }
}

/// `Their column = our_field`, one a line.
fn mapping(form: &FormData) -> Vec<(String, String)> {
    let pair = |line: &str| line.split_once('=').map(|(from, to)| (from.trim().to_owned(), to.trim().to_owned()));
    form.one("map").lines().filter_map(pair).collect()
}

/// `GET /import`
pub(crate) async fn show(State(web): State<Web>, page: Page) -> Response {
    if let Err(refusal) = page.actor.require(Permission::EditUsers) {
        return PageError(refusal.into()).into_response();
    }
    draw(&web, &page, &FormData::default(), &Said::default(), &html! {}).into_response()
}

/// `POST /import`
pub(crate) async fn save(State(web): State<Web>, posted: PostedFile) -> Response {
    let PostedFile { page, form, file } = posted;
    let done = async {
        let Some((name, file)) = file else {
            let refusal = muster_domain::Refusal::new("file", muster_domain::Code::ImageMissing);
            return Err(AppError::from(refusal));
        };
        let map = mapping(&form);
        if form.one("kind") == "people" {
            let dry_run = form.one("go") != "save";
            let options =
                ImportOptions { dry_run, map, invite: form.one("invite") == "true", ..ImportOptions::default() };
            let actor = page.actor.clone().through(Channel::Import);
            let report = web.app.import_people(&actor, file, options, |_| {}).await?;
            return Ok(draw(&web, &page, &form, &Said::default(), &reported(&report)).into_response());
        }
        let (draft, _) = web.app.draft_bulk_from_file(&page.actor, file, FileOptions { name, map }).await?;
        Ok(shell::go(&urls::bulk(draft.job.id)))
    };
    match done.await {
        Ok(response) => response,
        Err(error @ AppError::Refused(_)) => {
            let said = if let AppError::Refused(refusals) = &error { Said::of(refusals) } else { Said::default() };
            shell::refused(&error, draw(&web, &page, &form, &said, &html! {}))
        }
        Err(error) => PageError(error).into_response(),
    }
}

fn draw(web: &Web, page: &Page, form: &FormData, said: &Said, report: &Markup) -> Markup {
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
    let names: Vec<&str> = file_fields().collect();
    let body = html! {
        p.plain-links { a href=(urls::USERS) { (parts::icon(Icon::ChevronLeft)) " Users" } }
        (parts::heading("Import", Some("A CSV file, as spreadsheets save it (“CSV UTF-8”). The first row names the columns."), &html! {}))
        (said.summary())
        (report)
        form method="post" action=(urls::IMPORT) enctype="multipart/form-data" {
            (parts::csrf_field(&page.info.csrf))
            (parts::card("", &html! { div.stack {
                (parts::radio_group(&RadioGroup { name: "kind", legend: "What is in the file?", current: kind, options: &kinds, hint: None, errors: said.at("kind") }))
                (parts::input(&Field::new("file", "File", "").kind(FieldKind::File).required().errors(said.at("file")).attr("accept", ".csv,text/csv")))
                (parts::textarea(&Textarea {
                    name: "map",
                    label: "Columns of other names",
                    value: form.one("map"),
                    rows: 3,
                    hint: Some("Only where your columns are called something else: one a line, such as “Login = username”."),
                    errors: said.at("map"),
                    ..Textarea::default()
                }))
                (parts::disclosure("Which columns are read", false, &html! {
                    p { "Changes: one of " code { "username" } ", " code { "email" } ", " code { "npi" } " or " code { "person_id" } " says who. What to change: " @for name in names.iter().skip(4) { code { (name) } " " } }
                    p { "Several entries of a cell stand with a semicolon between them; clinics are given by name. A list in " code { "permissions" } " or " code { "clinics" } " says what is to be afterwards; an empty cell changes nothing." }
                    p { "New people: the columns of the export of the user list, or those of the public CMS clinician files." }
                }))
            } }))
            (parts::form_actions(&html! {
                (parts::button(&Button { label: "Look at it first", kind: ButtonKind::Primary, icon: Some(Icon::Upload), sends: Some(("go", "look")), ..Button::default() }))
                (parts::button(&Button { label: "Import new people now", sends: Some(("go", "save")), ..Button::default() }))
            }))
        }
    };
    shell::page(web, page, "Import", None, &body)
}

fn reported(report: &ImportReport) -> Markup {
    let kind = match report.outcome() {
        Imported::All => BannerKind::Ok,
        Imported::Some => BannerKind::Warn,
        Imported::Nothing => BannerKind::Bad,
    };
    let title = if report.dry_run {
        format!("{} of {} rows would be added. Nothing was saved yet.", report.added, report.rows)
    } else {
        format!("{} of {} rows were added.", report.added, report.rows)
    };
    let body = html! {
        @if report.unchanged > 0 { p { (report.unchanged) " are here already." } }
        @if report.refused_rows > 0 {
            details open {
                summary { (report.refused_rows) " rows are refused" }
                ul { @for row in report.refused.iter().take(100) { li { "Line " (row.line) ": " (row.refusals) } } }
            }
        }
        @if report.possible_duplicates > 0 {
            details open {
                summary { (report.possible_duplicates) " rows may be people who are here already" }
                ul { @for row in report.possible_duplicate_rows.iter().take(100) { li { (row.sentence()) } } }
                @for one in &report.ask { p { "Who is meant out of sight, " (one.name) " can say: " a href={ "mailto:" (one.email) } { (one.email) } } }
            }
        }
        @if report.dry_run && report.added > 0 { p { "Choose the file again and press “Import new people now” to save." } }
    };
    parts::banner(&Banner { kind, title: &title, body, outcome: None })
}
