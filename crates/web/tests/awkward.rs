//! Every page with awkward data: long names, other scripts, emoji, and markup where text belongs.

#![allow(clippy::unwrap_used)] // a test's helpers may fail it too

use muster_domain::emr::{EmrPatch, UserType};
use muster_domain::licenses::{Group, RequestDraft, RequestKind};
use muster_domain::organizations::{ClinicPatch, OrganizationPatch};
use muster_domain::people::Change;
use muster_domain::people::PersonPatch;
use muster_testkit::both_practices;
use muster_testkit::practice::{Answer, PersonSpec, Practice, Visitor};

const SCRIPT: &str = "<script>alert(1)</script>";

/// What holds of every page whatever is on it.
#[track_caller]
fn sound(what: &str, answer: &Answer) {
    let html = answer.text();
    let head = |name: &str| answer.header(name).to_owned();
    assert!(head("content-type").starts_with("text/html"), "{what}: {}", head("content-type"));
    assert_eq!(head("cache-control"), "no-store", "{what}");
    let policy = head("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    assert!(!policy.contains("unsafe-"), "{what}: {policy}");
    assert_eq!(head("x-content-type-options"), "nosniff", "{what}");
    assert!(!html.contains("<script>") && !html.contains("<img"), "{what}: text became markup\n{html}");
    assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{what}");
    for once in ["<h1>", "<main ", "<title>", "</html>", "</body>", "</main>"] {
        assert_eq!(html.matches(once).count(), 1, "{what}: {once}");
    }
    let title = html.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(t, _)| t);
    assert!(title.is_some_and(|t| t.len() > " · Muster".len()), "{what}: {title:?}");
    well_formed(what, &html);
}

/// Every element is closed in its turn, no attribute is given twice, and no id is used twice.
#[track_caller]
fn well_formed(what: &str, html: &str) {
    const VOID: [&str; 6] = ["meta", "link", "input", "hr", "br", "img"];
    const SHAPES: [&str; 4] = ["path", "rect", "circle", "line"];
    let (mut open, mut ids): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let mut quoted = false;
        let end = after.find(|c: char| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let tag = &after[..end.unwrap_or_else(|| panic!("{what}: a tag never ends: {after:.80}"))];
        rest = &after[tag.len()..];
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{what}: {name} closes out of turn before {rest:.120}");
            continue;
        }
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        let mut names: Vec<&str> = tag.split('"').step_by(2).flat_map(str::split_whitespace).skip(1).collect();
        names.retain(|n| !n.is_empty() && *n != "/");
        for name in &names {
            assert!(!name.starts_with("on") && *name != "style=", "{what}: {name} in <{tag}>");
        }
        assert!(!tag.contains("=\"javascript:"), "{what}: <{tag}>");
        let total = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), total, "{what}: an attribute is given twice in <{tag}>");
        if let Some((_, id)) = tag.split_once(" id=\"") {
            ids.push(id.split('"').next().unwrap_or_default().to_owned());
        }
        let closed = VOID.contains(&name) || (tag.ends_with('/') && SHAPES.contains(&name));
        if !closed {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "{what}: never closed: {open:?}");
    let total = ids.len();
    ids.sort_unstable();
    let all = ids.clone();
    ids.dedup();
    assert_eq!(ids.len(), total, "{what}: an id is used twice: {all:?}");
}

/// A practice in which every text that may be anything is something awkward.
/// The addresses of its people.
async fn awkward(practice: &Practice) -> Vec<String> {
    let machine = practice.machine();
    let long = "ẞ".repeat(100);
    let names = [
        (SCRIPT, "\"><img src=x onerror=alert(1)>"),
        ("محمد عبد الرحمن", "אברהם־כהן"),
        ("👩🏽‍⚕️🦉", "O'Brien & Søn </title>"),
        (long.as_str(), long.as_str()),
        ("{{7*7}}", "%3Cscript%3E javascript:alert(1)"),
    ];
    let mut pages = Vec::new();
    for (n, (first, last)) in names.into_iter().enumerate() {
        let username = format!("awkward{n}");
        let member = practice.add(PersonSpec { username: &username, ..PersonSpec::default() }).await;
        let person = PersonPatch {
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            full_name: Some(String::new()),
            previous_names: Some(vec![SCRIPT.to_owned(), long.clone()]),
            ..PersonPatch::default()
        };
        let emr = EmrPatch { license_expires_on: Some(Some("2026-03-10".to_owned())), ..EmrPatch::default() };
        let change = Change { person, emr: Some(emr), ..Change::default() };
        let saved = practice.app.update_person(&machine, member.id, None, change).await;
        saved.unwrap_or_else(|e| panic!("{first} {last}: {e}"));
        pages.push(format!("/emr/users/{}", member.id));
    }
    for (clinic, name) in practice.clinics.iter().zip([SCRIPT, "عيادة 🦉", long.as_str()]) {
        let patch = ClinicPatch { name: Some(name.to_owned()), ..ClinicPatch::default() };
        practice.app.update_clinic(&machine, *clinic, None, &patch).await.expect("a name");
    }
    let patch = OrganizationPatch { name: Some(format!("{SCRIPT} Rehab")), ..OrganizationPatch::default() };
    practice.app.update_organization(&machine, practice.organization, None, &patch).await.expect("a name");
    practice.operator("helen").await;
    pages
}

