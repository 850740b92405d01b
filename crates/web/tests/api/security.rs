//! What must not be lost around forms, cookies, links and records, spoken to as a browser speaks.

use axum::body::Body;
use axum::http::Request;
use jiff::SignedDuration;
use muster_app::Actor;
use muster_app::audit::AuditQuery;
use muster_domain::OrganizationId;
use muster_testkit::both_practices;
use muster_testkit::practice::{Answer, PASSWORD, PersonSpec, Practice};
use muster_web::{ROUTES, WebSettings, Who};
use serde_json::{Value, json};

use crate::a_therapist;
use crate::window::{Fields, Window, settings};

const NEW: &str = "Quiet-harbor-Lamp-42";
const STALE: &str = "This form is no longer valid";

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

/// Sends a filled-in form without its token and with wrong ones; each is refused for that reason.
pub async fn forge(window: &mut Window, path: &str, filled: &Fields, of_somebody_else: &str) {
    let mut without = filled.clone();
    without.retain(|(name, _)| name != "csrf");
    for token in [None, Some(""), Some("forged"), Some(of_somebody_else)] {
        let mut forged = without.clone();
        forged.extend(token.map(|t| ("csrf".to_owned(), t.to_owned())));
        let text = window.send(path, &forged).await.expect(403).text();
        assert!(text.contains(STALE), "{path} with {token:?}: {text}");
    }
}

/// The token in the forms of that page.
pub async fn token_of(window: &mut Window, page: &str) -> String {
    let fields = window.fill(page, page, &[]).await;
    fields.into_iter().find(|(name, _)| name == "csrf").unwrap().1
}

