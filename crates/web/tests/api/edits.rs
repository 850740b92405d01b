//! Edits guarded against a race.

use muster_testkit::both_practices;
use muster_testkit::practice::PersonSpec;
use serde_json::json;

use crate::assert_problem;

both_practices! {
    async fn an_edit_of_what_was_seen_is_saved_and_of_an_older_version_is_not(practice) {
        let token = practice.token("admin").await;
        let mara = practice.add(PersonSpec::default()).await;
        let clinic = practice.clinics[1];
        for (path, first, second) in [
            (format!("/people/{}", mara.id), json!({"phone": "207 555 0142"}), json!({"phone": "207 555 0143"})),
            (format!("/people/{}/emr-account", mara.id), json!({"license_state": "ME"}), json!({"license_state": "NH"})),
            (format!("/clinics/{clinic}"), json!({"name": "Wells Beach"}), json!({"name": "Wells Harbor"})),
            (format!("/organizations/{}", practice.organization), json!({"idle_minutes": 20}), json!({"idle_minutes": 30})),
        ] {
            let seen = practice.api(&token).get(&path).await.expect(200).header("etag").to_owned();
            let api = practice.api(&token).with("if-match", seen.clone());
            let saved = api.patch(&path, &first).await.expect(200).header("etag").to_owned();
            assert_ne!(seen, saved, "{path}");
            let late = api.patch(&path, &second).await;
            assert_problem(&late, 412, "someone_saved_first");
            assert_eq!(late.header("etag"), saved, "{path}");
            assert_eq!(practice.api(&token).get(&path).await.header("etag"), saved, "nothing was overwritten");
            practice.api(&token).with("if-match", saved).patch(&path, &second).await.expect(200);
            practice.api(&token).with("if-match", "*").patch(&path, &first).await.expect(200);
            practice.api(&token).patch(&path, &second).await.expect(200);
            for odd in ["W/\"1\"", "1", "\"1\", \"2\"", "x"] {
                practice.api(&token).with("if-match", odd).patch(&path, &first).await.expect(412);
            }
        }
    }

    async fn of_two_who_edit_the_same_version_exactly_one_wins(practice) {
        let token = practice.token("admin").await;
        let mara = practice.add(PersonSpec::default()).await;
        let path = format!("/people/{}", mara.id);
        let api = practice.api(&token).with("if-match", "\"1\"");
        let (one, two) = (json!({"phone": "207 555 0142"}), json!({"phone": "207 555 0143"}));
        let (a, b) = tokio::join!(api.patch(&path, &one), api.patch(&path, &two));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}
