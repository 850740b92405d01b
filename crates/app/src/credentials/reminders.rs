//! Emails about licenses that run out: to their owner and the managers of the default clinic, once a stage.

use std::collections::BTreeMap;

use muster_domain::audit::{Action, Effect};
use muster_domain::organizations::Organization;
use muster_domain::{ClinicId, OrganizationId, PersonId};
use muster_store::credentials::{self, DueReminder};
use muster_store::people::StoredProfile;
use muster_store::{organizations, people};
use serde_json::json;

use crate::messages::Message;
use crate::work::{AuditActor, AuditSubject, UnitOfWork};
use crate::{App, Origin, Result};

/// Practices looked at with one statement.
const PRACTICES: i64 = 200;

impl App {
    /// Sends what is due, at most `limit` licenses a practice; gives how many licenses were written about. Safe to call
    /// at any time from any number of processes: what was told once is written down in the transaction that queues it.
    pub async fn send_due_reminders(&self, limit: i64) -> Result<u64> {
        let mut sent = 0;
        let mut after = String::new();
        loop {
            let mut h = self.db.read().await?;
            let practices = organizations::list(&mut h, &after, PRACTICES).await?;
            let Some(last) = practices.last() else { return Ok(sent) };
            after = muster_domain::text::unique_key(&last.name);
            for practice in &practices {
                let today = self.now().to_zoned(practice.zone()).date();
                // Looked up first without the practice's lock: mostly there is nothing to do.
                if !credentials::due_reminders(&mut h, practice.id, today, 1).await?.is_empty() {
                    sent += self.remind(practice, limit).await?;
                }
            }
        }
    }

    async fn remind(&self, practice: &Organization, limit: i64) -> Result<u64> {
        let now = self.now();
        let today = now.to_zoned(practice.zone()).date();
        let mut work = self.system_work(practice.id).await?;
        let due = credentials::due_reminders(&mut work.tx, practice.id, today, limit).await?;
        let due = credentials::note_reminders(&mut work.tx, practice.id, due, now).await?;
        if due.is_empty() {
            return Ok(0);
        }
        self.write_reminders(&mut work, practice, &due).await?;
        let count = u64::try_from(due.len()).unwrap_or(0);
        work.commit().await?;
        Ok(count)
    }

    async fn write_reminders(&self, work: &mut UnitOfWork, practice: &Organization, due: &[DueReminder]) -> Result<()> {
        let ids: Vec<PersonId> = due.iter().map(|d| d.person).collect();
        let stored = people::find_many(&mut work.tx, practice.id, &ids).await?;
        let people: BTreeMap<PersonId, StoredProfile> = stored.into_iter().map(|s| (s.profile.person.id, s)).collect();
        let letters = self.letters(work, practice.id, &people, due).await?;
        for ((to, name), lines) in letters {
            self.queue(work, &to, &Message::licenses_run_out(&name, &practice.name, &lines)).await?;
        }
        let origin = Origin::command_line();
        for d in due {
            let name = people.get(&d.person).map_or("", |s| s.profile.person.full_name.as_str());
            let who = AuditActor { kind: "nobody", id: None, name: "Muster", origin: &origin };
            let detail = json!({"number": d.license.number, "expires_on": d.expires_on, "threshold": d.threshold});
            work.audit(&who, Action::ReminderSent, Effect::Done, AuditSubject::new(d.person.0, name), &detail);
        }
        Ok(())
    }

    /// One letter an address: its lines, one a license.
    async fn letters(
        &self,
        work: &mut UnitOfWork,
        organization: OrganizationId,
        people: &BTreeMap<PersonId, StoredProfile>,
        due: &[DueReminder],
    ) -> Result<BTreeMap<(String, String), Vec<String>>> {
        let default_clinic = |s: &StoredProfile| s.profile.emr.as_ref().map(|e| e.default_clinic);
        let mut clinics: Vec<ClinicId> = people.values().filter_map(default_clinic).collect();
        clinics.sort_unstable();
        clinics.dedup();
        let managers = credentials::managers(&mut work.tx, organization, &clinics).await?;
        let mut letters: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for d in due {
            let Some(stored) = people.get(&d.person) else { continue };
            let person = &stored.profile.person;
            if let Some(email) = &person.email {
                letters.entry((email.clone(), person.full_name.clone())).or_default().push(line("Your", d));
            }
            let clinic = default_clinic(stored);
            for m in managers.iter().filter(|m| Some(ClinicId(m.clinic_id)) == clinic && m.person_id != d.person.0) {
                let whose = format!("{}:", person.full_name);
                letters.entry((m.email.clone(), m.full_name.clone())).or_default().push(line(&whose, d));
            }
        }
        Ok(letters)
    }
}

/// `Your license PT1234 (ME) runs out on 2027-03-31.`
fn line(whose: &str, due: &DueReminder) -> String {
    let number = due.license.number.as_deref().map(|n| format!(" {n}")).unwrap_or_default();
    let state = due.license.state.as_deref().map(|s| format!(" ({s})")).unwrap_or_default();
    let verb = if due.threshold == 0 { "ran out on" } else { "runs out after" };
    format!("{whose} license{number}{state} {verb} {}.", due.expires_on)
}
