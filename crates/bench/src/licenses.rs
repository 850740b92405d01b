//! The license pages of a practice with thousands of clinics.

use std::time::Instant;

use muster_app::Actor;
use muster_domain::ClinicId;
use muster_domain::licenses::{Group, RequestDraft, RequestKind};

use crate::client::Client;
use crate::installation::ServedInstallation;
use crate::report::{Report, percentile};
use crate::rng::SeededRng;

const ROUNDS: usize = 120;
const WARM_UP: usize = 10;

/// Requests that are open while the pages are measured, at most.
const REQUESTS: usize = 200;

/// Measures each page as the company admin sees it.
pub async fn measure(served: &ServedInstallation, report: &mut Report) {
    let operator = Actor::command_line(served.organization);
    let mut rng = SeededRng(0x5EA7);
    let mut submitted = 0;
    // Clinics without a limit refuse requests, so more are tried than are wanted.
    for _ in 0..REQUESTS * 20 {
        if submitted == REQUESTS {
            break;
        }
        let clinic: ClinicId = rng.pick(&served.clinics).parse().expect("an id");
        let draft =
            RequestDraft { kind: RequestKind::Add, clinic, group: Group::Therapist, count: 1, note: String::new() };
        submitted += usize::from(served.app.submit_license_request(&operator, &draft, None).await.is_ok());
    }
    Report::note(&format!("{}: clinics of the practice", served.name()), &served.clinics.len().to_string());
    let client = Client::new(&served.url, "");
    let clinic = served.clinics[served.clinics.len() / 2].clone();
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
        for round in 0..WARM_UP + ROUNDS {
            if round == WARM_UP {
                report.refresh_hash();
            }
            let begun = Instant::now();
            let page = client.page(&path, &served.cookie).await;
            assert_eq!(page.status, 200, "{path}");
            if round >= WARM_UP {
                times.push(begun.elapsed());
            }
        }
        // 50 ms on the machine on which the goals were set.
        report.time_at_most(&format!("{}: page, {what} (p95)", served.name()), percentile(&mut times, 0.95), 3.0);
    }
}