both_practices! {
    async fn no_text_becomes_markup_on_any_page(practice) {
        let profiles = awkward(practice).await;
        every_page_is_sound(practice, &profiles).await;
    }
}

async fn every_page_is_sound(practice: &Practice, profiles: &[String]) {
    let encoded = muster_web::urls::encode(SCRIPT);
    let nobody = practice.stranger().await;
    let mara =
        practice.add(PersonSpec { username: "mara", user_type: UserType::Clerical, ..PersonSpec::default() }).await;
    practice.app.send_sign_in_link(&practice.machine(), mara.id).await.unwrap();
    let text = practice.messages().await.pop().unwrap();
    let link = text.split_whitespace().find_map(|w| w.strip_prefix(&practice.url)).unwrap().to_owned();
    for path in [
        "/sign-in".to_owned(),
        format!("/sign-in?done={encoded}&next=/{encoded}"),
        "/reset-password".to_owned(),
        "/setup/none".to_owned(),
        format!("/reset-password/{encoded}"),
        format!("/{encoded}"),
        link.clone(),
    ] {
        sound(&path, &nobody.get(&path).await);
    }
    for (path, fields) in [
        ("/sign-in", vec![("username", SCRIPT), ("password", SCRIPT), ("next", SCRIPT)]),
        ("/reset-password", vec![("username", SCRIPT)]),
        (&link, vec![("password", SCRIPT), ("password_confirmation", "other")]),
    ] {
        sound(path, &nobody.post(path, &fields).await);
    }

    let admin = practice.visitor("admin").await;
    let mut pages: Vec<String> = [
        "/emr/users",
        "/emr/users/bulk",
        "/emr/bulk",
        "/import",
        "/emr/users/new",
        "/audit",
        "/settings",
        "/me",
        "/me/password",
        "/support",
        "/sign-out",
    ]
    .map(str::to_owned)
    .into();
    pages.extend_from_slice(profiles);
    pages.push(format!(
        "/emr/users?q={encoded}&user_type={encoded}&status={encoded}&clinic_id={encoded}&sort={encoded}&after={encoded}"
    ));
    pages.push(format!("/audit?action={encoded}&effect={encoded}&from={encoded}&until={encoded}&subject_id={encoded}&sort={encoded}&after={encoded}"));
    let machine = practice.machine();
    let clinic = practice.clinics[0];
    practice.app.set_license_total(&machine, clinic, Group::Therapist, 20, SCRIPT).await.unwrap();
    let wanted =
        RequestDraft { kind: RequestKind::Release, clinic, group: Group::Therapist, count: 1, note: SCRIPT.to_owned() };
    let asked = practice.app.submit_license_request(&machine, &wanted, None).await.unwrap().request.id;
    for page in ["", "/requests", "/waiting", "/unused", "/ledger", "/requests/new"] {
        pages.push(format!("/emr/licenses{page}"));
        let all = ["q", "after", "clinic_id", "group", "state", "kind", "count", "note"];
        let query: Vec<String> = all.iter().map(|name| format!("{name}={encoded}")).collect();
        pages.push(format!("/emr/licenses{page}?{}", query.join("&")));
    }
    pages.push(format!("/emr/licenses/clinics/{clinic}"));
    pages.push(format!("/emr/licenses/requests/{asked}"));
    pages.push("/support/license-requests".to_owned());
    pages.push(format!("/me?done={encoded}"));
    pages.push(format!("{}?done={encoded}", profiles[0]));
    for path in &pages {
        let answer = admin.get(path).await;
        sound(path, &answer);
    }
    assert!(admin.get("/emr/users").await.text().contains("&lt;script&gt;alert(1)&lt;/script&gt;"));

    // Forms sent back with what was typed.
    let every = [
        "first_name",
        "last_name",
        "full_name",
        "previous_names",
        "email",
        "phone",
        "npi",
        "username",
        "user_type",
        "status",
        "license_number",
        "license_state",
        "license_expires_on",
        "permissions",
        "clinic_ids",
        "default_clinic_id",
        "password",
        "password_confirmation",
        "name",
        "time_zone",
        "idle_minutes",
        "password_preset",
        "password_expiry_days",
        "scopes",
        "expires_in_days",
        "current_password",
        "kind",
        "clinic_id",
        "group",
        "count",
        "note",
    ];
    let fields: Vec<(&str, &str)> = every.iter().map(|n| (*n, SCRIPT)).collect();
    let clinic = format!("/settings/clinics/{}", practice.clinics[1]);
    let long_clinic = [("name", "x<script>alert(1)</script>x"), ("status", SCRIPT)];
    for path in
        ["/emr/users/new", &profiles[0], "/settings", "/me/tokens", "/me/password", "/emr/licenses/requests/new"]
    {
        let answer = admin.post(path, &fields).await;
        assert!(answer.status >= 400, "{path} took it: {}", answer.status);
        sound(path, &answer);
    }
    sound(&clinic, &admin.post(&clinic, &long_clinic).await);
    let refresh: Vec<(&str, &str)> = fields.iter().copied().chain([("refresh", "summary")]).collect();
    sound("a refreshed profile", &admin.post("/emr/users/new", &refresh).await);
    let made = admin.post("/me/tokens", &[("name", SCRIPT), ("scopes", "people:read"), ("expires_in_days", "3")]).await;
    sound("a new token", &made);
    bulk(&admin).await;
    sound("/unlock", &admin.get(&format!("/unlock?next=/{encoded}")).await);
}

