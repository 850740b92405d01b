//! Who has to choose a new password, and when sessions and links end.

use axum::http::Request;
use jiff::SignedDuration;
use muster_app::{AppError, Channel, Origin};
use muster_domain::sign_in::{LINK_MINUTES_INVITATION, LINK_MINUTES_RESET};
use muster_testkit::both_practices;
use muster_testkit::practice::{Answer, Member, PASSWORD, PersonSpec, Practice};
use serde_json::{Value, json};

use crate::security::link_sent;
use crate::window::Window;
use crate::{a_therapist, assert_problem};

const NEW: &str = "Quiet-harbor-Lamp-42";
const WRONG: &str = "Wrong-password-1";

pub async fn mara(practice: &Practice) -> Member {
    let mara = practice.add(PersonSpec::default()).await;
    practice.give_password(&mara).await;
    mara
}

async fn change_settings(practice: &Practice, change: &Value) {
    let token = practice.token("admin").await;
    practice.api(&token).patch(&format!("/organizations/{}", practice.organization), change).await.expect(200);
}

async fn set_status(practice: &Practice, member: &Member, status: &str) {
    let token = practice.token("admin").await;
    let patch = json!({"emr_account": {"status": status}});
    practice.api(&token).patch(&format!("/people/{}", member.id), &patch).await.expect(200);
}

/// The JSON API with the cookies of a window.
async fn me(window: &mut Window) -> Answer {
    window.call(Request::get("/api/v1/me"), axum::body::Body::empty()).await
}

async fn assert_ended(window: &mut Window) {
    assert_eq!(window.led_to("/me").await, "/sign-in?next=%2Fme");
    assert_problem(&me(window).await, 401, "not_signed_in");
}

pub async fn ask_for_reset(window: &mut Window, name: &str) -> Answer {
    window.submit("/reset-password", "/reset-password", &[("username", name)]).await
}

