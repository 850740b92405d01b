//! A person without an EMR account goes through every door: added, invited, signed in, listed, exported, merged,
//! off-boarded, and given an account later.

use muster_app::sign_in::SessionStatus;
use muster_app::{Channel, Origin};
use muster_testkit::both_practices;
use muster_testkit::practice::{Member, PASSWORD, Practice};
use serde_json::{Value, json};

use crate::{a_clinic_manager, refused};

fn origin() -> Origin {
    Origin { channel: Channel::Page, address: "127.0.0.1".to_owned(), user_agent: "Test".to_owned() }
}

/// Adds a biller of another product, invited by email.
async fn a_biller(practice: &Practice, token: &str, username: &str) -> Member {
    let body = json!({"first_name": "Bo", "last_name": "Quill", "username": username,
        "email": format!("{username}@saco.example"), "phone": "207 555 0100"});
    let added = practice.api(token).post("/people", &body).await.expect(201).json();
    assert_eq!(added["invitation_sent_to"], json!(format!("{username}@saco.example")));
    assert_eq!((&added["emr_account"], &added["can_sign_in"]), (&Value::Null, &json!(true)));
    let id = added["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    Member { id, username: username.to_owned() }
}

both_practices! {
    async fn a_person_without_an_emr_account_is_added_invited_listed_and_signs_in(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let biller = a_biller(practice, &token, "bquill").await;
        practice.give_password(&biller).await;
        let session = practice.session("bquill").await;
        let status = practice.app.authenticate(&session, origin()).await.expect("judged");
        assert!(matches!(status, SessionStatus::Open(_)), "{status:?}");
        let visitor = practice.visitor("bquill").await;
        for page in ["/", "/me"] {
            assert!([200, 303].contains(&visitor.get(page).await.status), "{page}");
        }
        visitor.get("/emr/users").await.expect(403);

        let found = api.get("/people?q=quill").await.expect(200).json();
        assert_eq!(found["items"][0]["id"], json!(biller.id));
        let all = api.get("/people?limit=200").await.expect(200).json();
        assert!(all["items"].as_array().unwrap().iter().any(|p| p["id"] == json!(biller.id)));
        assert_eq!(all["total"], json!(all["items"].as_array().unwrap().len()));
        let active = api.get("/people?status=active&limit=200").await.expect(200).json();
        assert!(active["items"].as_array().unwrap().iter().all(|p| p["id"] != json!(biller.id)));
        let (_, manager) = a_clinic_manager(practice).await;
        practice.api(&manager).get(&format!("/people/{}", biller.id)).await.expect(404);
    }

    async fn a_person_without_an_emr_account_leaves_comes_back_and_gets_one(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let biller = a_biller(practice, &token, "bquill").await;
        practice.give_password(&biller).await;
        let session = practice.session("bquill").await;
        let path = format!("/people/{}", biller.id);

        let plan = api.get(&format!("{path}/offboarding?kind=departure")).await.expect(200).json();
        let steps: Vec<&str> = plan["plan"]["steps"].as_array().unwrap().iter().filter_map(|s| s["step"].as_str()).collect();
        assert_eq!(steps, ["access"]);
        api.post(&format!("{path}/offboarding"), &json!({"kind": "departure"})).await.expect(201);
        let gone = api.get(&path).await.expect(200).json();
        assert_eq!((&gone["sign_in_status"], &gone["can_sign_in"]), (&json!("closed"), &json!(false)));
        assert!(matches!(practice.app.authenticate(&session, origin()).await.expect("judged"), SessionStatus::Nobody));
        assert!(practice.app.sign_in("bquill", PASSWORD, &origin()).await.is_err());
        let link = api.send("POST", &format!("{path}/sign-in-link"), None, "").await.expect(409);
        assert_eq!(refused(&link), ["sign_in_status inactive_cannot_sign_in"]);
        let again = api.post(&format!("{path}/offboarding"), &json!({"kind": "departure"})).await.expect(422);
        assert_eq!(refused(&again), [" nothing_to_change"]);

        api.patch(&path, &json!({"sign_in_status": "ajar"})).await.expect(422);
        let back = api.patch(&path, &json!({"sign_in_status": "open"})).await.expect(200).json();
        assert_eq!(back["can_sign_in"], true);
        practice.session("bquill").await;

        let account = json!({"user_type": "Clerical", "clinic_ids": [practice.clinics[0]], "permissions": ["view_patients"]});
        let given = api.patch(&path, &json!({"emr_account": account})).await.expect(200).json();
        assert_eq!((&given["emr_account"]["user_type"], &given["can_sign_in"]), (&json!("Clerical"), &json!(true)));
        let own = api.patch(&path, &json!({"sign_in_status": "closed"})).await.expect(422);
        assert_eq!(refused(&own), ["sign_in_status sign_in_follows_accounts"]);
    }

    async fn two_people_without_emr_accounts_are_merged_and_taken_apart_again(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let kept = a_biller(practice, &token, "bquill").await;
        let body = json!({"first_name": "Bo", "last_name": "Quill-Ito", "username": "bito", "send_invitation": false});
        let merged = api.post("/people", &body).await.expect(201).json()["id"].clone();
        let both = json!({"kept_id": kept.id, "merged_id": merged});
        let done = api.post("/people/duplicates/merge", &both).await.expect(200).json();
        let gone = api.get(&format!("/people/{}", merged.as_str().unwrap())).await.expect(200).json();
        assert_eq!(gone["can_sign_in"], false, "{gone}");
        api.send("POST", &format!("/people/duplicates/merges/{}/undo", done["id"].as_str().unwrap()), None, "").await.expect(200);
        let back = api.get(&format!("/people/{}", merged.as_str().unwrap())).await.expect(200).json();
        assert_eq!(back["can_sign_in"], true, "{back}");
    }

    async fn a_refusal_names_the_account_of_its_field(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let body = json!({"first_name": "Bo", "last_name": "Quill", "username": "bquill",
            "emr_account": {"user_type": "MD", "clinic_ids": [practice.clinics[0]]}});
        let answer = api.post("/people", &body).await.expect(422);
        assert!(refused(&answer).contains(&"emr_account.user_type not_understood".to_owned()), "{}", answer.text());
        let path = format!("/people/{}/emr-account", practice.admin.id);
        let bare = api.patch(&path, &json!({"permissions": []})).await.expect(422);
        assert!(refused(&bare).contains(&"permissions permission_required".to_owned()), "{}", bare.text());
    }
}
