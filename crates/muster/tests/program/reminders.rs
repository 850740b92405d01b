//! Letters about licenses that run out: once each, however many programs run and however often they are started.

use std::collections::BTreeMap;

use muster_testkit::program::Server;
use muster_testkit::smtp_sink::{Message, SmtpSink};

use crate::place::{DatabaseArguments, HARBOR, arg, on_both};

const HEAD: &str =
    "first_name,last_name,email,user_type,clinics,permissions,npi,license_number,license_state,license_expires_on";

async fn add(place: &DatabaseArguments, rows: &[&str]) {
    let file = place.write("people.csv", &format!("{HEAD}\n{}\n", rows.join("\n")));
    place.done(&["import", arg(&file), "--organization", HARBOR]).await;
}

async fn two_servers(place: &DatabaseArguments, sink: &SmtpSink) -> [Server; 2] {
    let url = sink.url();
    let serve = || place.program(&["serve", "--smtp-url", &url, "--reminders-after", "1"]).start();
    let (one, other) = tokio::join!(serve(), serve());
    [one, other]
}

fn letters(messages: &[Message]) -> BTreeMap<&str, usize> {
    let mut found = BTreeMap::new();
    for to in messages.iter().flat_map(|m| &m.to) {
        *found.entry(to.as_str()).or_default() += 1;
    }
    found
}

on_both! {
    async fn each_reminder_is_sent_once_by_two_servers_and_after_a_restart(place) {
        place.set_up().await;
        add(place, &[
            "Zoë,Łuk,zoe@x.example,PT,Saco,view_patients,9999999995,PT-1,ME,2020-01-31",
            "Ida,Ito,ida@x.example,OT,Saco,view_patients,9999999995,OT-2,ME,2020-01-31",
            "Vera,Lund,vera@x.example,Clerical,Saco,view_patients;view_users;edit_users,,,,",
        ]).await;
        let sink = SmtpSink::start().await;
        let [one, other] = two_servers(place, &sink).await;
        let first = sink.wait_for(3).await;
        assert_eq!(letters(&first), BTreeMap::from([("ida@x.example", 1), ("vera@x.example", 1), ("zoe@x.example", 1)]));
        assert_eq!(place.count("license_reminders").await, 2);
        one.terminate().await;
        other.kill_9().await;

        // A fourth person shows that both look again after the restart.
        add(place, &["Quentin,Quill,quill@x.example,PT,Saco,view_patients,9999999995,PT-3,ME,2020-01-31"]).await;
        let [one, other] = two_servers(place, &sink).await;
        sink.wait_for(5).await;
        // Time for a second letter, if there were one: the queue is looked at twice a second.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let all = letters(&sink.messages()).into_iter().map(|(to, n)| (to.to_owned(), n)).collect::<BTreeMap<_, _>>();
        let wanted = [("ida@x.example", 1), ("quill@x.example", 1), ("vera@x.example", 2), ("zoe@x.example", 1)];
        assert_eq!(all, wanted.into_iter().map(|(to, n)| (to.to_owned(), n)).collect());
        assert_eq!(place.count("license_reminders").await, 3);
        assert_eq!(place.count("jobs WHERE kind = 'send_email'").await, 5, "nothing else was ever queued");
        for server in [one, other] {
            server.terminate().await;
        }
    }
}
