//! Choosing the changes, with what they would do beside them.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::bulk::{BulkPreview, BulkView, ChangesFile, NewPreset, PresetContent};
use muster_domain::bulk::BulkKind;
use muster_domain::bulk::{BulkChange, BulkOutcome, ChangeSet};
use muster_domain::emr::{Permission, grantable};
use muster_domain::labels::counted;
use muster_domain::organizations::Clinic;
use muster_domain::{Code, Refusal, Refusals};
use uuid::Uuid;

use super::labels::{change, reasons, users};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{
    self, Banner, BannerKind, Button, ButtonKind, ButtonLink, Column, Field, Fieldset, Icon, RadioChoice, RadioGroup,
    Table,
};
use crate::html::shell;
use crate::urls;

/// Selected people shown on one page.
const PAGE: i64 = 25;

/// The changes a form asks for.
fn typed_changes(form: &FormData) -> Result<Vec<BulkChange>, Refusals> {
    let mut refusals = Refusals::default();
    let mut all = Vec::new();
    let status = form.filled("status").map(|s| format!("set_status:{s}"));
    for text in form.all("changes").map(str::to_owned).chain(status) {
        let (op, value) = text.split_once(':').unwrap_or((&text, ""));
        if let Some(change) = refusals.take(BulkChange::parse(op, value)) {
            all.push(change);
        }
    }
    refusals.into_result().map(|()| all)
}

fn change_set(form: &FormData) -> Result<ChangeSet, Refusals> {
    ChangeSet::new(typed_changes(form)?)
}

