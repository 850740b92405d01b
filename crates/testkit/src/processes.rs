//! Ending the processes a test started, by number, without `unsafe`.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Sends `signal` (`TERM`, `KILL`) to the processes; those that are gone already are no error.
pub(crate) fn signal(signal: &str, processes: &[u32]) {
    if processes.is_empty() {
        return;
    }
    let _ = Command::new("kill")
        .arg(format!("-{signal}"))
        .args(processes.iter().map(u32::to_string))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// The process and all that descend from it, ancestors first. Empty when it is gone.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let parents = parents();
    let mut family: Vec<u32> =
        parents.iter().filter(|(process, _)| *process == root).map(|(process, _)| *process).collect();
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(process, _)| *process));
        next += 1;
    }
    family
}

/// Every process of this machine with its parent.
fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let process = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let (_, parent) = state_and_parent(process)?;
            Some((process, parent))
        })
        .collect()
}

/// From `/proc/PID/stat`: "pid (name) state parent …", where the name may hold spaces and brackets.
fn state_and_parent(process: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Whether it still does anything: a zombie waits for its parent to take notice, no more.
fn runs(process: u32) -> bool {
    state_and_parent(process).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// Waits until none of the processes runs any more, or for as long as given.
pub(crate) fn wait_until_gone(processes: &[u32], at_most: Duration) {
    let deadline = Instant::now() + at_most;
    while processes.iter().any(|process| runs(*process)) && Instant::now() < deadline {
        sleep(Duration::from_millis(10));
    }
}
