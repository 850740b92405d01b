//! What a new password may not be, said at its field wherever one is chosen.

use muster_testkit::practice::PersonSpec;
use muster_testkit::sqlite_practice;

use crate::common::{Desk, SECRET, link_sent};
use crate::refusals::{fill, refused};

sqlite_practice! {
    async fn ones_own_new_password_is_told_all_it_lacks(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/me/password").await;
        let try_one = async |password: &str, words: &[&str]| {
            fill(&desk, &[("current_password", SECRET), ("password", password), ("password_confirmation", password)]).await;
            desk.browser.press("Change password").await;
            refused(&desk, &[("password", words)]).await;
            for field in ["current_password", "password", "password_confirmation"] {
                assert_eq!(desk.browser.value(field).await, "", "{field} is never sent back");
            }
        };
        let common = "This is one of the passwords attackers try first. Choose another.";
        try_one("password", &[common, "a number", "a special character", "an upper-case", "must be Strong"]).await;
        try_one("P@ssw0rd", &[common, "must be Strong"]).await;
        // Of every kind, and still only Good or less.
        try_one("Kx7!pwqz", &["; it must be Strong. Longer and less predictable helps most."]).await;
        try_one("QUIET-HARBOR-LAMP-42", &["a lower-case letter"]).await;
        try_one("Minton-harbor-Lamp-42", &["must not contain the person's name, user name, email or clinic"]).await;
        desk.sign_in("admin", SECRET).await;
        desk.arrive("/emr/users").await;
    }

    async fn a_first_password_is_refused_when_it_is_common_or_endless(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        practice.app.send_sign_in_link(&practice.machine(), mara.id).await.expect("a link");
        let desk = Desk::at(practice).await;
        desk.go(&link_sent(practice).await).await;
        fill(&desk, &[("password", "Qwertyuiop1!"), ("password_confirmation", "Qwertyuiop1!")]).await;
        desk.browser.press("Set the password").await;
        refused(&desk, &[("password", &["one of the passwords attackers try first"])]).await;
        // As a password keeper fills it in, past what the field lets people type.
        desk.script(
            "for (const id of ['password', 'password_confirmation']) \
             document.getElementById(id).value = 'river-Stone-7 '.repeat(19)",
        )
        .await;
        desk.browser.press("Set the password").await;
        refused(&desk, &[("password", &["The password may have at most 256 characters."])]).await;
    }
}
