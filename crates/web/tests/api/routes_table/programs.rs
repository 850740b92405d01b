//! The routes of the JSON API that change something.

use muster_app::images::made_up_signature;
use muster_testkit::practice::{PASSWORD, Practice};
use serde_json::{Value, json};

use super::subjects::Subjects;
use super::{ADMIN, Case, Content, SUPPORT};
use crate::a_therapist;

/// Begins with the method and the route below `/api/v1`.
type Row = (&'static str, &'static str, String, Content, &'static str);

/// One request for each.
pub async fn program_cases(practice: &Practice) -> Vec<Case> {
    let subjects = Subjects::add(practice, "api", practice.clinics[2]).await;
    let mut rows = practice_rows(practice);
    rows.extend(people_rows(practice, &subjects).await);
    rows.extend(duplicate_rows(practice, &subjects));
    rows.extend(license_rows(practice, &subjects));
    rows.extend(token_rows(practice).await);
    rows.extend(bulk_rows(practice, &subjects).await);
    let case = |(method, route, path, content, action): Row| {
        let sender = match route {
            "/api/v1/me/password" => subjects.therapist.username.clone(),
            _ if support_only(route) => SUPPORT.to_owned(),
            _ => ADMIN.to_owned(),
        };
        Case { method, route, sender, path: format!("/api/v1{path}"), content, action }
    };
    rows.into_iter().map(case).collect()
}

fn support_only(route: &str) -> bool {
    let requests = "/api/v1/license-requests/{request}";
    route.starts_with("/api/v1/license-pools")
        || route.starts_with("/api/v1/license-prices")
        || route.strip_prefix(requests).is_some_and(|step| matches!(step, "/process" | "/reject"))
}

fn json(value: Value) -> Content {
    Content::Json(value)
}

fn practice_rows(practice: &Practice) -> Vec<Row> {
    let (organization, clinic) = (practice.organization, practice.clinics[1]);
    let organization_path = format!("/organizations/{organization}");
    let npi = practice.fresh_npi();
    let csv = format!(
        "first_name,last_name,email,npi,user_type,clinic,license_number\nIda,Ito,ida@saco.example,{npi},PT,Saco,1\n"
    );
    #[rustfmt::skip]
    let rows = vec![
        ("patch", "/api/v1/organizations/{organization}", organization_path, json(json!({"idle_minutes": 7})), "organization.updated"),
        ("post", "/api/v1/clinics", "/clinics".into(), json(json!({"name": "Biddeford"})), "clinic.created"),
        ("patch", "/api/v1/clinics/{clinic}", format!("/clinics/{clinic}"), json(json!({"name": "Wells Beach"})), "clinic.updated"),
        ("post", "/api/v1/imports", "/imports".into(), Content::Csv(csv), "people.imported"),
    ];
    rows
}

async fn people_rows(practice: &Practice, subjects: &Subjects) -> Vec<Row> {
    let (person, student) = (format!("/people/{}", subjects.therapist.id), format!("/people/{}", subjects.student));
    practice.session(&subjects.therapist.username).await;
    let token = practice.token(ADMIN).await;
    let sessions = practice.api(&token).get(&format!("{person}/sessions")).await.expect(200).json();
    let session = sessions["items"][0]["id"].as_str().expect("a session").to_owned();
    let image = || Content::Image(made_up_signature());
    let new = a_therapist(practice, "new");
    let password = json!({"current_password": PASSWORD, "password": "Quiet-harbor-Lamp-42"});
    #[rustfmt::skip]
    let rows = vec![
        ("post", "/api/v1/people", "/people".into(), json(new), "invitation.sent"),
        ("patch", "/api/v1/people/{person}", person.clone(), json(json!({"phone": "207 555 0142"})), "person.updated"),
        ("patch", "/api/v1/people/{person}/emr-account", format!("{person}/emr-account"), json(json!({"license_state": "ME"})), "person.updated"),
        ("post", "/api/v1/people/{person}/professional-licenses", format!("{person}/professional-licenses"), json(json!({"number": "PT-77", "state": "NH"})), "professional_license.added"),
        ("patch", "/api/v1/people/{person}/professional-licenses/{license}", format!("{person}/professional-licenses/1"), json(json!({"state": "VT"})), "professional_license.changed"),
        ("delete", "/api/v1/people/{person}/professional-licenses/{license}", format!("{person}/professional-licenses/1"), Content::Empty, "professional_license.removed"),
        ("put", "/api/v1/people/{person}/supervisor", format!("{student}/supervisor"), json(json!({"supervisor_id": subjects.therapist.id})), "supervisor.changed"),
        ("post", "/api/v1/people/{person}/copy-from", format!("{person}/copy-from"), json(json!({"source_ids": [practice.admin.id]})), "emr_account.access_copied"),
        ("put", "/api/v1/people/{person}/picture", format!("{person}/picture?crop=middle"), image(), "picture.set"),
        ("delete", "/api/v1/people/{person}/picture", format!("{person}/picture"), Content::Empty, "picture.removed"),
        ("put", "/api/v1/people/{person}/signature", format!("{person}/signature"), image(), "signature.set"),
        ("delete", "/api/v1/people/{person}/signature", format!("{person}/signature"), Content::Empty, "signature.removed"),
        ("post", "/api/v1/people/{person}/sign-in-link", format!("{person}/sign-in-link"), Content::Empty, "password_reset.sent"),
        ("delete", "/api/v1/people/{person}/sessions/{session}", format!("{person}/sessions/{session}"), Content::Empty, "sessions.ended"),
        ("delete", "/api/v1/people/{person}/sessions", format!("{person}/sessions"), Content::Empty, "sessions.ended"),
        ("put", "/api/v1/me/password", "/me/password".into(), json(password), "password.changed"),
        ("post", "/api/v1/people/{person}/offboarding", format!("{student}/offboarding"), json(json!({"kind": "leave"})), "person.offboarded"),
    ];
    rows
}

fn duplicate_rows(practice: &Practice, subjects: &Subjects) -> Vec<Row> {
    let ([kept, merged], undo) = (subjects.twins, format!("/people/duplicates/merges/{}/undo", subjects.merge));
    let apart = json!({"person_id": kept, "other_id": subjects.therapist.id});
    let same = json!({"person_id": kept, "emr_account": {"clinic_ids": [practice.clinics[2]]}});
    let both = json!({"kept_id": kept, "merged_id": merged});
    #[rustfmt::skip]
    let rows = vec![
        ("post", "/api/v1/people/duplicates/someone-else", "/people/duplicates/someone-else".into(), json(apart), "person.someone_else"),
        ("post", "/api/v1/people/duplicates/same-person", "/people/duplicates/same-person".into(), json(same), "person.updated"),
        ("post", "/api/v1/people/duplicates/merge", "/people/duplicates/merge".into(), json(both), "people.merged"),
        ("post", "/api/v1/people/duplicates/merges/{merge}/undo", undo, Content::Empty, "people.merge_undone"),
    ];
    rows
}

fn license_rows(practice: &Practice, subjects: &Subjects) -> Vec<Row> {
    let step = |at: usize, what: &str| format!("/license-requests/{}/{what}", subjects.requests[at]);
    let more = json!({"kind": "add", "clinic_id": practice.clinics[0], "group": "assistant", "count": 2});
    let waiting = json!({"clinic_id": subjects.waiting_clinic, "person_ids": [subjects.waiting], "invite": false});
    #[rustfmt::skip]
    let rows = vec![
        ("put", "/api/v1/license-pools/{clinic}/{group}", format!("/license-pools/{}/student", practice.clinics[1]), json(json!({"total": 3})), "license_pool.total_set"),
        ("post", "/api/v1/license-requests", "/license-requests".into(), json(more), "license_request.submitted"),
        ("post", "/api/v1/license-requests/{request}/withdraw", step(0, "withdraw"), json(json!({})), "license_request.withdrawn"),
        ("post", "/api/v1/license-requests/{request}/process", step(1, "process"), json(json!({"note": "x"})), "license_request.processed"),
        ("post", "/api/v1/license-requests/{request}/reject", step(2, "reject"), json(json!({"note": "x"})), "license_request.rejected"),
        ("post", "/api/v1/license-waiting-list/activate", "/license-waiting-list/activate".into(), json(waiting), "person.updated"),
        ("put", "/api/v1/license-prices", "/license-prices".into(), json(json!({"currency": "USD", "therapist": 9900})), "license_prices.set"),
    ];
    rows
}

async fn token_rows(practice: &Practice) -> Vec<Row> {
    let admin = practice.token(ADMIN).await;
    let body = |name: &str| json!({"name": name, "scopes": ["admin"]});
    let made = practice.api(&admin).post("/tokens", &body("x")).await.expect(201).json();
    let token = made["id"].as_str().expect("a token").to_owned();
    vec![
        ("post", "/api/v1/tokens", "/tokens".into(), json(body("y")), "token.created"),
        ("delete", "/api/v1/tokens/{token}", format!("/tokens/{token}"), Content::Empty, "token.revoked"),
    ]
}

async fn bulk_rows(practice: &Practice, subjects: &Subjects) -> Vec<Row> {
    let admin = practice.token(ADMIN).await;
    let preset = json!({"name": "x", "filter": {}});
    let made = practice.api(&admin).post("/bulk-updates/presets", &preset).await.expect(201).json();
    let preset = made["id"].as_str().expect("an id").to_owned();
    let step = |id: uuid::Uuid, what: &str| format!("/bulk-updates/{id}/{what}");
    let changes = json!([{"op": "add_permission", "value": "calendar_admin"}]);
    let update = json!({"selection": {"ids": [subjects.twins[0]]}, "changes": changes});
    #[rustfmt::skip]
    let rows = vec![
        ("post", "/api/v1/bulk-updates", "/bulk-updates".into(), json(update), "bulk_update.done"),
        ("post", "/api/v1/bulk-updates/{bulk_update}/undo", step(subjects.bulk_done, "undo"), Content::Empty, "bulk_update.undone"),
        ("post", "/api/v1/bulk-updates/{bulk_update}/cancel", step(subjects.bulk_running, "cancel"), Content::Empty, "bulk_update.done"),
        ("post", "/api/v1/bulk-updates/presets", "/bulk-updates/presets".into(), json(json!({"name": "y", "changes": changes})), "bulk_preset.saved"),
        ("delete", "/api/v1/bulk-updates/presets/{preset}", format!("/bulk-updates/presets/{preset}"), Content::Empty, "bulk_preset.removed"),
    ];
    rows
}
