//! Two profiles side by side: one person or two, what a merge does, and taking it back.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::people::ProfileMerge;
use muster_domain::PersonId;
use muster_domain::emr::Permission;
use muster_domain::organizations::Clinic;
use muster_domain::refusal::bare_field;
use serde_json::Value;
use uuid::Uuid;

use super::duplicates::{compare_url, facts_of, identity, list, side_by_side};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Button, ButtonKind, ButtonLink, Icon};
use crate::html::shell::{self, moment};
use crate::urls;

pub(super) async fn compare(
    web: &Web,
    page: &Page,
    kept: PersonId,
    merged: PersonId,
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    let plan = web.app.preview_merge(&page.actor, kept, merged).await?;
    let clinics = web.app.clinics(&page.actor).await?;
    let (mine, theirs) = (&plan.kept.profile().person, &plan.merged.profile().person);
    let shown = |field: &str, value: &Value| value_label(field, value, &clinics);
    let moves: Vec<(String, String, String)> = plan
        .moves
        .iter()
        .map(|m| {
            let label = muster_domain::labels::field_label(&m.field).to_owned();
            (label, shown(&m.field, &m.before), shown(&m.field, &m.after))
        })
        .collect();
    let both = html! {
        input type="hidden" name="kept" value=(kept);
        input type="hidden" name="merged" value=(merged);
    };
    let body = html! {
        p.plain-links { a href=(urls::DUPLICATES) { (parts::icon(Icon::ChevronLeft)) " Possible duplicates" } }
        (parts::heading("One person or two?", None, &html! {}))
        (said.summary())
        (side_by_side("Two profiles side by side", ["Profile to keep", "Other profile"], &facts_of(&plan.kept, &clinics), &facts_of(&plan.merged, &clinics)))
        p.plain-links { a href=(compare_url(merged, kept)) { "Keep the other profile instead" } }
        (parts::card("What a merge does", &html! {
            @if let Some(refused) = &plan.refused {
                @for refusal in &refused.0 { p { (refusal.message) } }
            } @else {
                p { "The profile of " strong { (mine.full_name) } " (" (mine.username) ") stays and receives what follows. The profile of " strong { (theirs.full_name) } " (" (theirs.username) ") becomes inactive and keeps its history. You can undo the merge for 30 days." }
                @if moves.is_empty() { p.soft { "There is nothing to move." } }
                @else {
                    @let list: Vec<parts::Change> = moves.iter().map(|(f, b, a)| parts::Change { field: f, before: Some(b).filter(|t| !t.is_empty()).map(String::as_str), after: Some(a).filter(|t| !t.is_empty()).map(String::as_str) }).collect();
                    (parts::change_table("What moves", &list))
                }
            }
        }))
        div.cluster {
            @if plan.refused.is_none() {
                form method="post" action=(urls::MERGE) {
                    (parts::csrf_field(&page.info.csrf)) (both)
                    (parts::button(&Button { label: "Same person: merge", kind: ButtonKind::Primary, ..Button::default() }))
                }
            }
            form method="post" action=(urls::SOMEONE_ELSE) {
                (parts::csrf_field(&page.info.csrf)) (both)
                (parts::button(&Button { label: "Someone else", ..Button::default() }))
            }
            (parts::button_link(&ButtonLink { href: urls::DUPLICATES, label: "Decide later", ..ButtonLink::default() }))
        }
    };
    Ok(shell::page(web, page, "One person or two?", None, &body))
}

/// A value that moves, as people read it.
fn value_label(field: &str, value: &Value, clinics: &[Clinic]) -> String {
    match (bare_field(field), value) {
        ("clinic_ids" | "default_clinic_id", Value::String(id)) => {
            let found = clinics.iter().find(|c| c.id.to_string() == *id);
            found.map_or_else(|| "a clinic".to_owned(), |c| c.name.clone())
        }
        ("permissions", Value::String(code)) => {
            Permission::parse(code).map_or_else(|| code.clone(), |p| p.label().to_owned())
        }
        (_, Value::String(text)) => text.clone(),
        (_, Value::Bool(yes)) => if *yes { "from the other profile" } else { "" }.to_owned(),
        (field, Value::Array(items)) => items
            .iter()
            .map(|i| value_label(field, i, clinics))
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
        ("licenses", Value::Object(license)) => {
            let parts = ["number", "state"].into_iter().filter_map(|k| license.get(k)?.as_str());
            parts.collect::<Vec<_>>().join(" ")
        }
        (_, Value::Object(someone)) => someone.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

/// The card of the profile: which profiles were put together with it, and where their history is.
pub(crate) fn merged_card(page: &Page, merges: &[ProfileMerge]) -> Markup {
    if merges.is_empty() {
        return html! {};
    }
    let practice = page.info.organization.as_ref();
    parts::card(
        "Merged profiles",
        &html! {
            @for one in merges {
                @let other = if one.is_gone { &one.merge.kept } else { &one.merge.merged };
                @let person = &other.profile().person;
                p {
                    @if one.is_gone { "Merged into " } @else { "Took in " }
                    a href=(urls::user(person.id)) { (person.full_name) " (" (person.username) ")" }
                    @if let Some(at) = one.merge.at { ", " (moment(at, practice)) }
                    "."
                    @if !one.is_gone { span.soft { " Its earlier history is there." } }
                }
            }
        },
    )
}

fn done(what: &str) -> Response {
    shell::redirect(&urls::with_query(urls::DUPLICATES, &[("done", what)]))
}

async fn refused(web: &Web, page: &Page, form: &FormData, error: AppError) -> Response {
    let AppError::Refused(refusals) = &error else { return PageError(error).into_response() };
    let said = FormErrors::of(refusals);
    let drawn = match (identity(form, "kept"), identity(form, "merged")) {
        (Some(kept), Some(merged)) => compare(web, page, kept, merged, &said).await,
        _ => list(web, page, form, &said).await,
    };
    match drawn {
        Ok(markup) => shell::refused(&error, markup),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /people/duplicates/merge`
pub(crate) async fn merge(State(web): State<Web>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let (Some(kept), Some(merged)) = (identity(&form, "kept"), identity(&form, "merged")) else {
        return PageError(AppError::NotFound).into_response();
    };
    match web.app.merge(&page.actor, kept, merged).await {
        Ok(_) => done("merged"),
        Err(error) => refused(&web, &page, &form, error).await,
    }
}

/// `POST /people/duplicates/someone-else`
pub(crate) async fn mark_distinct(State(web): State<Web>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let (Some(one), Some(other)) = (identity(&form, "kept"), identity(&form, "merged")) else {
        return PageError(AppError::NotFound).into_response();
    };
    match web.app.mark_distinct(&page.actor, one, other).await {
        Ok(()) => done("someone-else"),
        Err(error) => refused(&web, &page, &form, error).await,
    }
}

/// `POST /people/duplicates/merges/{merge}/undo`
pub(crate) async fn undo(State(web): State<Web>, Path(merge): Path<Uuid>, posted: PageForm) -> Response {
    match web.app.undo_merge(&posted.page.actor, merge).await {
        Ok(_) => done("undone"),
        Err(error) => refused(&web, &posted.page, &FormData::default(), error).await,
    }
}
