//! Setting up an empty installation by its link.

use muster_testkit::browser::Browser;
use muster_testkit::{both_engines, sqlite_engine};

use crate::common::{Empty, SECRET};

both_engines! {
    async fn the_link_sets_up_the_practice_and_its_first_manager_signs_in(db) {
        let empty = Empty::on(db, Browser::options()).await;
        let browser = &empty.browser;
        browser.visit(&empty.link).await;
        fill_in(&empty).await;
        browser.see("Strength: Strong").await;
        browser.press("Set up the practice").await;
        browser.see("Your practice is set up. Sign in to add your people.").await;
        browser.fill("username", "ada").await;
        browser.fill("password", SECRET).await;
        browser.press("Sign in").await;
        browser.see("Saco Rehab").await;
        browser.see("Portland · 1 person").await;
        browser.see("Ada Minton").await;
        browser.visit(&empty.link).await;
        browser.see("This link no longer works").await;
    }
}

sqlite_engine! {
    async fn everything_wrong_with_a_set_up_is_said_at_once(db) {
        let empty = Empty::on(db, Browser::options()).await;
        let browser = &empty.browser;
        browser.visit(&empty.link).await;
        browser.fill("email", "ada at saco").await;
        browser.fill("username", "a da").await;
        browser.fill("password", "password").await;
        browser.fill("password_confirmation", "passwort").await;
        browser.press("Set up the practice").await;
        browser.see("Nothing was saved yet").await;
        let wrong = [
            ("organization_name", "is needed"),
            ("clinic_name", "is needed"),
            ("first_name", "is needed"),
            ("last_name", "is needed"),
            ("username", "no spaces"),
            ("email", "does not look like an email address"),
            ("password", "needs a number"),
            ("password_confirmation", "not the same"),
        ];
        let summary = empty.alert().await;
        for (field, words) in wrong {
            let said = browser.field_error(field).await.unwrap_or_default();
            assert!(said.contains(words), "{field}: {said:?}");
            for sentence in said.lines() {
                assert!(summary.contains(sentence), "{sentence:?} is not in the summary:\n{summary}");
            }
        }
        assert_eq!(browser.value("email").await, "ada at saco");
        // A click on a line of the summary puts the keyboard into its field.
        browser.follow("Email: This does not look like an email address. It should read like name@practice.com.").await;
        let focused = browser.client().active_element().await.unwrap().attr("name").await.unwrap();
        assert_eq!(focused.as_deref(), Some("email"));
        fill_in(&empty).await;
        browser.press("Set up the practice").await;
        browser.see("Your practice is set up.").await;
    }
}

/// Types what a set-up needs.
pub async fn fill_in(empty: &Empty) {
    let typed = [
        ("organization_name", "Saco Rehab"),
        ("clinic_name", "Portland"),
        ("first_name", "Ada"),
        ("last_name", "Minton"),
        ("username", "ada"),
        ("email", "ada@saco.example"),
        ("password", SECRET),
        ("password_confirmation", SECRET),
    ];
    for (name, text) in typed {
        empty.browser.fill(name, text).await;
    }
    empty.browser.choose("time_zone", "America/Chicago").await;
}
