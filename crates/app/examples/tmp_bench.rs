//! Temporary.
use muster_app::generate::GenerateSpec;
use muster_app::imports::ImportOptions;
use muster_app::*;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Instant;
fn rss() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines().find(|l| l.starts_with("VmRSS")).unwrap().split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        / 1024
}
fn hwm() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines().find(|l| l.starts_with("VmHWM")).unwrap().split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        / 1024
}
#[tokio::main]
async fn main() {
    let mode = std::env::args().nth(1).unwrap();
    let n: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let engine = std::env::args().nth(3).unwrap();
    let test = if engine == "pg" {
        muster_testkit::databases::postgres().await
    } else {
        muster_testkit::databases::sqlite().await
    };
    let app = App::new(
        test.db.clone(),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy::new()),
        Keys::derive(b"0123456789abcdef0123456789abcdef"),
        Settings::default(),
    );
    let t = Instant::now();
    if mode == "demo" {
        app.demo().await.unwrap();
        println!("demo {engine} {:?}", t.elapsed());
        return;
    }
    if mode == "gen" {
        let g =
            app.generate(GenerateSpec { organizations: 10, people: n, seed: 1, largest: None }, |_| {}).await.unwrap();
        println!(
            "generate {engine} {g:?} {:?} {:.0}/s rss {} hwm {}",
            t.elapsed(),
            n as f64 / t.elapsed().as_secs_f64(),
            rss(),
            hwm()
        );
    } else {
        let practice = muster_testkit::databases::an_organization(&test.db).await;
        let mut csv =
            String::from("first_name,last_name,email,npi,user_type,clinics,phone,license_number,license_state\n");
        let keyless = mode == "keyless";
        let last: Vec<String> =
            (0..997u64).map(|i| format!("L{}{}", ["an", "or", "ul", "est", "ick"][(i % 5) as usize], i)).collect();
        for i in 0..n {
            let nine = format!("{}", 100_000_000 + i);
            let npi = format!("{nine}{}", muster_domain::people::npi::check_digit(nine.as_bytes()));
            let l: String = last[(i % 997) as usize].chars().filter(|c| c.is_alphabetic()).collect::<String>()
                + &"abcdefghij"[(i % 10) as usize..];
            if keyless {
                csv += &format!("First{},{l},,,Clerical,Clinic {},,,\n", i, i % 40);
            } else {
                csv += &format!(
                    "First{},{l},person{i}@saco.example,{npi},PT,Clinic {},(207) 555-0101,PT{i},ME\n",
                    i % 300,
                    i % 40
                );
            }
        }
        println!("csv {} MB rss {}", csv.len() / 1_000_000, rss());
        let path = std::env::temp_dir().join("tmp_bench.csv");
        std::fs::write(&path, &csv).unwrap();
        drop(csv);
        let actor = Actor::command_line(practice.id).through(Channel::Import);
        for (what, dry) in [("dry", true), ("import", false), ("again", false)] {
            let t = Instant::now();
            let file = std::fs::File::open(&path).unwrap();
            let invite = mode == "invite";
            let r = app
                .import_people(&actor, file, ImportOptions { dry_run: dry, invite, ..Default::default() }, |_| {})
                .await
                .unwrap();
            println!(
                "{what} {mode} {engine} rows {} added {} unchanged {} refused {} {:?} {:.0}/s rss {} hwm {}",
                r.rows,
                r.added,
                r.unchanged,
                r.refused_rows,
                t.elapsed(),
                n as f64 / t.elapsed().as_secs_f64(),
                rss(),
                hwm()
            );
        }
        let _ = Cursor::new(());
    }
}
