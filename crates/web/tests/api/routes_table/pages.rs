//! The forms of pages that change something.

use muster_app::images::made_up_signature;
use muster_domain::emr::UserType;
use muster_testkit::practice::{Member, PASSWORD, PersonSpec, Practice};
use muster_web::urls;
use uuid::Uuid;

use super::subjects::Subjects;
use super::{ADMIN, Case, Content, NOBODY, PageForm, SUPPORT};
use crate::security::{link_sent, secret_of};
use crate::window::Window;

const NEW: &str = "Quiet-harbor-Lamp-42";

/// One request for each.
pub async fn page_cases(practice: &Practice) -> Vec<Case> {
    let subjects = Subjects::add(practice, "page", practice.clinics[1]).await;
    let mut cases = sign_in_cases(practice).await;
    cases.extend(own_account_cases(practice, &subjects).await);
    cases.extend(person_cases(practice, &subjects));
    cases.extend(duplicate_cases(&subjects));
    cases.extend(license_cases(practice, &subjects));
    cases.extend(practice_cases(practice));
    cases.extend(bulk_cases(practice, &subjects).await);
    cases
}

/// A form whose address is that of the route.
fn form(
    route: &'static str,
    action: &'static str,
    sender: &str,
    page: &str,
    path: &str,
    typed: &[(&'static str, &str)],
) -> Case {
    let typed = typed.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let form = PageForm { page: page.to_owned(), action: path.to_owned(), typed };
    let (sender, path) = (sender.to_owned(), path.to_owned());
    Case { method: "post", route, sender, path, content: Content::Form(form), action }
}

/// A button of a form with another address than the form itself.
fn button(mut case: Case, form_address: String) -> Case {
    if let Content::Form(form) = &mut case.content {
        form.action = form_address;
    }
    case
}

fn upload(case: Case, field: &'static str, file: Vec<u8>) -> Case {
    let Content::Form(form) = case.content else { panic!("{} is no form", case.route) };
    Case { content: Content::Upload { form, field, file }, ..case }
}

async fn sign_in_cases(practice: &Practice) -> Vec<Case> {
    let member = async |username: &str| practice.add(PersonSpec { username, ..PersonSpec::default() }).await;
    let with_password = async |username: &str| {
        let member = member(username).await;
        practice.give_password(&member).await;
        member
    };
    let link = async |member: &Member| {
        practice.app.send_sign_in_link(&practice.machine(), member.id).await.expect("a link");
        link_sent(practice).await
    };
    // Of several messages that wait, any could be the one with the link.
    practice.messages().await;
    let (nia, tom) = (with_password("page-nia").await.username, with_password("page-tom").await);
    let reset = link(&tom).await;
    let invitation = link(&member("page-new").await).await;
    let password = [("password", PASSWORD)];
    let credentials = [("username", nia.as_str()), ("password", PASSWORD)];
    let chosen = [("password", NEW), ("password_confirmation", NEW)];
    vec![
        form("/sign-in", "sign_in.succeeded", NOBODY, "/sign-in", "/sign-in", &credentials),
        form("/unlock", "session.unlocked", &nia, "/unlock", "/unlock", &password),
        form("/sign-out", "sign_out", &nia, "/sign-out", "/sign-out", &[]),
        form(
            "/reset-password",
            "password_reset.requested",
            NOBODY,
            "/reset-password",
            "/reset-password",
            &credentials[..1],
        ),
        form("/reset-password/{token}", "link.used", NOBODY, &reset, &reset, &chosen),
        form("/invitation/{token}", "link.used", NOBODY, &invitation, &invitation, &chosen),
    ]
}

async fn own_account_cases(practice: &Practice, subjects: &Subjects) -> Vec<Case> {
    let api_token = practice.token(ADMIN).await;
    let api = practice.api(&api_token);
    practice.session(ADMIN).await;
    let sessions = api.get(&format!("/people/{}/sessions", practice.admin.id)).await.expect(200).json();
    let session = sessions["items"][0]["id"].as_str().expect("a session");
    let token = serde_json::json!({"name": "x", "scopes": ["admin"]});
    let token = api.post("/tokens", &token).await.expect(201).json()["id"].as_str().expect("a token").to_owned();
    let (revoke, end) = (format!("/me/tokens/{token}/revoke"), format!("/me/sessions/{session}/end"));
    let password = [("current_password", PASSWORD), ("password", NEW), ("password_confirmation", NEW)];
    let new_token = [("name", "Payroll"), ("scopes", "people:read"), ("expires_in_days", "30")];
    let therapist = &subjects.therapist.username;
    vec![
        form("/me/password", "password.changed", therapist, "/me/password", "/me/password", &password),
        form("/me/tokens", "token.created", ADMIN, "/me", "/me/tokens", &new_token),
        form("/me/tokens/{token}/revoke", "token.revoked", ADMIN, "/me", &revoke, &[]),
        form("/me/sessions/{session}/end", "sessions.ended", ADMIN, "/me", &end, &[]),
    ]
}

fn person_cases(practice: &Practice, subjects: &Subjects) -> Vec<Case> {
    let (user, student) = (urls::user(subjects.therapist.id), urls::user(subjects.student));
    let (clinic, admin) = (practice.clinics[0].to_string(), practice.admin.id.to_string());
    let new = [
        ("user_type", UserType::SPT.as_str()),
        ("first_name", "Nia"),
        ("last_name", "Okafor"),
        ("username", "nokafor"),
        ("email", "nokafor@saco.example"),
        ("clinic_ids", clinic.as_str()),
        ("default_clinic_id", clinic.as_str()),
        ("permissions", "view_patients"),
        ("access", "invite"),
    ];
    let supervisor = subjects.therapist.id.to_string();
    let to = |what: &str| format!("{user}/{what}");
    let of_student = |what: &str| format!("{student}/{what}");
    let (licenses, first) = (to("professional-licenses"), to("professional-licenses/1"));
    let image = made_up_signature;
    #[rustfmt::skip]
    let cases = vec![
        form("/emr/users/new", "invitation.sent", ADMIN, "/emr/users/new", "/emr/users/new", &new),
        form("/emr/users/{person}", "person.updated", ADMIN, &user, &user, &[("phone", "207 555 0142")]),
        upload(form("/emr/users/{person}/picture", "picture.set", ADMIN, &user, &to("picture"), &[("crop", "middle")]), "picture", image()),
        form("/emr/users/{person}/picture/remove", "picture.removed", ADMIN, &user, &to("picture/remove"), &[]),
        upload(form("/emr/users/{person}/signature", "signature.set", ADMIN, &user, &to("signature"), &[]), "signature", image()),
        form("/emr/users/{person}/signature/remove", "signature.removed", ADMIN, &user, &to("signature/remove"), &[]),
        form("/emr/users/{person}/copy", "emr_account.access_copied", ADMIN, &format!("{user}/copy?source_ids={admin}"), &to("copy"), &[]),
        form("/emr/users/{person}/professional-licenses", "professional_license.added", ADMIN, &licenses, &licenses, &[("number", "PT-77"), ("state", "NH")]),
        form("/emr/users/{person}/professional-licenses/{license}", "professional_license.changed", ADMIN, &licenses, &first, &[("state", "VT")]),
        form("/emr/users/{person}/professional-licenses/{license}/remove", "professional_license.removed", ADMIN, &licenses, &format!("{first}/remove"), &[]),
        form("/emr/users/{person}/supervisor", "supervisor.changed", ADMIN, &student, &of_student("supervisor"), &[("supervisor_id", &supervisor)]),
        form("/emr/users/{person}/sign-in-link", "password_reset.sent", ADMIN, &user, &to("sign-in-link"), &[]),
        form("/emr/users/{person}/sessions", "sessions.ended", ADMIN, &user, &to("sessions"), &[]),
        form("/emr/users/{person}/type", "emr_account.type_changed", SUPPORT, &of_student("type?to=SOT"), &of_student("type"), &[]),
        form("/emr/users/{person}/offboarding", "person.offboarded", ADMIN, &of_student("offboarding?kind=leave"), &of_student("offboarding"), &[]),
    ];
    cases
}

fn duplicate_cases(subjects: &Subjects) -> Vec<Case> {
    let [kept, merged] = subjects.twins;
    let compare = |other: &str| urls::with_query(urls::DUPLICATES, &[("kept", &kept.to_string()), ("merged", other)]);
    let (apart, both) = (compare(&subjects.therapist.id.to_string()), compare(&merged.to_string()));
    let undo = format!("/people/duplicates/merges/{}/undo", subjects.merge);
    vec![
        form(urls::SOMEONE_ELSE, "person.someone_else", ADMIN, &apart, urls::SOMEONE_ELSE, &[]),
        form(urls::MERGE, "people.merged", ADMIN, &both, urls::MERGE, &[]),
        form("/people/duplicates/merges/{merge}/undo", "people.merge_undone", ADMIN, urls::DUPLICATES, &undo, &[]),
    ]
}

fn license_cases(practice: &Practice, subjects: &Subjects) -> Vec<Case> {
    let clinic = practice.clinics[0].to_string();
    let new = [("kind", "add"), ("clinic_id", clinic.as_str()), ("group", "assistant"), ("count", "2")];
    let request = |at: usize| format!("/emr/licenses/requests/{}", subjects.requests[at]);
    let queued = |at: usize| format!("/support/license-requests/{}", subjects.requests[at]);
    let waiting = urls::with_query(urls::LICENSE_WAITING, &[("clinic_id", &subjects.waiting_clinic.to_string())]);
    let person = subjects.waiting.to_string();
    let prices = format!("/support/organizations/{}/prices", practice.organization);
    let [withdraw, process, reject] = [request(0) + "/withdraw", queued(1) + "/process", queued(2) + "/reject"];
    #[rustfmt::skip]
    let cases = vec![
        form("/emr/licenses/requests/new", "license_request.submitted", ADMIN, urls::NEW_LICENSE_REQUEST, urls::NEW_LICENSE_REQUEST, &new),
        form("/emr/licenses/requests/{request}/withdraw", "license_request.withdrawn", ADMIN, &request(0), &withdraw, &[]),
        form("/support/license-requests/{request}/process", "license_request.processed", SUPPORT, &queued(1), &process, &[]),
        button(form("/support/license-requests/{request}/reject", "license_request.rejected", SUPPORT, &queued(2), &reject, &[("note", "No")]), queued(2) + "/process"),
        form("/emr/licenses/waiting", "invitation.sent", ADMIN, &waiting, urls::LICENSE_WAITING, &[("person_ids", &person)]),
        form("/support/organizations/{organization}/prices", "license_prices.set", SUPPORT, &prices, &prices, &[("therapist", "99")]),
    ];
    cases
}

fn practice_cases(practice: &Practice) -> Vec<Case> {
    let clinic = format!("/settings/clinics/{}", practice.clinics[2]);
    let enter = format!("/support/organizations/{}", practice.organization);
    let npi = practice.fresh_npi();
    let csv = format!(
        "first_name,last_name,email,npi,user_type,clinic,license_number\nUma,Ueda,uma@saco.example,{npi},PT,Saco,1\n"
    );
    let import = form("/import", "people.imported", ADMIN, "/import", "/import", &[("kind", "people"), ("go", "save")]);
    vec![
        form("/settings", "organization.updated", ADMIN, "/settings", "/settings", &[("idle_minutes", "9")]),
        form("/settings/clinics", "clinic.created", ADMIN, "/settings", "/settings/clinics", &[("name", "Kittery")]),
        form("/settings/clinics/{clinic}", "clinic.updated", ADMIN, "/settings", &clinic, &[("name", "York Beach")]),
        form("/support/organizations/{organization}", "operator.entered", SUPPORT, "/support", &enter, &[]),
        upload(import, "file", csv.into_bytes()),
    ]
}

async fn bulk_cases(practice: &Practice, subjects: &Subjects) -> Vec<Case> {
    // A draft is seen by the one who made it only.
    let person = subjects.twins[0].to_string();
    let chosen = [("go", "proceed"), ("shown", person.as_str()), ("person_ids", person.as_str())];
    let mut window = Window::signed_in(practice, ADMIN).await;
    let made = window.submit(urls::BULK_SELECT, urls::BULK_SELECT, &chosen).await.expect(303);
    let draft: Uuid = secret_of(made.header("location")).parse().expect("the draft");
    let to = |job: Uuid, what: &str| format!("/emr/bulk/{job}/{what}");
    let (done, running) = (subjects.bulk_done, subjects.bulk_running);
    let (page, start, select) = (urls::bulk(draft), to(draft, "start"), urls::BULK_SELECT);
    let change = ("changes", "add_permission:calendar_admin");
    #[rustfmt::skip]
    let cases = vec![
        form("/emr/users/bulk", "bulk_preset.saved", ADMIN, select, select, &[("go", "keep"), ("name", "All of us")]),
        button(form("/emr/bulk/{job}/keep", "bulk_preset.saved", ADMIN, &page, &to(draft, "keep"), &[change, ("name", "Front desk")]), start.clone()),
        form("/emr/bulk/{job}/start", "bulk_update.done", ADMIN, &page, &start, &[change]),
        form("/emr/bulk/{job}/cancel", "bulk_update.done", ADMIN, &urls::bulk(running), &to(running, "cancel"), &[]),
        form("/emr/bulk/{job}/undo", "bulk_update.undone", ADMIN, &to(done, "undo"), &to(done, "undo"), &[]),
    ];
    cases
}
