//! `/emr/users/{person}/copy`: give somebody the access colleagues have. Choose, look at it, apply.

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::emr::CopyReport;
use muster_app::people::{ListQuery, PersonView};
use muster_app::{AppError, Filter};
use muster_domain::emr::Permission;
use muster_domain::organizations::Clinic;
use muster_domain::text::initials;
use muster_domain::{PersonId, Refusals};

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, ButtonLink, Column, Field, Icon, Table};
use crate::html::shell;
use crate::urls;

/// How many people a search shows.
const SHOWN: i64 = 20;

fn chosen(form: &FormData) -> Vec<PersonId> {
    form.all("source_ids").filter_map(|id| id.parse().ok()).collect()
}

/// `GET /emr/users/{person}/copy`
pub(crate) async fn show(
    State(web): State<Web>,
    Path(id): Path<PersonId>,
    RawQuery(query): RawQuery,
    page: Page,
) -> Response {
    let form = FormData::query(query.as_deref());
    match draw(&web, &page, id, &form, &FormErrors::default()).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /emr/users/{person}/copy`
pub(crate) async fn save(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let seen = form.filled("version").and_then(|v| v.parse().ok());
    match web.app.copy_access(&page.actor, id, seen, &chosen(&form)).await {
        Ok(_) => shell::redirect(&urls::with_query(&urls::user(id), &[("done", "copied")])),
        Err(error) => {
            let refusals = match &error {
                AppError::Refused(refusals) => refusals.clone(),
                AppError::Stale { .. } => {
                    Refusals(vec![muster_domain::Refusal::whole(muster_domain::Code::SomeoneSavedFirst)])
                }
                _ => return PageError(error).into_response(),
            };
            match draw(&web, &page, id, &form, &FormErrors::of(&refusals)).await {
                Ok(markup) => shell::refused(&error, markup),
                Err(error) => PageError(error).into_response(),
            }
        }
    }
}

async fn draw(web: &Web, page: &Page, id: PersonId, form: &FormData, said: &FormErrors) -> muster_app::Result<Markup> {
    let view = web.app.person(&page.actor, id).await?;
    if let Some(refusal) = view.edit_refused {
        return Err(refusal.into());
    }
    if view.profile().emr.is_none() {
        return Err(AppError::NotFound);
    }
    let sources = chosen(form);
    let clinics = web.app.clinics(&page.actor).await?;
    let (mut preview, mut said_more) = (None, FormErrors::default());
    if !sources.is_empty() {
        match web.app.preview_copy(&page.actor, id, &sources).await {
            Ok(copied) => preview = Some(copied),
            Err(AppError::Refused(refusals)) => said_more = FormErrors::of(&refusals),
            Err(error) => return Err(error),
        }
    }
    let filter = Filter { q: form.one("q").chars().take(100).collect(), ..Filter::default() };
    let found = web.app.people(&page.actor, ListQuery { filter, after: None, limit: SHOWN }).await?;
    let others: Vec<&PersonView> = found.people.iter().filter(|v| v.profile().person.id != id).collect();
    let name = &view.profile().person.full_name;
    let body = html! {
        p.plain-links { a href=(urls::user(id)) { (parts::icon(Icon::ChevronLeft)) " " (name) } }
        (parts::heading(&format!("Copy access to {name}"), Some("Adds the permissions and clinics that are missing. Takes nothing away; SOAP note permissions are never copied."), &html! {}))
        (said.summary())
        (said_more.summary())
        @if let Some(copied) = &preview { (preview_card(page, id, copied, &clinics)) }
        (parts::card("Whom to copy from", &choice(id, form, &others, preview.as_ref(), found.next.is_some())))
    };
    Ok(shell::page(web, page, "Copy access", None, &body))
}

/// The search and its findings in one form, so that what is ticked stays ticked when searching on.
fn choice(id: PersonId, form: &FormData, others: &[&PersonView], preview: Option<&CopyReport>, more: bool) -> Markup {
    let ticked = chosen(form);
    let columns = [Column::new("Copy").quiet(), Column::new("Name"), Column::new("Type"), Column::new("Permissions")];
    let rows: Vec<Vec<Markup>> = others
        .iter()
        .map(|v| {
            let person = &v.profile().person;
            let emr = v.profile().emr.as_ref();
            let held: Vec<&str> =
                emr.map(|e| e.permissions).unwrap_or_default().iter().map(Permission::label).collect();
            let hue = parts::hue_of(person.id.0.as_bytes());
            let shown = initials(&person.first_name, &person.last_name);
            vec![
                parts::row_checkbox(
                    "source_ids",
                    &person.id.to_string(),
                    &format!("Copy from {}", person.full_name),
                    ticked.contains(&person.id),
                ),
                parts::person_cell(&shown, hue, &person.full_name, &urls::user(person.id), &person.username),
                html! { @if let Some(e) = emr { (e.user_type.as_str()) } },
                html! { (held.join(", ")) },
            ]
        })
        .collect();
    let on_this_page = |id: &PersonId| others.iter().any(|v| v.profile().person.id == *id);
    html! {
        form method="get" action=(urls::user_copy(id)) aria-label="Choose people" {
            @for source in preview.iter().flat_map(|p| &p.sources).filter(|s| !on_this_page(&s.person.id)) {
                label.check { input type="checkbox" name="source_ids" value=(source.person.id) checked; " " (source.person.full_name) }
            }
            div.toolbar {
                (parts::input(&Field::search("q", "Search name, user name, email or NPI", form.one("q")).attr("maxlength", "100")))
                (parts::button(&Button { label: "Search", icon: Some(Icon::Search), ..Button::default() }))
            }
            @if rows.is_empty() { p { "Nobody matches. Try fewer letters." } }
            @else { (parts::data_table(&Table { caption: "People to copy from", columns: &columns, rows: &rows, row_header: Some(1), ..Table::default() })) }
            @if more { p.soft { "There are more: search for a name." } }
            (parts::form_actions(&html! {
                (parts::button_link(&ButtonLink { href: &urls::user(id), label: "Cancel", ..ButtonLink::default() }))
                (parts::button(&Button { label: "Show what would change", kind: if preview.is_some() { ButtonKind::Secondary } else { ButtonKind::Primary }, ..Button::default() }))
            }))
        }
    }
}

fn preview_card(page: &Page, id: PersonId, copied: &CopyReport, clinics: &[Clinic]) -> Markup {
    let plan = &copied.plan;
    let names = |ids: &std::collections::BTreeSet<muster_domain::ClinicId>| {
        clinics.iter().filter(|c| ids.contains(&c.id)).map(|c| c.name.clone()).collect::<Vec<_>>()
    };
    let from: Vec<&str> = copied.sources.iter().map(|s| s.person.full_name.as_str()).collect();
    parts::card(
        "What would change",
        &html! {
            p { "From " strong { (from.join(", ")) } ":" }
            @if plan.is_empty() {
                (parts::banner(&Banner::line(BannerKind::Info, "Nothing would be added.")))
            } @else {
                ul {
                    @for permission in plan.permissions.iter() { li { "Permission added: " (permission.label()) } }
                    @for clinic in names(&plan.clinics) { li { "Clinic added: " (clinic) } }
                }
            }
            @if !plan.skipped.is_empty() {
                h3 { "Left out" }
                ul { @for skipped in &plan.skipped { li { (skipped.message) } } }
            }
            @if !plan.is_empty() {
                form method="post" action=(urls::user_copy(id)) {
                    (parts::csrf_field(&page.info.csrf))
                    @for source in &copied.sources { input type="hidden" name="source_ids" value=(source.person.id); }
                    input type="hidden" name="version" value=(copied.view.stored.version);
                    (parts::button(&Button { label: "Copy access", kind: ButtonKind::Primary, ..Button::default() }))
                }
            }
        },
    )
}
