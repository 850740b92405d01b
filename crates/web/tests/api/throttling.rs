//! Whoever guesses has to wait, and the owner gets in afterward.

use jiff::SignedDuration;
use muster_testkit::both_practices;
use muster_testkit::practice::{Answer, PASSWORD};

use crate::security::link_sent;
use crate::sessions::{ask_for_reset, mara};
use crate::window::Window;

const NEW: &str = "Quiet-harbor-Lamp-42";
const WRONG: &str = "Wrong-password-1";

#[track_caller]
fn assert_held(answer: &Answer, seconds: u32) {
    assert_eq!((answer.status, answer.header("retry-after")), (429, seconds.to_string().as_str()), "{}", answer.text());
    assert!(answer.text().contains(&format!("Try again in {seconds} seconds")), "{}", answer.text());
}

fn address(n: u8) -> [u8; 4] {
    [198, 51, 100, n]
}

both_practices! {
    async fn after_five_failures_from_one_address_even_the_right_password_waits_there_only(practice) {
        let mut guesser = Window::of(practice);
        for _ in 0..5 {
            guesser.sign_in("admin", WRONG).await.expect(422);
        }
        assert_held(&guesser.sign_in("admin", PASSWORD).await, 2);
        // However the name is written.
        assert_held(&guesser.sign_in("ADMIN", PASSWORD).await, 2);
        guesser.clone().from(address(1)).sign_in("admin", PASSWORD).await.expect(303);
        practice.clock.advance(SignedDuration::from_secs(1));
        assert_held(&guesser.sign_in("admin", PASSWORD).await, 1);
        practice.clock.advance(SignedDuration::from_secs(1));
        guesser.sign_in("admin", PASSWORD).await.expect(303);
        // Getting in forgives.
        guesser.sign_in("admin", WRONG).await.expect(422);
        guesser.sign_in("admin", PASSWORD).await.expect(303);
    }

    async fn waits_double_up_to_five_minutes_and_a_quiet_quarter_of_an_hour_forgets(practice) {
        let mut guesser = Window::of(practice);
        for _ in 0..4 {
            guesser.sign_in("admin", WRONG).await.expect(422);
        }
        for wait in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            guesser.sign_in("admin", WRONG).await.expect(422);
            // What is tried while waiting is not looked at and makes nothing worse.
            assert_held(&guesser.sign_in("admin", WRONG).await, wait);
            assert_held(&guesser.sign_in("admin", PASSWORD).await, wait);
            practice.clock.advance(SignedDuration::from_secs(i64::from(wait)));
        }
        // Five of the fifteen minutes have passed.
        practice.clock.advance(SignedDuration::from_secs(10 * 60 + 1));
        guesser.sign_in("admin", WRONG).await.expect(422);
        guesser.sign_in("admin", PASSWORD).await.expect(303);
    }

    async fn a_hundred_failures_of_one_name_from_anywhere_hold_that_name_a_moment(practice) {
        let guesser = Window::of(practice);
        for n in 0..99 {
            guesser.clone().from(address(n)).sign_in("admin", WRONG).await.expect(422);
        }
        // Strangers cannot shut the owner out before that.
        let mut owner = guesser.clone().from(address(200));
        owner.sign_in("admin", PASSWORD).await.expect(303);
        guesser.clone().from(address(99)).sign_in("admin", WRONG).await.expect(422);
        assert_held(&owner.sign_in("admin", PASSWORD).await, 2);
        mara(practice).await;
        owner.clone().sign_in("mharlow", PASSWORD).await.expect(303);
        practice.clock.advance(SignedDuration::from_secs(2));
        owner.sign_in("admin", PASSWORD).await.expect(303);
    }

    async fn fifty_failures_from_one_address_hold_that_address_whatever_the_name(practice) {
        let mut guesser = Window::of(practice);
        for n in 0..49 {
            guesser.sign_in(&format!("guess{n}"), WRONG).await.expect(422);
        }
        guesser.clone().sign_in("admin", PASSWORD).await.expect(303);
        guesser.sign_in("guess49", WRONG).await.expect(422);
        assert_held(&guesser.sign_in("admin", PASSWORD).await, 2);
        guesser.clone().from(address(1)).sign_in("admin", PASSWORD).await.expect(303);
        practice.clock.advance(SignedDuration::from_secs(2));
        guesser.sign_in("admin", PASSWORD).await.expect(303);
    }

    async fn a_fourth_reset_of_one_name_waits_whether_the_name_exists_or_not(practice) {
        for (name, sent) in [("nobody-here", 0), ("admin", 3)] {
            for n in 0..3 {
                ask_for_reset(&mut Window::of(practice).from(address(n)), name).await.expect(200);
            }
            assert_held(&ask_for_reset(&mut Window::of(practice), name).await, 2);
            assert_eq!(practice.messages().await.len(), sent, "{name}");
        }
        practice.clock.advance(SignedDuration::from_secs(2));
        ask_for_reset(&mut Window::of(practice), "admin").await.expect(200);
        let link = link_sent(practice).await;
        Window::of(practice).use_link(&link, NEW).await.expect(303);
    }

    async fn twenty_resets_from_one_address_hold_that_address(practice) {
        let mut asker = Window::of(practice);
        for n in 0..20 {
            ask_for_reset(&mut asker, &format!("guess{n}")).await.expect(200);
        }
        assert_held(&ask_for_reset(&mut asker, "admin").await, 2);
        assert!(practice.messages().await.is_empty());
        ask_for_reset(&mut asker.clone().from(address(1)), "admin").await.expect(200);
        practice.clock.advance(SignedDuration::from_secs(2));
        ask_for_reset(&mut asker, "admin").await.expect(200);
        assert_eq!(practice.messages().await.len(), 2);
    }

    async fn guessing_the_own_password_in_an_open_session_has_to_wait_too(practice) {
        let mut ada = Window::signed_in(practice, "admin").await;
        for _ in 0..5 {
            let text = ada.change_password(WRONG, NEW).await.expect(422).text();
            assert!(text.contains("id=\"current_password-error\""), "{text}");
        }
        let held = ada.change_password(PASSWORD, NEW).await.expect(429).text();
        assert!(held.contains("Try again in 2 seconds"), "{held}");
        Window::of(practice).sign_in("admin", NEW).await.expect(422);
        practice.clock.advance(SignedDuration::from_secs(2));
        ada.change_password(PASSWORD, NEW).await.expect(303);
        Window::of(practice).sign_in("admin", NEW).await.expect(303);
    }

    async fn guessing_at_the_lock_has_to_wait_too(practice) {
        let mut ada = Window::signed_in(practice, "admin").await;
        for _ in 0..5 {
            ada.submit("/unlock?next=/me", "/unlock", &[("password", WRONG)]).await.expect(422);
        }
        let held = ada.submit("/unlock?next=/me", "/unlock", &[("password", PASSWORD)]).await.expect(429).text();
        assert!(held.contains("Try again in 2 seconds"), "{held}");
        assert_eq!(ada.led_to("/me").await, "/unlock?next=%2Fme");
        practice.clock.advance(SignedDuration::from_secs(2));
        ada.submit("/unlock?next=/me", "/unlock", &[("password", PASSWORD)]).await.expect(303);
        assert_eq!(ada.led_to("/me").await, "");
    }

    async fn whoever_waits_at_the_lock_or_for_a_password_change_is_told_how_long_by_a_header(practice) {
        let mut ada = Window::signed_in(practice, "admin").await;
        for _ in 0..5 {
            ada.change_password(WRONG, NEW).await.expect(422);
        }
        let password = ada.change_password(PASSWORD, NEW).await.expect(429);
        for _ in 0..5 {
            ada.submit("/unlock", "/unlock", &[("password", WRONG)]).await.expect(422);
        }
        let lock = ada.submit("/unlock", "/unlock", &[("password", PASSWORD)]).await.expect(429);
        assert_eq!((password.header("retry-after"), lock.header("retry-after")), ("2", "2"));
    }
}