both_practices! {
    async fn a_password_that_runs_out_is_warned_of_for_a_week_and_then_changed_first(practice) {
        const WARNING: &str = "Your password has to be changed within";
        let day = SignedDuration::from_hours(24);
        change_settings(practice, &json!({"password_expiry_days": 30})).await;
        practice.clock.advance(day * 22);
        let mut ada = Window::signed_in(practice, "admin").await;
        assert!(!ada.get("/settings").await.expect(200).text().contains(WARNING));
        for (days, left) in [(1, "7 days"), (6, "a day")] {
            practice.clock.advance(day * days);
            ada = Window::signed_in(practice, "admin").await;
            for page in ["/settings", "/me", "/emr/users", "/me?done=password"] {
                let text = ada.get(page).await.expect(200).text();
                assert!(text.contains(&format!("{WARNING} {left}.")), "{page}: {text}");
            }
        }
        practice.clock.advance(day);
        ada = Window::signed_in(practice, "admin").await;
        for page in ["/", "/settings", "/me", "/emr/users", "/audit"] {
            assert_eq!(ada.led_to(page).await, "/me/password", "{page}");
        }
        assert_problem(&me(&mut ada).await, 403, "password_change_due");
        // A form of another page is not taken either.
        let mut filled = ada.fill("/me/password", "/me/password", &[]).await;
        filled.push(("idle_minutes".to_owned(), "99".to_owned()));
        assert_eq!(ada.send("/settings", &filled).await.expect(303).header("location"), "/me/password");
        // Nor does the old password serve as the new one.
        ada.change_password(PASSWORD, PASSWORD).await.expect(422);
        assert_eq!(ada.led_to("/me").await, "/me/password");
        ada.change_password(PASSWORD, NEW).await.expect(303);
        let text = ada.get("/settings").await.expect(200).text();
        assert!(text.contains("value=\"15\"") && !text.contains(WARNING), "{text}");
        me(&mut ada).await.expect(200);
    }

    async fn without_an_expiry_a_password_lasts(practice) {
        practice.clock.advance(SignedDuration::from_hours(24 * 400));
        let mut ada = Window::signed_in(practice, "admin").await;
        assert!(!ada.get("/settings").await.expect(200).text().contains("has to be changed within"));
    }

    async fn changing_the_own_password_ends_every_other_session_and_keeps_this_one(practice) {
        let mut others = [Window::signed_in(practice, "admin").await, Window::signed_in(practice, "admin").await];
        mara(practice).await;
        let mut somebody_else = Window::signed_in(practice, "mharlow").await;
        let mut ada = Window::signed_in(practice, "admin").await;
        ada.change_password(PASSWORD, NEW).await.expect(303);
        for other in &mut others {
            assert_ended(other).await;
        }
        assert_eq!((ada.led_to("/me").await, somebody_else.led_to("/me").await), (String::new(), String::new()));
        Window::of(practice).sign_in("admin", PASSWORD).await.expect(422);
        Window::of(practice).sign_in("admin", NEW).await.expect(303);
    }

    async fn changing_the_own_password_makes_a_link_asked_for_before_worthless(practice) {
        mara(practice).await;
        let mut window = Window::signed_in(practice, "mharlow").await;
        ask_for_reset(&mut window, "mharlow").await.expect(200);
        let link = link_sent(practice).await;
        window.change_password(PASSWORD, NEW).await.expect(303);
        assert!(!window.get(&link).await.text().contains("password_confirmation"), "no form any more");
        Window::of(practice).sign_in("mharlow", NEW).await.expect(303);
    }

    async fn a_password_chosen_by_a_reset_link_ends_every_session(practice) {
        mara(practice).await;
        let mut sessions = [Window::signed_in(practice, "mharlow").await, Window::signed_in(practice, "mharlow").await];
        let mut ada = Window::signed_in(practice, "admin").await;
        ask_for_reset(&mut sessions[0], "mharlow").await.expect(200);
        let link = link_sent(practice).await;
        // Asking for a link ends nothing: anybody may ask.
        assert_eq!(sessions[0].led_to("/me").await, "");
        sessions[0].use_link(&link, NEW).await.expect(303);
        for session in &mut sessions {
            assert_ended(session).await;
        }
        assert_eq!(ada.led_to("/me").await, "");
        Window::of(practice).sign_in("mharlow", PASSWORD).await.expect(422);
    }

    async fn a_password_typed_by_a_manager_ends_every_session_and_has_to_be_changed(practice) {
        let mara = mara(practice).await;
        let mut hers = Window::signed_in(practice, "mharlow").await;
        let mut ada = Window::signed_in(practice, "admin").await;
        let profile = format!("/emr/users/{}", mara.id);
        ada.submit(&profile, &profile, &[("password", NEW), ("password_confirmation", NEW)]).await.expect(303);
        assert_ended(&mut hers).await;
        assert_eq!(ada.led_to("/me").await, "");
        hers.sign_in("mharlow", PASSWORD).await.expect(422);
        hers.sign_in("mharlow", NEW).await.expect(303);
        assert_eq!(hers.led_to("/me").await, "/me/password");
        assert_problem(&me(&mut hers).await, 403, "password_change_due");
        hers.change_password(NEW, PASSWORD).await.expect(303);
        assert_eq!(hers.led_to("/me").await, "");
    }

    async fn a_call_that_makes_somebody_inactive_ends_sessions_links_and_tokens_for_good(practice) {
        let mara = mara(practice).await;
        inactive_ends_access(practice, &mara, async || set_status(practice, &mara, "inactive").await).await;
    }

    async fn a_form_that_makes_somebody_inactive_ends_sessions_links_and_tokens_for_good(practice) {
        let mara = mara(practice).await;
        let profile = format!("/emr/users/{}", mara.id);
        inactive_ends_access(practice, &mara, async || {
            let mut ada = Window::signed_in(practice, "admin").await;
            let saved = ada.submit(&profile, &profile, &[("status", "inactive")]).await.expect(303);
            assert_eq!(saved.header("location"), format!("{profile}?done=deactivated"));
        }).await;
    }

    async fn an_invitation_works_for_its_seven_days_and_once(practice) {
        let token = practice.token("admin").await;
        let mut links = Vec::new();
        for username in ["early", "late"] {
            practice.api(&token).post("/people", &a_therapist(practice, username)).await.expect(201);
            links.push(link_sent(practice).await);
        }
        assert!(links.iter().all(|l| l.starts_with("/invitation/")), "{links:?}");
        works_until(practice, ["early", "late"], &links, LINK_MINUTES_INVITATION).await;
    }

    async fn a_reset_link_works_for_its_hour_and_once(practice) {
        let mut links = Vec::new();
        for username in ["early", "late"] {
            let member = practice.add(PersonSpec { username, ..PersonSpec::default() }).await;
            practice.give_password(&member).await;
            practice.messages().await;
            ask_for_reset(&mut Window::of(practice), username).await.expect(200);
            links.push(link_sent(practice).await);
        }
        assert!(links.iter().all(|l| l.starts_with("/reset-password/")), "{links:?}");
        works_until(practice, ["early", "late"], &links, LINK_MINUTES_RESET).await;
    }

    async fn a_newer_link_makes_the_older_one_worthless(practice) {
        mara(practice).await;
        let mut window = Window::of(practice);
        ask_for_reset(&mut window, "mharlow").await.expect(200);
        let older = link_sent(practice).await;
        ask_for_reset(&mut window, "mharlow").await.expect(200);
        let newer = link_sent(practice).await;
        window.get(&older).await.expect(404);
        window.use_link(&newer, NEW).await.expect(303);
    }

    async fn after_the_minutes_of_the_practice_the_password_opens_the_session_again(practice) {
        change_settings(practice, &json!({"idle_minutes": 5})).await;
        let mut ada = Window::signed_in(practice, "admin").await;
        // Whatever is done in time keeps it open.
        for _ in 0..3 {
            practice.clock.advance(SignedDuration::from_secs(299));
            assert_eq!(ada.led_to("/emr/users").await, "");
        }
        practice.clock.advance(SignedDuration::from_mins(5));
        assert_problem(&me(&mut ada).await, 401, "session_locked");
        let next = "/unlock?next=%2Femr%2Fusers%3Fq%3Dada";
        assert_eq!(ada.led_to("/emr/users?q=ada").await, next);
        ada.submit(next, "/unlock", &[("password", WRONG)]).await.expect(422);
        assert_eq!(ada.led_to("/emr/users?q=ada").await, next);
        assert_problem(&me(&mut ada).await, 401, "session_locked");
        let session = ada.jar["muster_session"].clone();
        let opened = ada.submit(next, "/unlock", &[("password", PASSWORD)]).await.expect(303);
        assert_eq!(opened.header("location"), "/emr/users?q=ada");
        assert_eq!((ada.led_to("/emr/users?q=ada").await, &ada.jar["muster_session"]), (String::new(), &session));
        me(&mut ada).await.expect(200);
        // The next page asked for goes on to nowhere but this site.
        let strange = ada.submit("/unlock?next=https://evil.example/", "/unlock", &[("password", PASSWORD)]).await;
        assert_eq!(strange.expect(303).header("location"), "/");
    }

    async fn a_session_ends_after_twelve_hours_however_busy_it_is(practice) {
        let mut ada = Window::signed_in(practice, "admin").await;
        for _ in 0..71 {
            practice.clock.advance(SignedDuration::from_mins(10));
            assert_eq!(ada.led_to("/me").await, "");
        }
        practice.clock.advance(SignedDuration::from_mins(10));
        assert_ended(&mut ada).await;
        // Its password does not bring it back.
        let filled = ada.fill("/sign-in", "/sign-in", &[("password", PASSWORD)]).await;
        ada.send("/unlock", &filled).await.expect(303);
        assert_ended(&mut ada).await;
    }

    async fn the_password_does_not_open_a_session_past_its_end(practice) {
        let token = practice.session("admin").await;
        practice.app.lock_session(&token).await.expect("locked");
        practice.clock.advance(SignedDuration::from_hours(12));
        let origin = Origin { channel: Channel::Page, address: "127.0.0.1".to_owned(), user_agent: String::new() };
        let refused = practice.app.unlock(&token, PASSWORD, &origin).await;
        assert!(matches!(refused, Err(AppError::NotSignedIn)), "{refused:?}");
    }
}

