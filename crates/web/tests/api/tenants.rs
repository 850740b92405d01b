//! Nothing crosses from one practice to another.

use muster_testkit::both_practices;
use muster_testkit::practice::PersonSpec;
use serde_json::json;

use crate::assert_problem;

both_practices! {
    async fn two_practices_never_see_each_other(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let (other, portland, _) = practice.another("Portland Rehab", "elsewhere").await;
        let token = practice.token("elsewhere").await;
        let api = practice.api(&token);
        assert_eq!(api.get("/me").await.expect(200).json()["organization"]["id"], json!(other));
        assert_eq!(api.get("/people").await.expect(200).json()["total"], 1);
        assert_eq!(api.get("/people?q=mharlow").await.json()["total"], 0);
        let saco = practice.clinics[0];
        assert_eq!(api.get(&format!("/people?clinic_id={saco}")).await.json()["total"], 0);
        for path in [
            format!("/people/{}", mara.id),
            format!("/people/{}/history", mara.id),
            format!("/people/{}/sessions", mara.id),
            format!("/clinics/{saco}"),
            format!("/organizations/{}", practice.organization),
        ] {
            assert_problem(&api.get(&path).await, 404, "not_found");
        }
        let patch = json!({"name": "Mine"});
        for path in [format!("/clinics/{saco}"), format!("/organizations/{}", practice.organization)] {
            assert_problem(&api.patch(&path, &patch).await, 404, "not_found");
        }
        let list = api.get("/organizations").await.expect(200).json();
        assert_eq!((&list["total"], &list["items"][0]["name"]), (&json!(1), &json!("Portland Rehab")));
        let audit = api.get("/audit-events").await.expect(200).text();
        assert!(!audit.contains("Saco"), "{audit}");
        // Naming another practice is only heeded from support.
        for api in [
            practice.api(&token).with("muster-organization", practice.organization.to_string()),
            practice.api(&token),
        ] {
            let path = format!("/people?organization_id={}", practice.organization);
            assert_eq!(api.get(&path).await.expect(200).json()["total"], 1);
        }
        assert_eq!(api.get("/clinics").await.json()["items"][0]["id"], json!(portland));
    }

    async fn clinics_of_another_practice_cannot_be_worked_in(practice) {
        let (_, portland, _) = practice.another("Portland Rehab", "elsewhere").await;
        let token = practice.token("admin").await;
        let mut body = crate::a_therapist(practice, "mharlow");
        body["emr_account"]["clinic_ids"] = json!([practice.clinics[0], portland]);
        body["emr_account"]["default_clinic_id"] = json!(practice.clinics[0]);
        let answer = practice.api(&token).post("/people", &body).await.expect(403);
        assert!(!answer.text().contains("Portland"), "{}", answer.text());
    }

    async fn support_works_in_the_practice_it_names(practice) {
        let (other, _, _) = practice.another("Portland Rehab", "elsewhere").await;
        practice.operator("helpdesk").await;
        let token = practice.token("helpdesk").await;
        let api = practice.api(&token);
        assert_eq!(api.get("/me").await.expect(200).json()["organization"], json!(null));
        let names: Vec<_> = {
            let first = api.get("/organizations?limit=1").await.expect(200).json();
            let next = first["next"].as_str().expect("another page").to_owned();
            let second = api.get(&format!("/organizations?limit=1&after={next}")).await.expect(200).json();
            assert_eq!(second["next"], json!(null));
            [first, second].iter().map(|p| p["items"][0]["name"].clone()).collect()
        };
        assert_eq!(names, [json!("Portland Rehab"), json!("Saco Rehab")]);
        api.get(&format!("/organizations/{other}")).await.expect(200);
        let there = practice.api(&token).with("muster-organization", other.to_string());
        assert_eq!(there.get("/people").await.expect(200).json()["total"], 1);
        let path = format!("/people?organization_id={}", practice.organization);
        assert_eq!(api.get(&path).await.expect(200).json()["items"][0]["username"], "admin");
    }
}
