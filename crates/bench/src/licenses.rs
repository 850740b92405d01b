//! The license pages of a practice with thousands of clinics.

use std::time::Instant;

use muster_app::Actor;
use muster_domain::ClinicId;
use muster_domain::licenses::{Group, RequestDraft, RequestKind};

use crate::client::Client;
use crate::row::{Rows, percentile};
use crate::scene::{Scene, SeededRng};

const ROUNDS: usize = 120;

/// Measures each page as the company admin sees it.
pub async fn measure(scene: &Scene, rows: &mut Rows) {
    let operator = Actor::command_line(scene.organization);
    let mut dice = SeededRng(0x5EA7);
    let mut asked = 0;
    while asked < 200 {
        let clinic: ClinicId = scene.clinics[dice.roll(scene.clinics.len())].parse().expect("an id");
        let wanted =
            RequestDraft { kind: RequestKind::Add, clinic, group: Group::Therapist, count: 1, note: String::new() };
        // Where there is no limit nothing can be asked for.
        asked += usize::from(scene.app.submit_license_request(&operator, &wanted, None).await.is_ok());
    }
    Rows::note(&format!("{}: clinics of the practice", scene.name()), &scene.clinics.len().to_string());
    let client = Client::new(&scene.url, "");
    let clinic = scene.clinics[scene.clinics.len() / 2].clone();
    for (what, path) in [
        ("licenses by clinic", "/emr/licenses".to_owned()),
        ("licenses, found by name", "/emr/licenses?q=har".to_owned()),
        ("licenses of one clinic", format!("/emr/licenses/clinics/{clinic}")),
        ("license requests", "/emr/licenses/requests".to_owned()),
        ("asking for licenses", format!("/emr/licenses/requests/new?clinic_id={clinic}&group=therapist")),
        ("waiting list", "/emr/licenses/waiting".to_owned()),
        ("unused licenses", "/emr/licenses/unused".to_owned()),
        ("license ledger", "/emr/licenses/ledger".to_owned()),
        ("user list with the license header", "/emr/users".to_owned()),
    ] {
        let mut times = Vec::new();
        for round in 0..ROUNDS + 10 {
            let begun = Instant::now();
            let page = client.page(&path, &scene.cookie).await;
            assert_eq!(page.status, 200, "{path}");
            if round >= 10 {
                times.push(begun.elapsed());
            }
        }
        rows.at_most(&format!("{}: page, {what} (p95)", scene.name()), percentile(&mut times, 0.95), "ms", 50.0);
    }
}