/// An address of a route, with something for each parameter.
fn an_address(route: &str) -> String {
    let part = |part: &str| match part {
        "{license}" => "0".to_owned(),
        part if part.starts_with('{') => "0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001".to_owned(),
        part => part.to_owned(),
    };
    route.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Name and value of the one cookie an answer sets, and its sorted attributes.
#[track_caller]
fn cookie(answer: &Answer) -> (String, String, Vec<String>) {
    let all: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(all.len(), 1, "{:?}", answer.headers);
    let mut parts = all[0].to_str().unwrap().split("; ").map(str::to_owned);
    let pair = parts.next().unwrap();
    let (name, value) = pair.split_once('=').unwrap();
    let mut attributes: Vec<String> = parts.collect();
    attributes.sort();
    (name.to_owned(), value.to_owned(), attributes)
}

pub fn secret_of(link: &str) -> String {
    link.rsplit('/').next().unwrap().to_owned()
}

/// The path of the latest link sent. Messages of one moment come in any order.
pub async fn link_sent(practice: &Practice) -> String {
    let texts = practice.messages().await;
    let mut words = texts.iter().rev().flat_map(|text| text.split_whitespace());
    let link = words.find_map(|word| word.strip_prefix(&practice.url));
    link.unwrap_or_else(|| panic!("a link in {texts:?}")).to_owned()
}

both_practices! {
    async fn no_form_of_a_session_is_taken_without_its_token(practice) {
        let mut ada = Window::signed_in(practice, "admin").await;
        let other = token_of(&mut Window::signed_in(practice, "admin").await, "/me/password").await;
        let token = practice.token("admin").await;
        let newest = async || practice.api(&token).get("/audit-events?limit=1").await.expect(200).json()["items"].clone();
        let before = newest().await;
        let forms: Vec<_> = ROUTES.iter().filter(|r| r.method == "post" && r.who == Who::Person).collect();
        assert!(forms.len() > 40, "{}", forms.len());
        for route in forms {
            let path = an_address(route.path);
            if ["/picture", "/signature", "/import", "/import/columns"].iter().any(|end| path.ends_with(end)) {
                for csrf in ["x", "csrf"] {
                    let body = format!("--B\r\ncontent-disposition: form-data; name=\"{csrf}\"\r\n\r\n{other}\r\n--B--\r\n");
                    let request = Request::post(&path).header("content-type", "multipart/form-data; boundary=B");
                    assert!(ada.call(request, Body::from(body)).await.expect(403).text().contains(STALE), "{path}");
                }
            } else {
                forge(&mut ada, &path, &Fields::new(), &other).await;
            }
        }
        assert_eq!(newest().await, before);
    }

    async fn what_a_forged_form_of_a_session_asks_for_does_not_happen(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mut ada = Window::signed_in(practice, "admin").await;
        let other = token_of(&mut Window::signed_in(practice, "admin").await, "/me/password").await;

        let organization = format!("/organizations/{}", practice.organization);
        let idle = async || api.get(&organization).await.expect(200).json()["idle_minutes"].clone();
        let filled = ada.fill("/settings", "/settings", &[("idle_minutes", "99")]).await;
        forge(&mut ada, "/settings", &filled, &other).await;
        assert_eq!(idle().await, 15);
        ada.send("/settings", &filled).await.expect(303);
        assert_eq!(idle().await, 99);

        let clinic = practice.clinics[0].to_string();
        let student = [
            ("user_type", "SPT"), ("first_name", "Nia"), ("last_name", "Okafor"), ("username", "nia"),
            ("email", "nia@saco.example"), ("clinic_ids", &clinic), ("default_clinic_id", &clinic),
            ("permissions", "view_patients"), ("access", "invite"),
        ];
        let nias = async || api.get("/people?q=okafor").await.expect(200).json()["total"].clone();
        let filled = ada.fill("/emr/users/new", "/emr/users/new", &student).await;
        forge(&mut ada, "/emr/users/new", &filled, &other).await;
        assert_eq!((nias().await, practice.messages().await.len()), (json!(0), 0));
        ada.send("/emr/users/new", &filled).await.expect(303);
        assert_eq!(nias().await, 1);

        let own = [("current_password", PASSWORD), ("password", NEW), ("password_confirmation", NEW)];
        let filled = ada.fill("/me/password", "/me/password", &own).await;
        forge(&mut ada, "/me/password", &filled, &other).await;
        Window::of(practice).sign_in("admin", NEW).await.expect(422);
        Window::of(practice).sign_in("admin", PASSWORD).await.expect(303);
        ada.send("/me/password", &filled).await.expect(303);
        Window::of(practice).sign_in("admin", NEW).await.expect(303);
    }

    async fn a_forged_sign_out_leads_to_the_question_and_ends_nothing(practice) {
        let mut ada = Window::signed_in(practice, "admin").await;
        let other = token_of(&mut Window::signed_in(practice, "admin").await, "/me/password").await;
        for forged in [fields(&[]), fields(&[("csrf", "")]), fields(&[("csrf", "forged")]), fields(&[("csrf", &other)])] {
            let answer = ada.send("/sign-out", &forged).await.expect(303);
            assert_eq!(answer.header("location"), "/sign-out");
            assert_eq!(ada.led_to("/me").await, "");
        }
        // Not even coming to the page ends a session.
        let session = ada.jar.clone();
        ada.submit("/sign-out", "/sign-out", &[]).await.expect(303);
        ada.jar = session;
        assert_eq!(ada.led_to("/me").await, "/sign-in?next=%2Fme");
    }

    async fn what_a_forged_form_of_a_visitor_asks_for_does_not_happen(practice) {
        let other = token_of(&mut Window::of(practice), "/sign-in").await;
        let mut visitor = Window::of(practice);
        let filled = visitor.fill("/sign-in", "/sign-in", &[("username", "admin"), ("password", PASSWORD)]).await;
        forge(&mut visitor, "/sign-in", &filled, &other).await;
        // The token alone, without the cookie that ties it to this browser.
        Window::of(practice).send("/sign-in", &filled).await.expect(403);
        assert_eq!(visitor.jar.keys().collect::<Vec<_>>(), ["muster_form"]);

        let reset = visitor.fill("/reset-password", "/reset-password", &[("username", "admin")]).await;
        forge(&mut visitor, "/reset-password", &reset, &other).await;
        assert!(practice.messages().await.is_empty());
        visitor.send("/reset-password", &reset).await.expect(200);

        let link = link_sent(practice).await;
        let chosen = visitor.fill(&link, &link, &[("password", NEW), ("password_confirmation", NEW)]).await;
        forge(&mut visitor, &link, &chosen, &other).await;
        visitor.send("/sign-in", &filled).await.expect(303);

        practice.clock.advance(SignedDuration::from_mins(16));
        let unlock = visitor.fill("/unlock?next=/settings", "/unlock", &[("password", PASSWORD)]).await;
        forge(&mut visitor, "/unlock", &unlock, &other).await;
        assert_eq!(visitor.led_to("/me").await, "/unlock?next=%2Fme");
        visitor.send("/unlock", &unlock).await.expect(303);
        assert_eq!(visitor.led_to("/me").await, "");
        visitor.send(&link, &chosen).await.expect(303);
    }

    async fn cookies_are_out_of_reach_of_scripts_and_other_sites(practice) {
        let secure = WebSettings { public_url: "https://muster.saco.example".to_owned(), ..settings(practice) };
        for (settings, prefix, more) in [(settings(practice), "", vec![]), (secure, "__Host-", vec!["Secure"])] {
            let mut window = Window::with(practice, settings.clone());
            let kept: Vec<&str> = ["HttpOnly", "Path=/", "SameSite=Lax"].into_iter().chain(more.clone()).collect();
            let (name, value, attributes) = cookie(&window.get("/sign-in").await.expect(200));
            assert_eq!((name, attributes), (format!("{prefix}muster_form"), kept.iter().map(|a| (*a).to_owned()).collect()));
            assert!(value.len() >= 32, "{value}");

            let (name, value, attributes) = cookie(&window.sign_in("admin", PASSWORD).await.expect(303));
            assert_eq!((&name, attributes), (&format!("{prefix}muster_session"), kept.iter().map(|a| (*a).to_owned()).collect()));
            assert!(value.len() >= 43, "256 bits: {value}");
            assert_eq!(window.led_to("/me").await, "");
            // A name of the other scheme, which a neighbor of the site could have set, is not looked at.
            let mut strange = Window::with(practice, settings);
            let other = if prefix.is_empty() { "__Host-muster_session" } else { "muster_session" };
            strange.jar.insert(other.to_owned(), value);
            assert_eq!(strange.led_to("/me").await, "/sign-in?next=%2Fme");

            let (gone, value, mut attributes) = cookie(&window.submit("/sign-out", "/sign-out", &[]).await.expect(303));
            attributes.retain(|a| a != "Max-Age=0");
            assert_eq!((gone, value.as_str(), attributes), (name, "", kept.iter().map(|a| (*a).to_owned()).collect()));
        }
    }

    async fn signing_in_begins_a_new_session_and_ends_the_one_in_this_browser(practice) {
        let mut window = Window::signed_in(practice, "admin").await;
        let first = window.jar.clone();
        window.sign_in("admin", PASSWORD).await.expect(303);
        assert_ne!(window.jar["muster_session"], first["muster_session"]);
        let mut before = Window::of(practice);
        before.jar = first;
        assert_eq!(before.led_to("/me").await, "/sign-in?next=%2Fme");
        // A value somebody planted is not adopted.
        let mut planted = Window::of(practice);
        planted.jar.insert("muster_session".to_owned(), "planted-by-somebody".to_owned());
        planted.sign_in("admin", PASSWORD).await.expect(303);
        assert_ne!(planted.jar["muster_session"], "planted-by-somebody");
    }

    async fn every_kind_of_answer_carries_the_protective_headers(practice) {
        let secure = WebSettings { public_url: "https://muster.saco.example".to_owned(), ..settings(practice) };
        for (settings, transport) in [(settings(practice), ""), (secure, "max-age=31536000; includeSubDomains")] {
            let mut window = Window::with(practice, settings);
            window.sign_in("admin", PASSWORD).await.expect(303);
            let mut answers = vec![window.send("/settings", &Fields::new()).await.expect(403)];
            for path in ["/sign-in", "/me", "/", "/nowhere", "/api/v1/me", "/api/v1/nowhere", "/audit.csv"] {
                answers.push(window.get(path).await);
            }
            for answer in answers {
                let policy = answer.header("content-security-policy");
                for part in ["default-src 'none'", "script-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
                    assert!(policy.contains(part), "{part}: {policy}");
                }
                assert!(!policy.contains("unsafe-"), "{policy}");
                for (name, value) in [
                    ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "same-origin"),
                    ("cross-origin-opener-policy", "same-origin"), ("cross-origin-resource-policy", "same-origin"),
                    ("cache-control", "no-store"), ("strict-transport-security", transport),
                ] {
                    assert_eq!(answer.header(name), value, "{name}: {}", answer.status);
                }
            }
        }
    }

    async fn pages_that_send_mail_say_so_when_it_does_not_leave(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let clinic = practice.clinics[0].to_string();
        for (username, note) in [("nia", Some("Emails are only written to files here.")), ("tom", None)] {
            let mut window = Window::with(practice, WebSettings { mail_note: note.map(str::to_owned), ..settings(practice) });
            let asked = window.submit("/reset-password", "/reset-password", &[("username", "admin")]).await.expect(200);
            window.sign_in("admin", PASSWORD).await.expect(303);
            let form = window.get("/emr/users/new").await.expect(200);
            let email = format!("{username}@saco.example");
            let student = [
                ("user_type", "SPT"), ("first_name", username), ("last_name", "Okafor"), ("username", username),
                ("email", &email), ("clinic_ids", &clinic), ("default_clinic_id", &clinic),
                ("permissions", "view_patients"), ("access", "invite"),
            ];
            let added = window.submit("/emr/users/new", "/emr/users/new", &student).await.expect(303);
            let added = window.get(added.header("location")).await.expect(200);
            assert!(added.text().contains("invitation is on its way"));
            let profile = format!("/emr/users/{}", mara.id);
            let sent = window.submit(&profile, &format!("{profile}/sign-in-link"), &[]).await.expect(303);
            let sent = window.get(sent.header("location")).await.expect(200);
            for (what, page) in [("reset", asked), ("form", form), ("added", added), ("link", sent)] {
                let said = page.text().contains("written to files");
                assert_eq!(said, note.is_some(), "{what}: {}", page.text());
            }
        }
    }

    async fn no_record_holds_a_secret(practice) {
        const TYPED: &str = "Gr4nite-lantern-Field";
        const RESET: &str = "Silver-otter-Bridge-77";
        const WRONG: &str = "Copper-kettle-Valley-19";
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let (mut ada, mut mara) = (Window::signed_in(practice, "admin").await, Window::of(practice));

        let mut body = a_therapist(practice, "mharlow");
        body["password"] = json!(TYPED);
        let id = api.post("/people", &body).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        mara.sign_in("mharlow", TYPED).await.expect(303);
        mara.change_password(TYPED, NEW).await.expect(303);
        mara.sign_in("mharlow", WRONG).await.expect(422);
        // A password in the field of the name, as it happens.
        mara.sign_in(WRONG, WRONG).await.expect(422);
        mara.submit("/reset-password", "/reset-password", &[("username", "mharlow")]).await.expect(200);
        let reset = link_sent(practice).await;
        mara.use_link(&reset, RESET).await.expect(303);
        mara.sign_in("mharlow", RESET).await.expect(303);
        let retyped = [("password", NEW), ("password_confirmation", NEW)];
        let profile = format!("/emr/users/{id}");
        ada.submit(&profile, &profile, &retyped).await.expect(303);
        let made = api.post("/tokens", &json!({"name": "Sync", "scopes": ["people:read"]})).await.expect(201).json();
        let made_by_page = [("name", "Payroll"), ("scopes", "people:read"), ("expires_in_days", "30")];
        let page = ada.submit("/me", "/me/tokens", &made_by_page).await.expect(200).text();
        let made_by_page = format!("muster_{}", page.split_once(">muster_").unwrap().1.split('<').next().unwrap());
        api.post("/people", &a_therapist(practice, "tharlow")).await.expect(201);
        let invitation = link_sent(practice).await;
        mara.use_link(&invitation, RESET).await.expect(303);

        let shown = api.get("/audit-events?limit=200").await.expect(200);
        assert_eq!(shown.json()["next"], Value::Null);
        let file = ada.get("/audit.csv").await.expect(200).text();
        let all = AuditQuery { limit: 200, ..AuditQuery::default() };
        let installation = practice.app.audit_records(&Actor::command_line(OrganizationId::INSTALLATION), &all).await.unwrap();
        let everything = format!("{}\n{file}\n{installation:?}", shown.text());
        for action in [
            "person.created", "password.set", "password.changed", "link.used", "token.created", "invitation.sent",
            "password_reset.requested", "sign_in.succeeded", "sign_in.failed", "unknown_name",
        ] {
            assert!(everything.contains(action), "{action} is on record");
        }
        let mut secrets = [TYPED, RESET, WRONG, NEW, PASSWORD, &token, &made_by_page, "$argon2"].map(str::to_owned).to_vec();
        secrets.extend([made["token"].as_str().unwrap().to_owned(), secret_of(&reset), secret_of(&invitation)]);
        secrets.extend(ada.jar.values().chain(mara.jar.values()).cloned());
        secrets.push(token_of(&mut ada, "/me/password").await);
        for secret in secrets {
            assert!(secret.len() >= 7 && !everything.contains(&secret), "{secret:?} is on record");
        }
    }

    async fn a_sign_in_that_fails_is_answered_the_same_way_whatever_the_reason(practice) {
        let (token, mut window) = (practice.token("admin").await, Window::of(practice));
        let (owner, gone) = (PersonSpec { username: "owner-of-it", ..PersonSpec::default() }, PersonSpec { username: "made-absent", ..PersonSpec::default() });
        for someone in [owner, gone] {
            let member = practice.add(someone.clone()).await;
            practice.give_password(&member).await;
            let status = if someone.username == "made-absent" { "inactive" } else { "active" };
            let path = format!("/people/{}", member.id);
            practice.api(&token).patch(&path, &json!({"emr_account": {"status": status}})).await.expect(200);
        }
        practice.add(PersonSpec { username: "not-invited", ..PersonSpec::default() }).await;
        // Names of one length, so that the lengths of the answers can be told apart by nothing else.
        let mut said = Vec::new();
        for (name, password) in
            [("owner-of-it", NEW), ("nobody-here", PASSWORD), ("made-absent", PASSWORD), ("not-invited", PASSWORD), ("made-absent", NEW)]
        {
            let answer = window.sign_in(name, password).await.expect(422);
            let text = answer.text();
            assert!(text.contains(&format!("value=\"{name}\"")), "{text}");
            said.push((answer.headers, text.replace(name, "NAME")));
        }
        assert!(said.iter().all(|one| *one == said[0]), "{said:#?}");
        window.sign_in("owner-of-it", PASSWORD).await.expect(303);
    }

    async fn a_reset_is_answered_the_same_way_whoever_it_is_asked_for(practice) {
        let mut window = Window::of(practice);
        practice.add(PersonSpec { username: "owner", ..PersonSpec::default() }).await;
        practice.add(PersonSpec { username: "gone", active: false, ..PersonSpec::default() }).await;
        practice.operator("helpdesk").await;
        let mut said = Vec::new();
        for name in ["owner", "nobody-here", "gone", "gone@saco.example", "helpdesk"] {
            let answer = window.submit("/reset-password", "/reset-password", &[("username", name)]).await.expect(200);
            said.push((answer.headers.clone(), answer.text()));
        }
        assert!(said.iter().all(|one| *one == said[0]), "{said:#?}");
        assert_eq!(practice.messages().await.len(), 1, "only the owner gets a message");
    }
}
