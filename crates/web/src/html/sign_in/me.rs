//! `/me`: one's own account, sessions and access tokens.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::sign_in::SessionInfo;
use muster_app::{Actor, Scope};
use serde::Deserialize;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{
    self, Banner, BannerKind, Button, ButtonKind, ButtonLink, Checkbox, ChipKind, Column, Field, FieldKind, Fieldset,
    Icon, Table,
};
use crate::html::shell::{self, ago, moment};
use crate::urls;
use crate::user_agent::browser_in_words;

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct AccountQuery {
    #[serde(default)]
    done: String,
}

/// `GET /me`
pub(crate) async fn show(State(web): State<Web>, Query(query): Query<AccountQuery>, page: Page) -> Response {
    let notice = match query.done.as_str() {
        "password" => Some(Banner::line(BannerKind::Ok, "Your password was changed. Your other sessions were ended.")),
        "session" => Some(Banner::line(BannerKind::Ok, "That session was ended.")),
        "revoked" => Some(Banner::line(BannerKind::Ok, "That token no longer works.")),
        _ => None,
    };
    match draw(&web, &page, notice, None, None, &FormErrors::default()).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /me/sessions/{session}/end`
pub(crate) async fn end_session(State(web): State<Web>, Path(session): Path<uuid::Uuid>, posted: PageForm) -> Response {
    let actor = &posted.page.actor;
    let Some(subject) = actor.subject() else { return shell::redirect(urls::ME) };
    match web.app.end_sessions(actor, subject, Some(session)).await {
        Ok(()) => shell::redirect(&urls::with_query(urls::ME, &[("done", "session")])),
        Err(error) => PageError(error).into_response(),
    }
}

/// The page, with a token just made or the refusals of one that was not.
pub(super) async fn draw(
    web: &Web,
    page: &Page,
    notice: Option<Banner<'_>>,
    made: Option<&str>,
    typed: Option<&FormData>,
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    let actor = &page.actor;
    let body = html! {
        (parts::heading(actor.name(), Some("Your account"), &html! {
            (parts::button_link(&ButtonLink {
                href: urls::MY_PASSWORD, label: "Change password", icon: Some(Icon::Key), ..ButtonLink::default()
            }))
        }))
        @if let Some(secret) = made { (new_token(secret)) }
        (said.summary())
        div.stack {
            (may_do(web, actor).await?)
            (sessions(web, page, &page.info).await?)
            (tokens(web, page, typed, said).await?)
        }
    };
    Ok(shell::page(web, page, "My account", notice, &body))
}

async fn may_do(web: &Web, actor: &Actor) -> muster_app::Result<Markup> {
    let Some(me) = actor.person_id() else {
        return Ok(parts::card(
            "What you may do",
            &html! { p { "You are a support operator: you process requests of every practice." } },
        ));
    };
    let view = web.app.person(actor, me).await?;
    let clinics = web.app.clinics(actor).await?;
    let mine: Vec<&str> = clinics.iter().filter(|c| view.clinics.contains(&c.id)).map(|c| c.name.as_str()).collect();
    let granted = view.profile().emr.as_ref().map(|e| e.permissions).unwrap_or_default();
    let person = &view.profile().person;
    let rows = [
        ("User name", html! { (person.username) }),
        ("Email", html! { (person.email.as_deref().unwrap_or("none yet")) }),
        ("Clinics", html! { (mine.join(", ")) }),
        ("Permissions", html! { div.chips { @for p in granted.iter() { (parts::chip(ChipKind::Plain, p.label())) } } }),
    ];
    Ok(parts::card("What you may do", &parts::definition_list(&rows)))
}

async fn sessions(web: &Web, page: &Page, info: &SessionInfo) -> muster_app::Result<Markup> {
    let Some(subject) = page.actor.subject() else { return Ok(html! {}) };
    let practice = page.info.organization.as_ref();
    let sessions = web.app.sessions(&page.actor, subject).await?;
    let rows: Vec<Vec<Markup>> = sessions
        .iter()
        .map(|s| {
            let current = s.id == info.id;
            vec![
                html! { (browser_in_words(&s.user_agent)) },
                html! { (s.address) },
                html! { (moment(s.started_at, practice)) },
                html! { (ago(Some(s.last_seen_at), web.app.now(), practice)) },
                html! {
                    @if current { (parts::chip(ChipKind::Ok, "This one")) } @else {
                        form method="post" action=(format!("{}/sessions/{}/end", urls::ME, s.id)) {
                            (parts::csrf_field(&page.info.csrf))
                            (parts::button(&Button { label: "End", small: true, ..Button::default() }))
                        }
                    }
                },
            ]
        })
        .collect();
    let columns = ["Browser", "Address", "Since", "Last active"].map(Column::new);
    let mut columns: Vec<Column> = columns.into();
    columns.push(Column::new("End").quiet().class("actions"));
    Ok(parts::section(
        "Where you are signed in",
        None,
        &parts::data_table(&Table {
            caption: "Your sessions",
            columns: &columns,
            rows: &rows,
            row_header: Some(0),
            ..Table::default()
        }),
    ))
}

async fn tokens(web: &Web, page: &Page, typed: Option<&FormData>, said: &FormErrors) -> muster_app::Result<Markup> {
    let practice = page.info.organization.as_ref();
    let held = web.app.tokens(&page.actor).await?;
    let rows: Vec<Vec<Markup>> = held
        .iter()
        .map(|t| {
            let until = t.expires_at.map_or_else(|| "never".to_owned(), |at| moment(at, practice));
            vec![
                html! { (t.name) },
                html! { span.mono.small { (t.scopes) } },
                html! { (until) },
                html! { (ago(t.last_used_at, web.app.now(), practice)) },
                html! {
                    form method="post" action=(format!("{}/{}/revoke", urls::MY_TOKENS, t.id)) {
                        (parts::csrf_field(&page.info.csrf))
                        (parts::button(&Button { label: "Revoke", kind: ButtonKind::Danger, small: true, ..Button::default() }))
                    }
                },
            ]
        })
        .collect();
    let mut columns: Vec<Column> = ["For", "Scopes", "Runs out", "Last used"].map(Column::new).into();
    columns.push(Column::new("Revoke").quiet().class("actions"));
    let table = if rows.is_empty() {
        parts::empty_state(
            Icon::Key,
            "No access tokens",
            "A token lets a program act for you. Make one below when an integrator asks for it.",
            &html! {},
        )
    } else {
        parts::data_table(&Table {
            caption: "Your access tokens",
            columns: &columns,
            rows: &rows,
            row_header: Some(0),
            ..Table::default()
        })
    };
    let scopes = html! {
        div.checks {
            @for scope in Scope::ALL {
                (parts::checkbox(&Checkbox { name: "scopes", value: scope.as_str(), label: scope.label(), checked: typed.is_some_and(|t| t.all("scopes").any(|s| s == scope.as_str())), hint: Some(scope.as_str()), ..Checkbox::default() }))
            }
        }
    };
    let form = html! {
        form method="post" action=(urls::MY_TOKENS) novalidate {
            (parts::csrf_field(&page.info.csrf))
            div.fields {
                (parts::input(&Field::new("name", "What is it for?", typed.map_or("", |t| t.one("name"))).required().errors(said.at("name"))))
                (parts::input(&Field::new("expires_in_days", "Works for (days)", typed.map_or("90", |t| t.one("expires_in_days"))).kind(FieldKind::Number).required().errors(said.at("expires_in_days"))))
            }
            (parts::fieldset(&Fieldset { id: "scopes", legend: "What it may do", errors: said.at("scopes"), inner: true, ..Fieldset::default() }, &scopes))
            (parts::button(&Button { label: "Make a token", ..Button::default() }))
        }
    };
    Ok(parts::section(
        "Access tokens",
        Some("For programs that act for you through the API. A token never may do more than you."),
        &html! {
            (table)
            (parts::disclosure("Make a new token", typed.is_some(), &form))
        },
    ))
}

fn new_token(secret: &str) -> Markup {
    parts::banner(&Banner {
        kind: BannerKind::Ok,
        title: "Copy your new token now",
        body: html! { p { "It is shown this once." } p.secret.mono { (secret) } },
        outcome: None,
    })
}
