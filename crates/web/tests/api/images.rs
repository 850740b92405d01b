//! Pictures and signatures over HTTP. What a file may be is proven where it is read.

use muster_app::images::made_up_signature;
use muster_domain::emr::{Permission, UserType};
use muster_testkit::both_practices;
use muster_testkit::practice::{PersonSpec, Practice};
use serde_json::json;

use crate::duplicates::add;
use crate::{a_clinic_manager, a_stranger, assert_problem, refused};

const PNG: Option<&str> = Some("image/png");

async fn an_assistant(practice: &Practice) -> muster_testkit::practice::Member {
    let view = [Permission::ViewPatients];
    practice.add(PersonSpec { user_type: UserType::PTA, permissions: Some(&view), ..PersonSpec::default() }).await
}

both_practices! {
    async fn a_picture_is_set_shown_kept_private_and_removed(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let path = format!("/people/{}/picture", practice.admin.id);
        assert_problem(&api.get(&path).await, 404, "not_found");
        let wide = api.send("PUT", &path, PNG, made_up_signature()).await.expect(422);
        assert_eq!(refused(&wide), ["picture picture_not_square"]);
        let set = api.send("PUT", &format!("{path}?crop=middle"), PNG, made_up_signature()).await.expect(200);
        let kept = set.json();
        assert_eq!((&kept["width"], &kept["height"], &kept["content_type"]), (&json!(110), &json!(110), &json!("image/jpeg")));
        assert_eq!((&kept["set_by"], &kept["origin"]), (&json!("Ada Minton"), &json!(null)));
        let shown = api.get(&path).await.expect(200);
        assert_eq!(shown.header("content-type"), "image/jpeg");
        assert_eq!(shown.header("cache-control"), "private, no-cache");
        assert_eq!(shown.header("x-content-type-options"), "nosniff");
        assert_eq!(shown.header("etag"), format!("\"{}\"", kept["sha256"].as_str().unwrap()));
        assert_eq!(set.header("etag"), shown.header("etag"));
        let again = api.clone().with("if-none-match", shown.header("etag")).get(&path).await.expect(304);
        assert_eq!((again.body.len(), again.header("etag")), (0, shown.header("etag")));
        api.delete(&path).await.expect(204);
        assert_problem(&api.delete(&path).await, 404, "not_found");
        assert_problem(&api.get(&path).await, 404, "not_found");
    }

    async fn what_is_sent_has_to_be_an_image_within_the_limits_whatever_it_says_it_is(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let path = format!("/people/{}/picture", practice.admin.id);
        assert_problem(&api.send("PUT", &path, Some("text/plain"), made_up_signature()).await, 415, "wrong_content_type");
        assert_problem(&api.send("PUT", &path, None, made_up_signature()).await, 415, "wrong_content_type");
        assert_problem(&api.send("PUT", &path, PNG, vec![0; 6 * 1024 * 1024]).await, 413, "too_large");
        for (sent, code) in [(vec![], "image_missing"), (vec![0x89], "image_kind"), (b"<svg/>".to_vec(), "image_kind")] {
            let answer = api.send("PUT", &path, PNG, sent).await.expect(422);
            assert_eq!(refused(&answer), [format!("picture {code}")]);
        }
        // The declared type is the sender's opinion; the content counts.
        api.send("PUT", &format!("{path}?crop=middle"), Some("image/webp"), made_up_signature()).await.expect(200);
        let answer = api.send("PUT", &format!("{path}?crop=round"), PNG, made_up_signature()).await.expect(422);
        assert_eq!(refused(&answer), ["crop wrong_type"]);
    }

    async fn a_picture_is_shown_in_the_profile_and_nowhere_else(practice) {
        practice.give_password(&practice.admin).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = add(practice, "Mara", "Stone", "mstone", 0).await;
        let twin = add(practice, "Mara", "Stone", "second", 0).await;
        for person in [mara, twin, practice.admin.id] {
            api.send("PUT", &format!("/people/{person}/picture?crop=middle"), PNG, made_up_signature()).await.expect(200);
        }
        let cookie = format!("muster_session={}", practice.session("admin").await);
        let page = async |path: &str| {
            let request = axum::http::Request::get(path).header("cookie", &cookie).body(axum::body::Body::empty());
            practice.call(request.unwrap()).await.expect(200).text()
        };
        let profile = page(&format!("/emr/users/{mara}")).await;
        assert!(profile.contains(&format!("src=\"/api/v1/people/{mara}/picture\"")), "the profile shows it: {profile}");
        let change = json!([{"op": "add_permission", "value": "analytics_access"}]);
        let job = api.post("/bulk-updates", &json!({"selection": {"ids": [mara]}, "changes": change})).await.expect(201).json();
        let (one, other) = (mara, twin);
        for path in [
            "/emr/users".to_owned(),
            "/people/credentials".to_owned(),
            "/emr/users/bulk".to_owned(),
            "/emr/bulk".to_owned(),
            format!("/emr/bulk/{}", job["id"].as_str().expect("a job")),
            "/people/duplicates".to_owned(),
            format!("/people/duplicates?kept={one}&merged={other}"),
            format!("/emr/users/{one}/copy?q=stone"),
            format!("/emr/users/{one}/offboarding?kind=leave"),
            "/emr/licenses/waiting".to_owned(),
            "/audit".to_owned(),
            "/me".to_owned(),
        ] {
            let text = page(&path).await;
            assert!(!text.contains("/picture\"") && !text.contains("data:image"), "{path}: {text}");
        }
        let new = {
            let mut body = crate::a_therapist(practice, "third");
            (body["first_name"], body["last_name"], body["duplicates"]) = (json!("Mara"), json!("Stone"), json!("check"));
            body["npi"] = json!("9999999995");
            body
        };
        let asked = api.post("/people", &new).await.expect(409).text();
        assert!(asked.contains(&mara.to_string()), "she is a candidate: {asked}");
        for (what, text) in [
            ("candidates", asked),
            ("list", api.get("/people").await.expect(200).text()),
            ("worklist", api.get("/people/credentials").await.expect(200).text()),
            ("pairs", api.get("/people/duplicates").await.expect(200).text()),
        ] {
            assert!(text.contains(&mara.to_string()), "{what}: {text}");
            assert!(!text.contains("picture") && !text.contains("image/"), "{what}: {text}");
        }
    }

    async fn a_signature_has_at_most_five_mebibytes_and_a_second_one_replaces_the_first(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = practice.add(PersonSpec::default()).await;
        let path = format!("/people/{}/signature", mara.id);
        let first = api.send("PUT", &path, PNG, made_up_signature()).await.expect(200).json();
        // Exactly at the limit it is read, and found to be no image; one byte more is not read at all.
        let limit = 5 * 1024 * 1024;
        let at_limit = api.send("PUT", &path, PNG, vec![0; limit]).await.expect(422);
        assert_eq!(refused(&at_limit), ["signature image_kind"]);
        assert_problem(&api.send("PUT", &path, PNG, vec![0; limit + 1]).await, 413, "too_large");
        // What follows the end of a PNG is no part of it, but counts.
        let mut padded = made_up_signature();
        padded.resize(limit + 1, 0);
        assert_problem(&api.send("PUT", &path, PNG, padded).await, 413, "too_large");
        assert_eq!(api.get(&path).await.expect(200).header("etag"), format!("\"{}\"", first["sha256"].as_str().unwrap()));

        let line = |x: u32, y: u32| (10..60).contains(&x) && (20..24).contains(&y);
        let other = image::RgbImage::from_fn(80, 40, |x, y| image::Rgb(if line(x, y) { [10, 10, 80] } else { [255; 3] }));
        let mut bytes = std::io::Cursor::new(Vec::new());
        other.write_to(&mut bytes, image::ImageFormat::Png).expect("encoded");
        let second = api.send("PUT", &format!("{path}?origin=drawn"), PNG, bytes.into_inner()).await.expect(200).json();
        assert_ne!(first["sha256"], second["sha256"]);
        let shown = api.get(&path).await.expect(200);
        assert_eq!(shown.header("etag"), format!("\"{}\"", second["sha256"].as_str().unwrap()));
        let events = api.get(&format!("/people/{}/history?limit=50", mara.id)).await.expect(200).json();
        let set: Vec<&serde_json::Value> = events["items"].as_array().expect("events").iter().filter(|e| e["action"] == "signature.set").collect();
        assert_eq!(set.len(), 2, "each is on record: {events}");
        assert!(set.iter().all(|e| e["actor"]["name"] == "Ada Minton"), "{events}");
        assert_ne!(set[0]["detail"], set[1]["detail"], "with what was set");
    }

    async fn a_signature_is_for_therapists_and_assistants(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = practice.add(PersonSpec::default()).await;
        let path = format!("/people/{}/signature", mara.id);
        let kept = api.send("PUT", &format!("{path}?origin=drawn"), PNG, made_up_signature()).await.expect(200).json();
        assert_eq!((&kept["origin"], &kept["content_type"]), (&json!("drawn"), &json!("image/png")));
        let shown = api.get(&path).await.expect(200);
        assert_eq!((shown.header("content-type"), shown.header("cache-control")), ("image/png", "private, no-cache"));
        assert_eq!(&shown.body[..8], b"\x89PNG\r\n\x1a\n");
        let replaced = api.send("PUT", &path, PNG, made_up_signature()).await.expect(200).json();
        assert_eq!(replaced["origin"], "uploaded");
        api.delete(&path).await.expect(204);
        assert_problem(&api.get(&path).await, 404, "not_found");
        let clerk = format!("/people/{}/signature", practice.admin.id);
        let answer = api.send("PUT", &clerk, PNG, made_up_signature()).await.expect(422);
        assert_eq!(refused(&answer), ["signature signature_not_for_type"]);
        assert_problem(&api.delete(&clerk).await, 404, "not_found");
        let answer = api.send("PUT", &format!("{path}?origin=forged"), PNG, made_up_signature()).await.expect(422);
        assert_eq!(refused(&answer), ["origin not_understood"]);
    }

    async fn the_signature_an_assistant_finishes_notes_with_stays(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let quill = an_assistant(practice).await;
        let (account, signature) = (format!("/people/{}/emr-account", quill.id), format!("/people/{}/signature", quill.id));
        let grant = json!({"permissions": ["view_patients", "finish_soap_notes"], "finish_attested": true});
        assert_eq!(refused(&api.patch(&account, &grant).await.expect(422)), ["permissions signature_required"]);
        api.send("PUT", &signature, PNG, made_up_signature()).await.expect(200);
        api.patch(&account, &grant).await.expect(200);
        assert_problem(&api.delete(&signature).await, 409, "signature_in_use");
        api.send("PUT", &signature, PNG, made_up_signature()).await.expect(200);
        api.patch(&account, &json!({"permissions": ["view_patients"]})).await.expect(200);
        api.delete(&signature).await.expect(204);
        assert_eq!(refused(&api.patch(&account, &grant).await.expect(422)), ["permissions signature_required"]);
    }

    async fn images_obey_scope_and_rights_and_every_try_is_on_record(practice) {
        let admin = practice.token("admin").await;
        let (manager, token) = a_clinic_manager(practice).await;
        let stranger = a_stranger(practice).await;
        practice.sign(&stranger).await;
        let api = practice.api(&token);
        for image in ["picture", "signature"] {
            let hidden = format!("/people/{}/{image}", stranger.id);
            assert_problem(&api.get(&hidden).await, 404, "not_found");
            assert_problem(&api.send("PUT", &hidden, PNG, made_up_signature()).await, 404, "not_found");
            assert_problem(&api.delete(&hidden).await, 404, "not_found");
            // The company admin may be seen, but holds more.
            let boss = format!("/people/{}/{image}", practice.admin.id);
            assert_problem(&api.send("PUT", &boss, PNG, made_up_signature()).await, 403, "holds_more_than_you");
        }
        let newest = practice.api(&admin).get("/audit-events?limit=1").await.json()["items"][0].clone();
        assert_eq!((&newest["effect"], &newest["action"]), (&json!("denied"), &json!("signature.set")));
        let reader = practice.token_with("manager", &[muster_app::Scope::PeopleRead]).await;
        let own = format!("/people/{}/picture?crop=middle", manager.id);
        assert_problem(&practice.api(&reader).send("PUT", &own, PNG, made_up_signature()).await, 403, "scope_missing");
        api.send("PUT", &own, PNG, made_up_signature()).await.expect(200);
    }

    async fn a_picture_in_a_form_is_saved_refused_with_a_way_out_or_too_large(practice) {
        practice.give_password(&practice.admin).await;
        let cookie = format!("muster_session={}", practice.session("admin").await);
        let address = format!("/emr/users/{}", practice.admin.id);
        let request = |method: &str, path: &str| {
            axum::http::Request::builder().method(method).uri(path).header("cookie", &cookie)
        };
        let page = practice.call(request("GET", &address).body(axum::body::Body::empty()).unwrap()).await.expect(200).text();
        assert!(!page.contains("/api/v1/people"), "no picture yet");
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|r| r.split('"').next()).unwrap().to_owned();
        let post = async |fields: &[(&str, &str)], file: &[u8]| {
            let mut body = Vec::new();
            for (name, value) in fields {
                body.extend(format!("--B\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
            }
            body.extend(b"--B\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"../x.png\"\r\ncontent-type: image/png\r\n\r\n");
            body.extend_from_slice(file);
            body.extend(b"\r\n--B--\r\n");
            let request = request("POST", &format!("{address}/picture")).header("content-type", "multipart/form-data; boundary=B");
            practice.call(request.body(axum::body::Body::from(body)).unwrap()).await
        };
        let refused = post(&[("csrf", &csrf)], &made_up_signature()).await.expect(422).text();
        assert!(refused.contains("id=\"picture-error\"") && refused.contains("360 × 110") && refused.contains("value=\"middle\""));
        post(&[("csrf", "forged"), ("crop", "middle")], &made_up_signature()).await.expect(403);
        post(&[("csrf", &csrf)], &vec![0; 6 * 1024 * 1024]).await.expect(413);
        assert!(post(&[("csrf", &csrf)], b"").await.expect(422).text().contains("Choose a file first"));
        post(&[("csrf", &csrf), ("crop", "middle")], &made_up_signature()).await.expect(303);
        let page = practice.call(request("GET", &address).body(axum::body::Body::empty()).unwrap()).await.expect(200).text();
        assert!(page.contains(&format!("src=\"/api/v1/people/{}/picture\"", practice.admin.id)), "{page}");
        let file = format!("/api/v1/people/{}/picture", practice.admin.id);
        practice.call(request("GET", &file).body(axum::body::Body::empty()).unwrap()).await.expect(200);
    }
}
