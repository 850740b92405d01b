//! The card about who supervises an assistant or a student, and `POST /emr/users/{person}/supervisor`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::credentials::{SuperviseeView, SupervisorView};
use muster_app::people::PersonView;
use muster_domain::PersonId;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Button, Choice, Icon, Select};
use crate::html::shell::{self, moment};
use crate::urls;

/// `POST /emr/users/{person}/supervisor`
pub(crate) async fn save(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    let page = &posted.page;
    let wanted: Option<PersonId> = posted.form.filled("supervisor_id").and_then(|v| v.parse().ok());
    match web.app.set_supervisor(&page.actor, id, wanted).await {
        Ok(()) => shell::redirect(&urls::with_query(&urls::user(id), &[("done", "supervisor")])),
        Err(AppError::Refused(refusals)) => match again(&web, page, id, &FormErrors::of(&refusals)).await {
            Ok(markup) => shell::refused(&AppError::Refused(refusals), markup),
            Err(error) => PageError(error).into_response(),
        },
        Err(error) => PageError(error).into_response(),
    }
}

async fn again(web: &Web, page: &Page, id: PersonId, said: &FormErrors) -> muster_app::Result<Markup> {
    let view = web.app.person(&page.actor, id).await?;
    let supervised = web.app.supervision(&page.actor, id).await?;
    let name = &view.profile().person.full_name;
    let body = html! {
        p.plain-links { a href=(urls::user(id)) { (parts::icon(Icon::ChevronLeft)) " " (name) } }
        (parts::heading(&format!("Supervisor of {name}"), None, &html! {}))
        (said.summary())
        (card(page, &view, &supervised, said))
    };
    Ok(shell::page(web, page, "Supervisor", None, &body))
}

/// The card; nothing for who needs no supervisor and never had one.
pub(crate) fn card(page: &Page, view: &PersonView, supervised: &SuperviseeView, said: &FormErrors) -> Markup {
    if !supervised.needed && supervised.history.is_empty() {
        return html! {};
    }
    let id = view.profile().person.id;
    let practice = page.info.organization.as_ref();
    let name =
        |s: &SupervisorView| s.supervisor.as_ref().map_or("someone you cannot see", |(_, n)| n.as_str()).to_owned();
    let now = supervised.current();
    let chosen = now.and_then(|s| s.supervisor.as_ref()).map(|(id, _)| id.to_string()).unwrap_or_default();
    let mut ids: Vec<(String, &str)> = supervised.offered.iter().map(|(id, n)| (id.to_string(), n.as_str())).collect();
    if let Some((id, name)) = now.and_then(|s| s.supervisor.as_ref()).filter(|_| !ids.iter().any(|(i, _)| *i == chosen))
    {
        ids.push((id.to_string(), name));
    }
    let mut options = vec![Choice::new("", "Nobody", &chosen)];
    options.extend(ids.iter().map(|(id, name)| Choice::new(id, name, &chosen)));
    let before: Vec<&SupervisorView> = supervised.history.iter().filter(|s| s.until.is_some()).collect();
    parts::card(
        "Supervisor",
        &html! {
            @match now {
                Some(s) => p { strong { (name(s)) } @if let Some(since) = s.since { span.soft { ", since " (moment(since, practice)) } } },
                None => p.soft { "Nobody. Assistants and students need a supervising therapist." },
            }
            @if view.edit_refused.is_none() && supervised.needed {
                form method="post" action=(urls::user_supervisor(id)) {
                    (parts::csrf_field(&page.info.csrf))
                    div.fields {
                        (parts::select(&Select { name: "supervisor_id", label: "Supervising therapist", options: &options, errors: said.at("supervisor_id"), hint: Some("Active therapists of this person's clinics."), ..Select::default() }))
                    }
                    (parts::button(&Button { label: "Set supervisor", ..Button::default() }))
                }
            }
            @if !before.is_empty() {
                details {
                    summary { "Before" }
                    ul { @for s in before { li { (name(s)) @if let (Some(since), Some(until)) = (s.since, s.until) { span.soft { ", " (moment(since, practice)) " to " (moment(until, practice)) } } } } }
                }
            }
        },
    )
}