/// A bulk update of everybody, from the selection to its undo.
async fn bulk(admin: &Visitor<'_>) {
    let everything = [("go", "everybody"), ("q", SCRIPT), ("name", SCRIPT), ("kept", SCRIPT), ("next", SCRIPT)];
    sound("a selection", &admin.post("/emr/users/bulk", &everything).await);
    let go = [("go", "proceed"), ("everybody", "true"), ("seen_filter", "{}")];
    let draft = admin.post("/emr/users/bulk", &go).await;
    let draft = draft.header("location").to_owned();
    assert!(draft.starts_with("/emr/bulk/"), "{draft}");
    sound("a draft", &admin.get(&draft).await);
    let typed = [("changes", SCRIPT), ("status", SCRIPT), ("name", SCRIPT), ("preset", "")];
    for to in ["preview", "start", "keep"] {
        sound(to, &admin.post(&format!("{draft}/{to}"), &typed).await);
    }
    let changes = [("changes", "add_permission:calendar_admin"), ("changes", "remove_permission:company_admin")];
    sound("a preview", &admin.post(&format!("{draft}/preview"), &changes).await);
    assert_eq!(admin.post(&format!("{draft}/start"), &changes).await.status, 303);
    let result = admin.get(&draft).await;
    sound("a result", &result);
    assert!(result.text().contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    sound("an undo", &admin.get(&format!("{draft}/undo")).await);
}

both_practices! {
    async fn no_text_becomes_markup_for_support(practice) {
        let profiles = awkward(practice).await;
        let helen = practice.visitor("helen").await;
        sound("/support", &helen.get("/support").await);
        let machine = practice.machine();
        practice.app.set_license_total(&machine, practice.clinics[0], Group::Therapist, 20, SCRIPT).await.unwrap();
        let (clinic, note) = (practice.clinics[0], SCRIPT.to_owned());
        let wanted = RequestDraft { kind: RequestKind::Add, clinic, group: Group::Therapist, count: 1, note };
        let asked = practice.app.submit_license_request(&machine, &wanted, None).await.unwrap().request.id;
        let request = format!("/support/license-requests/{asked}");
        let prices = format!("/support/organizations/{}/prices", practice.organization);
        for path in ["/support/license-requests", &request, &prices] {
            sound(path, &helen.get(path).await);
        }
        let typed = [("currency", SCRIPT), ("therapist", SCRIPT)];
        sound("refused prices", &helen.post(&prices, &typed).await);
        sound("a refused rejection", &helen.post(&format!("{request}/reject"), &[("note", "")]).await);
        helen.post(&format!("/support/organizations/{}", practice.organization), &[]).await;
        for path in ["/emr/users", "/audit", "/settings", "/me", &format!("{}/type?to=SPT", profiles[0])] {
            sound(path, &helen.get(path).await);
        }
    }

    async fn files_of_the_pages_are_kept_by_caches_and_their_links_work(practice) {
        awkward(practice).await;
        let nobody = practice.stranger().await;
        let html = nobody.get("/sign-in").await.text();
        let mut kinds = Vec::new();
        for (_, rest) in html.match_indices("/assets/").map(|(at, _)| html.split_at(at)) {
            let path = rest.split('"').next().unwrap();
            let answer = nobody.get(path).await.expect(200);
            assert!(answer.header("cache-control").contains("immutable"), "{path}");
            kinds.push(answer.header("content-type").to_owned());
        }
        kinds.sort_unstable();
        assert_eq!(
            kinds,
            [
                "image/svg+xml",
                "text/css; charset=utf-8",
                "text/javascript; charset=utf-8",
                "text/javascript; charset=utf-8"
            ]
        );
    }
}