/// What somebody had before stays worthless when the account comes back.
async fn inactive_ends_access(practice: &Practice, mara: &Member, make_inactive: impl AsyncFn()) {
    let mut hers = Window::signed_in(practice, "mharlow").await;
    let mut locked = Window::signed_in(practice, "mharlow").await;
    locked.get("/unlock").await.expect(200);
    let token = practice.token("mharlow").await;
    ask_for_reset(&mut Window::of(practice), "mharlow").await.expect(200);
    let link = link_sent(practice).await;
    practice.api(&token).get("/me").await.expect(200);
    make_inactive().await;
    for status in ["inactive", "active"] {
        set_status(practice, mara, status).await;
        assert_ended(&mut hers).await;
        assert_ended(&mut locked).await;
        assert_problem(&practice.api(&token).get("/me").await, 401, "not_signed_in");
        Window::of(practice).get(&link).await.expect(404);
        let expected = if status == "active" { 303 } else { 422 };
        Window::of(practice).sign_in("mharlow", PASSWORD).await.expect(expected);
    }
}

/// The first link is used in the last minute of its time; the second one is opened then and sent too late.
async fn works_until(practice: &Practice, [early, late]: [&str; 2], links: &[String], minutes: i64) {
    practice.clock.advance(SignedDuration::from_secs(minutes * 60 - 1));
    let mut window = Window::of(practice);
    let chosen = [("password", NEW), ("password_confirmation", NEW)];
    let too_late = window.fill(&links[1], &links[1], &chosen).await;
    let again = window.fill(&links[0], &links[0], &[("password", WRONG), ("password_confirmation", WRONG)]).await;
    window.use_link(&links[0], NEW).await.expect(303);
    window.get(&links[0]).await.expect(404);
    window.send(&links[0], &again).await.expect(404);
    window.sign_in(early, WRONG).await.expect(422);
    window.sign_in(early, NEW).await.expect(303);
    practice.clock.advance(SignedDuration::from_secs(1));
    window.get(&links[1]).await.expect(404);
    window.send(&links[1], &too_late).await.expect(404);
    window.sign_in(late, NEW).await.expect(422);
}