/// `POST /emr/bulk/{job}/preview`: the part that shows what would happen, or without scripts the whole page.
pub(crate) async fn preview(
    State(web): State<Web>,
    Path(id): Path<String>,
    headers: HeaderMap,
    posted: PageForm,
) -> Response {
    let (page, form) = (posted.page, posted.form);
    let drawn = async {
        let view = web.app.bulk_job(&page.actor, id.parse().map_err(|_| AppError::NotFound)?).await?;
        if headers.contains_key("hx-request") {
            let clinics = web.app.clinics(&page.actor).await?;
            preview_part(&web, &page, &view, &form, &clinics).await
        } else {
            draw(&web, &page, &view, &form, &FormErrors::default()).await
        }
    };
    match drawn.await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /emr/bulk/{job}/leave-out`
pub(crate) async fn leave_out(State(web): State<Web>, Path(id): Path<String>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let done = async {
        let id: Uuid = id.parse().map_err(|_| AppError::NotFound)?;
        let people: Vec<_> = form.all("leave_out").filter_map(|t| t.parse().ok()).collect();
        web.app.leave_out_of_bulk(&page.actor, id, &people).await?;
        let view = web.app.bulk_job(&page.actor, id).await?;
        draw(&web, &page, &view, &form, &FormErrors::default()).await
    };
    match done.await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /emr/bulk/{job}/keep`: saves the change set under a name.
pub(crate) async fn keep(State(web): State<Web>, Path(id): Path<String>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let name = form.one("name").to_owned();
    let kept = match change_set(&form) {
        Ok(set) => {
            let content = PresetContent::Changes(set.changes().to_vec());
            web.app.save_bulk_preset(&page.actor, &NewPreset { name, content }).await.map(|_| ())
        }
        Err(refusals) => Err(refusals.into()),
    };
    again(&web, &page, &id, &form, kept).await
}

/// `POST /emr/bulk/{job}/start`
pub(crate) async fn start(State(web): State<Web>, Path(id): Path<String>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let started = async {
        let id: Uuid = id.parse().map_err(|_| AppError::NotFound)?;
        let of_file = web.app.bulk_job(&page.actor, id).await?.job.kind == BulkKind::File;
        let changes = if of_file { ChangeSet::default() } else { change_set(&form)? };
        web.app.start_bulk(&page.actor, id, &changes, None).await
    };
    match started.await {
        Ok(view) => shell::redirect(&urls::bulk(view.job.id)),
        // Pressed twice: go and see how it goes.
        Err(AppError::Refused(r)) if r.has(Code::BulkStartedAlready) => match id.parse() {
            Ok(id) => shell::redirect(&urls::bulk(id)),
            Err(_) => PageError(AppError::NotFound).into_response(),
        },
        Err(error) => again(&web, &page, &id, &form, Err(error)).await,
    }
}

/// The page again, with what was refused.
async fn again(web: &Web, page: &Page, id: &str, form: &FormData, done: muster_app::Result<()>) -> Response {
    let said = match &done {
        Ok(()) => FormErrors::default(),
        Err(AppError::Refused(refusals)) => FormErrors::of(refusals),
        Err(_) => return done.map_or_else(|e| PageError(e).into_response(), IntoResponse::into_response),
    };
    let drawn = async {
        let view = web.app.bulk_job(&page.actor, id.parse().map_err(|_| AppError::NotFound)?).await?;
        draw(web, page, &view, form, &said).await
    };
    match (drawn.await, done) {
        (Ok(markup), Ok(())) => markup.into_response(),
        (Ok(markup), Err(error)) => shell::refused(&error, markup),
        (Err(error), _) => PageError(error).into_response(),
    }
}

/// The page.
pub(super) async fn draw(
    web: &Web,
    page: &Page,
    view: &BulkView,
    form: &FormData,
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    let id = view.job.id;
    let clinics = web.app.clinics(&page.actor).await?;
    let form = &with_preset(web, page, form).await?;
    let selected = u64::try_from(view.job.selected).unwrap_or(0);
    let of_file = view.job.kind == BulkKind::File;
    let file: Option<ChangesFile> = serde_json::from_str(&view.job.selection).ok().filter(|_| of_file);
    let after = form.filled("after").and_then(|a| a.parse().ok());
    let people = web.app.bulk_results(&page.actor, id, false, after, PAGE).await?;
    let title = if of_file { "Changes from a file" } else { "Choose changes" };
    let preview = preview_part(web, page, view, form, &clinics).await?;
    let body = html! {
        p.plain-links {
            @if of_file { a href=(urls::IMPORT) { (parts::icon(Icon::ChevronLeft)) " Choose another file" } }
            @else { a href=(urls::BULK_SELECT) { (parts::icon(Icon::ChevronLeft)) " Choose other users" } }
        }
        (parts::heading(title, Some(&format!("{} selected. Nothing is saved before you press Save.", users(selected))), &html! {}))
        (super::steps_of(view.job.kind, 1))
        (said.summary())
        @if let Some(file) = &file { (faults(id, file)) }
        form #changes-form.bulk method="post" action=(urls::bulk_to(id, "start"))
            hx-post=[(!of_file).then(|| urls::bulk_to(id, "preview"))] hx-trigger="change from:#changes-form" hx-target="#preview"
            hx-swap="outerHTML" hx-sync="this:replace" hx-indicator="#preview" {
            (parts::csrf_field(&page.info.csrf))
            // What Enter in a field presses: looks, and never leaves anybody out or saves.
            button.vh type="submit" formaction=(urls::bulk_to(id, "preview")) tabindex="-1" aria-hidden="true" {}
            div.split {
                div.stack {
                    @if !of_file { (choices(web, page, form, &clinics, said).await?) }
                    (parts::disclosure(&format!("Review the {}", users(selected)), after.is_some() || form.has("leave_out"), &selected_people(id, &people)))
                    @if !of_file { (preset_form(id, form, said)) }
                }
                aside.stack { (preview) }
            }
            (parts::form_actions(&html! {
                (parts::button_link(&ButtonLink { href: urls::BULK_SELECT, label: "Cancel", ..ButtonLink::default() }))
                @if !of_file { (parts::button(&Button { label: "Show what would change", attrs: vec![("formaction", urls::bulk_to(id, "preview"))], ..Button::default() })) }
                (parts::button(&Button { label: "Save", kind: ButtonKind::Primary, attrs: vec![("data-save", String::new())], ..Button::default() }))
            }))
        }
    };
    Ok(shell::page(web, page, title, None, &body))
}

/// The form with the changes of a saved set, if one is asked for.
async fn with_preset(web: &Web, page: &Page, form: &FormData) -> muster_app::Result<FormData> {
    let Some(wanted) = form.filled("preset") else { return Ok(form.clone()) };
    let found = web.app.bulk_presets(&page.actor).await?;
    let kept = found.iter().find(|p| p.preset_id.to_string() == wanted);
    let Some(PresetContent::Changes(changes)) = kept.and_then(|p| PresetContent::of(&page.actor, p)) else {
        return Err(AppError::NotFound);
    };
    let pair = |c: &BulkChange| match c {
        BulkChange::SetStatus(s) => ("status".to_owned(), s.as_str().to_owned()),
        c => ("changes".to_owned(), format!("{}:{}", c.op(), c.value())),
    };
    Ok(FormData::of(changes.iter().map(pair).collect()))
}

async fn choices(
    web: &Web,
    page: &Page,
    form: &FormData,
    clinics: &[Clinic],
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    let presets = web.app.bulk_presets(&page.actor).await?;
    let saved: Vec<_> = presets.iter().filter(|p| p.kind == "changes").collect();
    let ticked = |value: &str| form.all("changes").any(|v| v == value);
    let tick = |op: &str, value: &str, label: &str, barred: bool| {
        let whole = format!("{op}:{value}");
        html! {
            label.cell-check {
                input type="checkbox" id={ "changes-" (op) "-" (value) } name="changes" value=(whole) checked[ticked(&whole)] disabled[barred];
                span.vh { (label) }
            }
        }
    };
    let columns =
        [Column::new("Permission"), Column::new("Add").class("center"), Column::new("Remove").class("center")];
    let rows: Vec<Vec<Markup>> = Permission::ALL
        .into_iter()
        .map(|p| {
            let not_held = grantable(page.actor.authority(), p).is_err();
            let admin = matches!(p, Permission::ClinicAdmin | Permission::CompanyAdmin);
            vec![
                html! { (p.label()) span.under {
                    @if not_held { "You do not hold this yourself, so you cannot give it." }
                    @else if admin { "Never removed in bulk: take it away on the profile." }
                    @else { (p.grants()) }
                } },
                tick("add_permission", p.as_str(), &format!("Add {}", p.label()), not_held),
                tick("remove_permission", p.as_str(), &format!("Remove {}", p.label()), admin),
            ]
        })
        .collect();
    let places = [Column::new("Clinic"), Column::new("Add").class("center"), Column::new("Remove").class("center")];
    let clinic_rows: Vec<Vec<Markup>> = clinics
        .iter()
        .map(|c| {
            let id = c.id.to_string();
            vec![
                html! { (c.name) @if !c.is_active() { span.under { "Inactive: nobody can be added." } } },
                tick("add_clinic", &id, &format!("Add {}", c.name), !c.is_active()),
                tick("remove_clinic", &id, &format!("Remove {}", c.name), false),
            ]
        })
        .collect();
    let statuses = [
        RadioChoice { value: "", label: "Leave as it is", ..RadioChoice::default() },
        RadioChoice {
            value: "active",
            label: "Make active",
            hint: Some("Takes a license for each, as long as one is free."),
            ..RadioChoice::default()
        },
        RadioChoice {
            value: "inactive",
            label: "Make inactive",
            hint: Some("Signs them out. The licenses stay with the practice until they are released."),
            ..RadioChoice::default()
        },
    ];
    let head = Fieldset { id: "changes", legend: "Changes", hint: None, errors: said.at("changes"), inner: false };
    Ok(html! {
        @if !saved.is_empty() {
            p.saved { "Saved change sets: " @for (n, p) in saved.iter().enumerate() { @if n > 0 { " · " } a href={ "?preset=" (p.preset_id) } { (p.name) } } }
        }
        (parts::fieldset(&head, &html! {
            (parts::data_table(&Table { caption: "Permissions to add or remove", columns: &columns, rows: &rows, row_header: Some(0), dense: true, wide: true }))
            (parts::data_table(&Table { caption: "Clinics to add or remove", columns: &places, rows: &clinic_rows, row_header: Some(0), dense: true, wide: true }))
            (parts::radio_group(&RadioGroup { name: "status", legend: "Status", current: form.one("status"), options: &statuses, hint: None, errors: said.at("status") }))
        }))
    })
}

fn selected_people(id: Uuid, people: &muster_app::bulk::BulkResults) -> Markup {
    let columns = [Column::new("Name"), Column::new("Type"), Column::new("Status"), Column::new("Leave out").quiet()];
    let rows: Vec<Vec<Markup>> = people
        .items
        .iter()
        .map(|one| {
            let name = one.full_name.as_deref().unwrap_or("Someone you cannot see");
            vec![
                html! { (name) @if let Some(u) = &one.username { span.under { (u) } } },
                html! { @if let Some(t) = &one.user_type { (t) } },
                html! { @if let Some(s) = &one.status { (s) } },
                parts::button(&Button {
                    label: &format!("Leave out {name}"),
                    icon: Some(Icon::Close),
                    icon_only: true,
                    kind: ButtonKind::Quiet,
                    sends: Some(("leave_out", &one.person.to_string())),
                    attrs: vec![("formaction", urls::bulk_to(id, "leave-out"))],
                    ..Button::default()
                }),
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() { p { "Nobody is left. Choose other users." } }
        @else { (parts::data_table(&Table { caption: "Selected users", columns: &columns, rows: &rows, row_header: Some(0), dense: true, ..Table::default() })) }
        // Sent with the form, so that the choice of changes stays.
        @if let Some(next) = people.next.map(|next| next.to_string()) {
            (parts::button(&Button { label: "Show the next users", sends: Some(("after", &next)), attrs: vec![("formaction", urls::bulk_to(id, "preview"))], ..Button::default() }))
        }
    }
}

fn preset_form(id: Uuid, form: &FormData, said: &FormErrors) -> Markup {
    parts::disclosure(
        "Save these changes to use again",
        !said.at("name").is_empty(),
        &html! {
            p.soft { "Under a name such as “Front-desk starter”, for you and the other admins of the practice." }
            (parts::input(&Field::new("name", "Name", form.one("name")).bare().errors(said.at("name"))))
            (parts::button(&Button { label: "Save change set", attrs: vec![("formaction", urls::bulk_to(id, "keep"))], ..Button::default() }))
        },
    )
}

fn faults(id: Uuid, file: &ChangesFile) -> Markup {
    html! {
        @if file.faulty > 0 {
            (parts::banner(&Banner {
                kind: BannerKind::Warn,
                title: &format!("{} of {} cannot be used", counted(file.faulty, "row", "rows"), file.rows),
                body: html! {
                    details {
                        summary { "Which, and why" }
                        ul { @for fault in file.faults.iter().take(100) { li { "Line " (fault.line) ": " (fault.message) } } }
                    }
                    p { a href=(urls::bulk_to(id, "rows.csv")) download { "Download these rows to put them right" } " and import that file afterward." }
                },
                outcome: None,
            }))
        }
        @if !file.ignored.is_empty() { p.soft { "Nothing is read from: " (file.ignored.join(", ")) } }
    }
}

/// What would happen: the part `#preview`.
async fn preview_part(
    web: &Web,
    page: &Page,
    view: &BulkView,
    form: &FormData,
    clinics: &[Clinic],
) -> muster_app::Result<Markup> {
    let of_file = view.job.kind == BulkKind::File;
    let set = if of_file { Ok(ChangeSet::default()) } else { change_set(form) };
    let shown = match set {
        Ok(set) if view.job.selected > 0 => {
            let preview = web.app.preview_bulk(&page.actor, view.job.id, &set).await?;
            preview_summary(&preview, &set, clinics)
        }
        Ok(_) => html! { p { "Nobody is selected." } },
        Err(refusals) if refusals.has(Code::NoChangesChosen) => {
            html! { p.soft { "Choose what to add, remove or set; what would happen to whom shows here, before anything is saved." } }
        }
        Err(refusals) => html! { ul { @for Refusal { message, .. } in &refusals.0 { li { (message) } } } },
    };
    Ok(html! { div #preview aria-live="polite" { (parts::card("What would happen", &shown)) } })
}

/// Changes whose numbers are shown; a file may ask for thousands of clinics.
const SHOWN: usize = 50;

/// The sums, each change that was `asked` of everybody or of somebody, and the reasons with their names.
pub(super) fn preview_summary(preview: &BulkPreview, asked: &ChangeSet, clinics: &[Clinic]) -> Markup {
    let tally = &preview.tally;
    let set = ChangeSet::in_order(asked.changes().iter().chain(tally.changes().changes()).copied());
    let kind = match preview.outcome {
        BulkOutcome::Complete => BannerKind::Ok,
        BulkOutcome::Partial => BannerKind::Warn,
        BulkOutcome::Failed => BannerKind::Bad,
    };
    let title = match preview.outcome {
        BulkOutcome::Failed => "Nobody would be changed".to_owned(),
        _ => format!("{} would be changed", users(tally.updated)),
    };
    let groups: Vec<_> = preview.reasons();
    let (same, refused): (Vec<_>, Vec<_>) = groups.into_iter().partition(|g| g.code == Code::NothingToChange.as_str());
    html! {
        (parts::banner(&Banner { kind, title: &title, body: html! {
            @if tally.unchanged > 0 { p { (users(tally.unchanged)) @if tally.unchanged == 1 { " has" } @else { " have" } " nothing to change." } }
            @if tally.refused > 0 { p { (users(tally.refused)) " would be refused something." } }
        }, outcome: None }))
        @if !set.is_empty() {
            ul {
                @for one in set.changes().iter().take(SHOWN) {
                    @let (made, refused) = tally.of(*one);
                    li { (change(*one, clinics)) ": " (made) @if refused > 0 { ", refused for " (refused) } }
                }
            }
        }
        @if !refused.is_empty() { h3 { "What would not be done, and why" } (reasons(&refused)) }
        (reasons(&same))
    }
}
