//! Files as a clinic admin brings them: what their columns hold, a look before anything is saved, and what goes back.

use std::path::PathBuf;

use muster_testkit::browser::Browser;
use muster_testkit::practice::Practice;
use muster_testkit::{both_practices, sqlite_practice};

use crate::bulk::{four, save};
use crate::common::Desk;

/// A file with this content, in a directory of its own for each practice that is served.
fn file(practice: &Practice, name: &str, content: &str) -> PathBuf {
    let (_, port) = practice.url.rsplit_once(':').expect("an address");
    let directory = std::env::temp_dir().join(format!("muster-files-{}-{port}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let path = directory.join(name);
    std::fs::write(&path, content).expect("a file");
    path
}

const NEW_PEOPLE: &str = "Given,last_name,Mail,user_type,clinics\nAda,Lund,ada.lund@x.example,Clerical,Saco\n";

both_practices! {
    async fn new_people_are_looked_at_before_they_are_imported(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/import").await;
        desk.browser.tick("kind", "people", true).await;
        desk.browser.attach("file", &file(practice, "people.csv", NEW_PEOPLE)).await;
        desk.browser.see("Read: 3 of 5").await;
        desk.browser.choose("field-0", "First name").await;
        desk.browser.choose("field-2", "Email").await;
        desk.browser.press("Look at it first").await;
        desk.browser.see("1 of 1 row would be added. Nothing was saved yet.").await;
        desk.browser.see("All 5 are read.").await;
        desk.browser.press("Import new people now").await;
        desk.browser.see("1 of 1 row was added.").await;
        desk.go("/emr/users?q=lund").await;
        desk.browser.see("Ada Lund").await;
    }
}

sqlite_practice! {
    async fn a_file_that_was_changed_since_it_was_chosen_is_asked_for_again(practice) {
        let desk = Desk::of_admin(practice).await;
        let ada = "first_name,last_name,email,user_type,clinics\nAda,Lund,ada.lund@x.example,Clerical,Saco\n";
        let chosen = file(practice, "people.csv", ada);
        desk.go("/import").await;
        desk.browser.tick("kind", "people", true).await;
        desk.browser.attach("file", &chosen).await;
        desk.browser.see("ada.lund@x.example").await;
        // A browser sends nothing of a file that is no longer the one it was given.
        file(practice, "people.csv", &format!("{ada}Bo,Park,bo@x.example,Clerical,Saco\n"));
        // It goes by whole seconds.
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        std::fs::File::options().write(true).open(&chosen).and_then(|f| f.set_modified(long_ago)).expect("an older file");
        desk.browser.press("Look at it first").await;
        desk.browser.see("choose it again").await;
        desk.browser.assert_accessible().await;
        desk.browser.attach("file", &chosen).await;
        desk.browser.see("bo@x.example").await;
        desk.browser.dont_see("choose it again").await;
        desk.browser.press("Look at it first").await;
        desk.browser.see("2 of 2 rows would be added").await;
    }

    async fn columns_are_asked_about_as_soon_as_a_file_is_chosen(practice) {
        four(practice).await;
        let desk = Desk::of_admin(practice).await;
        let changes = file(practice, "changes.csv", "Login,add_permissions,Shoe size\nmara,calendar_admin,41\nnobody,calendar_admin,\n");
        desk.go("/import").await;
        desk.browser.assert_accessible().await;
        assert_eq!(desk.count("button[value=save]:not([hidden])").await, 0, "changes are never saved unseen");
        desk.browser.attach("file", &changes).await;
        desk.browser.see("Read: 1 of 3").await;
        desk.browser.see("mara, nobody").await;
        desk.browser.assert_accessible().await;
        desk.browser.press("Look at it first").await;
        desk.browser.see("No column says who is meant").await;
        // Chosen where it is asked; the file is still there.
        desk.browser.choose("field-0", "username").await;
        desk.browser.press("Look at it first").await;
        desk.browser.see("1 row of 2 cannot be used").await;
        desk.browser.see("1 user would be changed").await;
        desk.browser.assert_accessible().await;
        assert_eq!(desk.count("a[href$='rows.csv']").await, 1);
        save(&desk).await;
        desk.browser.see("All done: 1 user updated").await;
    }

    async fn the_columns_are_asked_about_without_scripts_too(practice) {
        let people = file(practice, "people.csv", NEW_PEOPLE);
        let desk = Desk::with(practice, Browser::options().without_javascript()).await;
        desk.sign_in("admin", crate::common::SECRET).await;
        desk.arrive("/emr/users").await;
        desk.go("/import").await;
        desk.browser.tick("kind", "people", true).await;
        desk.browser.attach("file", &people).await;
        desk.browser.press("Look at it first").await;
        desk.browser.see("1 row is refused").await;
        desk.browser.choose("field-0", "first_name").await;
        desk.browser.choose("field-2", "email").await;
        desk.browser.attach("file", &people).await;
        desk.browser.press("Import new people now").await;
        desk.browser.see("1 of 1 row was added.").await;
    }
}
