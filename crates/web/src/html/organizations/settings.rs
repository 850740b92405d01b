//! `/settings`: the practice, its clinics, password rules, idle time-out.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_domain::emr::Permission;
use muster_domain::organizations::{Clinic, ClinicPatch, Organization, OrganizationPatch};
use muster_domain::{ClinicId, Refusals};
use serde::Deserialize;

use super::time_zone_select;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{
    self, Banner, BannerKind, Button, ButtonKind, Checkbox, ChipKind, Choice, Field, FieldKind, RadioChoice,
    RadioGroup, Select,
};
use crate::html::shell;
use crate::urls;

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct SettingsQuery {
    #[serde(default)]
    done: String,
}

/// Which of the page's forms was refused, and what it held.
enum RefusedSettings<'a> {
    Nothing,
    Practice(&'a FormData),
    NewClinic(&'a FormData),
    Clinic(ClinicId, &'a FormData),
}

/// `GET /settings`
pub(crate) async fn show(State(web): State<Web>, Query(query): Query<SettingsQuery>, page: Page) -> Response {
    let notice = match query.done.as_str() {
        "saved" => Some(Banner::line(BannerKind::Ok, "Settings saved.")),
        "clinic" => Some(Banner::line(BannerKind::Ok, "Clinic saved.")),
        "added" => {
            Some(Banner::line(BannerKind::Ok, "Clinic added. Its licenses are unlimited until support sets a total."))
        }
        _ => None,
    };
    answer(&web, &page, notice, &RefusedSettings::Nothing, None).await
}

/// `POST /settings`
pub(crate) async fn save(State(web): State<Web>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let text = |name: &str| form.get(name).map(str::to_owned);
    let days = form.get("password_expiry_days").map(|d| d.parse::<i64>().ok());
    let patch = OrganizationPatch {
        name: text("name"),
        time_zone: text("time_zone"),
        password_preset: text("password_preset"),
        password_expiry_days: days,
        idle_minutes: form.get("idle_minutes").map(|m| m.trim().parse().unwrap_or(0)),
    };
    let seen = form.filled("version").and_then(|v| v.parse().ok());
    match web.app.update_organization(&page.actor, page.actor.organization(), seen, &patch).await {
        Ok(_) => shell::redirect(&urls::with_query(urls::SETTINGS, &[("done", "saved")])),
        Err(error) => answer(&web, &page, None, &RefusedSettings::Practice(&form), Some(error)).await,
    }
}

/// `POST /settings/clinics`
pub(crate) async fn add_clinic(State(web): State<Web>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    match web.app.add_clinic(&page.actor, form.one("name"), None).await {
        Ok(_) => shell::redirect(&urls::with_query(urls::SETTINGS, &[("done", "added")])),
        Err(error) => answer(&web, &page, None, &RefusedSettings::NewClinic(&form), Some(error)).await,
    }
}

/// `POST /settings/clinics/{clinic}`
pub(crate) async fn save_clinic(State(web): State<Web>, Path(id): Path<ClinicId>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let admin = page.actor.may(Permission::CompanyAdmin);
    let patch = ClinicPatch {
        name: form.get("name").map(str::to_owned),
        status: form.get("status").filter(|_| admin).map(str::to_owned),
        assistants_may_finish: Some(form.has("assistants_may_finish")),
    };
    let seen = form.filled("version").and_then(|v| v.parse().ok());
    match web.app.update_clinic(&page.actor, id, seen, &patch).await {
        Ok(_) => shell::redirect(&urls::with_query(urls::SETTINGS, &[("done", "clinic")])),
        Err(error) => answer(&web, &page, None, &RefusedSettings::Clinic(id, &form), Some(error)).await,
    }
}

async fn answer(
    web: &Web,
    page: &Page,
    notice: Option<Banner<'_>>,
    refused: &RefusedSettings<'_>,
    error: Option<AppError>,
) -> Response {
    let said = match &error {
        None => FormErrors::default(),
        Some(AppError::Refused(refusals)) => FormErrors::of(refusals),
        Some(stale @ AppError::Stale { .. }) => {
            let refusal = muster_domain::Refusal::whole(muster_domain::Code::SomeoneSavedFirst);
            let _ = stale;
            FormErrors::of(&Refusals(vec![refusal]))
        }
        Some(_) => return PageError(error.unwrap_or(AppError::NotFound)).into_response(),
    };
    match draw(web, page, notice, refused, &said).await {
        Ok(markup) => match &error {
            Some(error) => shell::refused(error, markup),
            None => markup.into_response(),
        },
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(
    web: &Web,
    page: &Page,
    notice: Option<Banner<'_>>,
    refused: &RefusedSettings<'_>,
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    if !page.actor.may(Permission::ClinicAdmin) {
        return Err(web.app.missing(Permission::ClinicAdmin).into());
    }
    let organization = web.app.organization(&page.actor).await?;
    let clinics = web.app.clinics(&page.actor).await?;
    let admin = page.actor.may(Permission::CompanyAdmin);
    let none = FormErrors::default();
    let body = html! {
        (parts::heading("Settings", Some(&organization.name), &html! {}))
        (said.summary())
        div.stack {
            @if admin {
                @let (form, said) = match refused { RefusedSettings::Practice(form) => (Some(*form), said), _ => (None, &none) };
                @let own_name = matches!(refused, RefusedSettings::Nothing | RefusedSettings::Practice(_));
                (parts::card("Practice", &practice_form(page, &organization, own_name, form, said)))
            } @else {
                (parts::card("Practice", &html! { p.soft { "Only company admins change the settings of the whole practice." } }))
            }
            (parts::section("Clinics", Some("A clinic can be made inactive once it is nobody's default clinic."), &html! {
                div.grid-2 { @for clinic in &clinics {
                    @let (form, said) = match refused { RefusedSettings::Clinic(id, form) if *id == clinic.id => (Some(*form), said), _ => (None, &none) };
                    (clinic_form(page, clinic, admin, form, said))
                } }
                @if admin {
                    @let (form, said) = match refused { RefusedSettings::NewClinic(form) => (Some(*form), said), _ => (None, &none) };
                    (parts::card("Add a clinic", &new_clinic_form(page, form, said)))
                }
            }))
        }
    };
    Ok(shell::page(web, page, "Settings", notice, &body))
}

/// `own_name`: the field of the name has its name as id. Of several forms that is the refused one, because the summary
/// leads there.
fn practice_form(
    page: &Page,
    organization: &Organization,
    own_name: bool,
    form: Option<&FormData>,
    said: &FormErrors,
) -> Markup {
    let typed = |name: &str, stored: &str| form.and_then(|f| f.get(name)).unwrap_or(stored).to_owned();
    let name = typed("name", &organization.name);
    let zone = typed("time_zone", &organization.time_zone);
    let minutes = typed("idle_minutes", &organization.idle_minutes.to_string());
    let preset = typed("password_preset", organization.password_preset.as_str());
    let stored_days = organization.password_expiry_days.map_or_else(|| "never".to_owned(), |d| d.to_string());
    let days = typed("password_expiry_days", &stored_days);
    let presets = [
        RadioChoice {
            value: "seed",
            label: "Strong and mixed",
            hint: Some(
                "8 or more characters with a number, a special character, upper and lower case, and strength Strong.",
            ),
            disabled_reason: None,
        },
        RadioChoice {
            value: "nist-800-63b",
            label: "Long (NIST 800-63B)",
            hint: Some("15 or more characters of any kind, none that is commonly used."),
            disabled_reason: None,
        },
    ];
    let expiry = [("never", "Never"), ("30", "After 30 days"), ("60", "After 60 days"), ("90", "After 90 days")];
    let expiry: Vec<Choice> = expiry.iter().map(|(value, label)| Choice::new(value, label, &days)).collect();
    html! {
        form method="post" action=(urls::SETTINGS) novalidate data-guard data-guard-dirty[form.is_some()] {
            (parts::csrf_field(&page.info.csrf))
            input type="hidden" name="version" value=(organization.version);
            div.fields {
                (parts::input(&Field::new("name", "Name of the practice", &name).id(if own_name { "name" } else { "practice-name" }).required().errors(said.at("name"))))
                (time_zone_select(&zone, said.at("time_zone")))
                (parts::input(&Field::new("idle_minutes", "Lock after (minutes without activity)", &minutes).kind(FieldKind::Number).required().errors(said.at("idle_minutes")).attr("min", "1").attr("max", "240")))
                (parts::select(&Select { name: "password_expiry_days", label: "Passwords have to be changed", options: &expiry, required: true, errors: said.at("password_expiry_days"), ..Select::default() }))
            }
            (parts::radio_group(&RadioGroup { name: "password_preset", legend: "Password rules", current: &preset, options: &presets, errors: said.at("password_preset"), ..RadioGroup::default() }))
            (parts::form_actions(&html! { (parts::button(&Button { label: "Save settings", kind: ButtonKind::Primary, ..Button::default() })) }))
        }
    }
}

fn clinic_form(page: &Page, clinic: &Clinic, admin: bool, form: Option<&FormData>, said: &FormErrors) -> Markup {
    let id = clinic.id.to_string();
    let name = form.and_then(|f| f.get("name")).unwrap_or(&clinic.name);
    let status = form.and_then(|f| f.get("status")).unwrap_or(clinic.status.as_str());
    let finish = form
        .map_or(clinic.assistants_may_finish == muster_domain::organizations::AssistantFinish::Allowed, |f| {
            f.has("assistants_may_finish")
        });
    let options = [Choice::new("active", "Active", status), Choice::new("inactive", "Inactive", status)];
    let id_of = |name: &str| if form.is_some() { name.to_owned() } else { format!("{name}-{id}") };
    let (name_id, status_id) = (id_of("name"), id_of("status"));
    let place = [clinic.address.as_str(), clinic.city.as_str(), clinic.state.as_str(), clinic.zip.as_str()];
    let place: Vec<&str> = place.into_iter().filter(|p| !p.is_empty()).collect();
    let title = clinic.name.as_str();
    let chip = if clinic.is_active() {
        html! {}
    } else {
        parts::chip(ChipKind::Off, "Inactive")
    };
    parts::card_with(
        title,
        &chip,
        &html! {
            form method="post" action=(urls::clinic(clinic.id)) novalidate {
                (parts::csrf_field(&page.info.csrf))
                input type="hidden" name="version" value=(clinic.version);
                @if !place.is_empty() { p.soft.small { (place.join(", ")) } }
                div.fields {
                    (parts::input(&Field::new("name", "Name", name).id(&name_id).required().errors(said.at("name"))))
                    @if admin {
                        (parts::select(&Select { name: "status", id: Some(&status_id), label: "Status", options: &options, required: true, errors: said.at("status"), ..Select::default() }))
                    }
                }
                (parts::checkbox(&Checkbox {
                    name: "assistants_may_finish",
                    value: &id,
                    label: "Assistants may finish notes",
                    checked: finish,
                    hint: Some("Those who hold Finish SOAP Notes. Switched off, none of them can finish a note here, at once."),
                    ..Checkbox::default()
                }))
                (parts::button(&Button { label: "Save clinic", ..Button::default() }))
            }
        },
    )
}

fn new_clinic_form(page: &Page, form: Option<&FormData>, said: &FormErrors) -> Markup {
    let name = form.map(|f| f.one("name").to_owned()).unwrap_or_default();
    html! {
        form method="post" action=(urls::CLINICS) novalidate {
            (parts::csrf_field(&page.info.csrf))
            div.fields { (parts::input(&Field::new("name", "Name", &name).id(if form.is_some() { "name" } else { "new-clinic-name" }).required().errors(said.at("name")))) }
            (parts::button(&Button { label: "Add clinic", ..Button::default() }))
        }
    }
}
