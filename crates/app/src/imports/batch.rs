//! Evaluates the rows of a batch one after the other, on what is stored and on the rows before each.

use std::collections::BTreeSet;

use muster_domain::emr::{InactiveReason, LICENSE_PLACEHOLDER, Permission};
use muster_domain::imports::{ParsedRow, RowKeys};
use muster_domain::licenses::Availability;
use muster_domain::organizations::Clinic;
use muster_domain::people::{Change, Outcome, Profile, decide};
use muster_domain::people::{NameOwner, npi};
use muster_domain::text::unique_key;
use muster_domain::{ClinicId, Code, PersonId, Refusal, Refusals};
use muster_store::Handle;

use super::duplicates;
use super::known::{ImportState, StoredMatches, next_numbers};
use super::reader::RawRow;
use super::report::{ImportFlags, RowRefusal};
use super::run::{EvaluatedBatch, ImportRun, UniqueKey, number};
use crate::{Actor, App, Result};

/// A batch being evaluated.
struct ImportEvaluator<'a> {
    app: &'a App,
    actor: &'a Actor,
    run: &'a ImportRun,
    known: StoredMatches,
    state: &'a mut ImportState,
    done: EvaluatedBatch,
}

impl App {
    /// Evaluates a batch and brings `state` up to date with it; saves nothing.
    pub(super) async fn evaluate_rows(
        &self,
        h: &mut impl Handle,
        actor: &Actor,
        run: &ImportRun,
        rows: &[RawRow],
        state: &mut ImportState,
    ) -> Result<EvaluatedBatch> {
        let mut done = EvaluatedBatch::default();
        let mut lines = Vec::with_capacity(rows.len());
        let mut wanted = Vec::with_capacity(rows.len());
        for row in rows {
            match parse_row(run, row) {
                Ok(one) => {
                    lines.push(row);
                    wanted.push(one);
                }
                Err(refusal) => done.refused.push(refusal),
            }
        }
        let known = StoredMatches::load(h, actor, &wanted, state).await?;
        let new = wanted.iter().filter(|w| !known.is_known(actor, w, state));
        let bases: BTreeSet<&str> = new.filter_map(|w| w.username_base.as_deref()).collect();
        done.used.next_numbers = next_numbers(h, run, bases).await?;
        let mut evaluator = ImportEvaluator { app: self, actor, run, known, state, done };
        for (row, wanted) in lines.into_iter().zip(wanted) {
            match evaluator.evaluate(&wanted) {
                Ok(()) if evaluator.done.lines.len() < evaluator.done.profiles.len() => {
                    evaluator.done.lines.push(row.line);
                }
                Ok(()) => {}
                Err(refusals) => {
                    let cells = row.cells.as_deref().unwrap_or_default();
                    evaluator.done.refused.push(RowRefusal::new(row.line, cells, refusals));
                }
            }
        }
        let mut done = evaluator.done;
        done.refused.sort_by_key(|r| r.line);
        duplicates::note(h, actor, run, &mut done).await?;
        Ok(done)
    }
}

/// The row as a change, or why it cannot be read as one.
fn parse_row(run: &ImportRun, row: &RawRow) -> std::result::Result<ParsedRow, RowRefusal> {
    let refused = |cells: &[String], refusal: Refusal| Err(RowRefusal::new(row.line, cells, refusal.into()));
    match &row.cells {
        Err(unread) => refused(&unread.cells, unread.refusal.clone()),
        Ok(cells) if cells.len() != run.columns.width() => {
            let counts = [cells.len().to_string(), run.columns.width().to_string()];
            refused(cells, Refusal::whole(Code::RowWidth).about(&counts))
        }
        Ok(cells) => {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            Ok(run.columns.wanted(&cells, &run.options.clinic_without_address))
        }
    }
}

impl ImportEvaluator<'_> {
    fn claimed(&self, claim: UniqueKey<'_>) -> bool {
        self.run.claimed(claim) || self.done.used.claims.has(claim)
    }

    /// Evaluates one row after those before it.
    fn evaluate(&mut self, wanted: &ParsedRow) -> std::result::Result<(), Refusals> {
        let keys = wanted.keys();
        let repeated = self.note_owners(&keys);
        if !repeated && (self.known.is_known(self.actor, wanted, self.state) || self.is_namesake(wanted, &keys)) {
            self.done.unchanged += 1;
            return Ok(());
        }
        let mut refusals = Refusals::default();
        let (change, tentative) = self.change(wanted, &mut refusals);
        let before = Profile::blank(self.actor.organization(), PersonId(self.app.new_id()));
        match decide(self.actor.authority(), &self.state.facts, &before, true, &change) {
            Ok(outcome) if refusals.is_empty() => {
                self.accept(wanted, &keys, outcome, tentative);
                return Ok(());
            }
            Ok(_) => {}
            Err(more) => more.0.into_iter().for_each(|r| refusals.push(r)),
        }
        for clinic in tentative {
            self.state.facts.emr.clinics.remove(&clinic.id);
        }
        Err(refusals)
    }

    /// Adds to the facts who else holds what the row names. True when it is an earlier row of the file.
    fn note_owners(&mut self, keys: &RowKeys) -> bool {
        let earlier = |claimed: bool| claimed.then(|| NameOwner::Visible("an earlier row of this file".to_owned()));
        let name = |key: Option<&String>| earlier(key.is_some_and(|k| self.claimed(UniqueKey::Name(k))));
        let (email, username) = (name(keys.email.as_ref()), name(keys.username.as_ref()));
        let number = earlier(keys.npi.as_ref().is_some_and(|n| self.claimed(UniqueKey::Npi(n))));
        let repeated = email.is_some() || username.is_some() || number.is_some();
        let facts = &mut self.state.facts;
        facts.email_owner = email.or_else(|| self.known.hidden_owner(keys.email.as_ref()));
        facts.username_owner = username.or_else(|| self.known.hidden_owner(keys.username.as_ref()));
        facts.npi_owner = number.or_else(|| self.known.hidden_npi(keys.npi.as_ref()));
        repeated
    }

    fn is_namesake(&self, wanted: &ParsedRow, keys: &RowKeys) -> bool {
        let namesake = if keys.is_empty() { self.state.namesake(wanted) } else { None };
        namesake.is_some_and(|(name, clinic, kind)| self.claimed(UniqueKey::Namesake(&name, clinic, &kind)))
    }

    /// The row's change with its clinics and user name; and the clinics that would have to be added for it.
    fn change(&mut self, wanted: &ParsedRow, refusals: &mut Refusals) -> (Change, Vec<Clinic>) {
        let mut change = wanted.change.clone();
        let mut tentative: Vec<Clinic> = Vec::new();
        let mut ids = BTreeSet::new();
        for name in &wanted.clinics {
            ids.insert(self.clinic(wanted, name, &mut tentative, refusals));
        }
        let by_name = |key: &str| {
            let added = tentative.iter().find(|c| unique_key(&c.name) == key).map(|c| c.id);
            added.or_else(|| self.state.clinics.get(key).copied())
        };
        if let Some(emr) = &mut change.emr {
            emr.default_clinic = wanted
                .default_clinic
                .as_ref()
                .map(|name| by_name(&unique_key(name)).unwrap_or_else(|| ClinicId(self.app.new_id())));
            emr.clinics = Some(ids).filter(|ids| !ids.is_empty());
        }
        if let Some(base) = &wanted.username_base {
            change.person.username = Some(self.made_up(base));
        }
        (change, tentative)
    }

    /// The clinic of that name: one of the practice, or a new one if the actor may add clinics. For anyone else it is
    /// a clinic nobody knows, which is refused like one out of reach.
    fn clinic(
        &mut self,
        wanted: &ParsedRow,
        name: &str,
        tentative: &mut Vec<Clinic>,
        refusals: &mut Refusals,
    ) -> ClinicId {
        let key = unique_key(name);
        let added = tentative.iter().find(|c| unique_key(&c.name) == key).map(|c| c.id);
        if let Some(id) = added.or_else(|| self.state.clinics.get(&key).copied()) {
            return id;
        }
        let id = ClinicId(self.app.new_id());
        if self.actor.require(Permission::CompanyAdmin).is_ok() {
            let clinic = wanted.new_clinic(id, name).unwrap_or_else(|more| {
                more.0.into_iter().for_each(|r| refusals.push(r));
                Clinic::new(id, name)
            });
            self.state.facts.emr.clinics.insert(id, clinic.clone());
            tentative.push(clinic);
        }
        id
    }

    /// The base, or the base and the next free number.
    fn made_up(&self, base: &str) -> String {
        let key = number(&base);
        let known = self.done.used.next_numbers.get(&key).copied();
        let mut next = known.or_else(|| self.run.next_number(key)).unwrap_or(1);
        loop {
            let name = if next == 1 { base.to_owned() } else { format!("{base}{next}") };
            if !self.claimed(UniqueKey::Name(&unique_key(&name))) {
                return name;
            }
            next += 1;
        }
    }

    /// Keeps what was decided, for saving and for the rows that follow.
    fn accept(&mut self, wanted: &ParsedRow, keys: &RowKeys, outcome: Outcome, tentative: Vec<Clinic>) {
        let Outcome { profile, seats, .. } = outcome;
        for clinic in tentative {
            self.state.clinics.insert(unique_key(&clinic.name), clinic.id);
            self.done.clinics.push(clinic);
        }
        if let Some(pool) = seats.to {
            *self.done.seats.entry(pool).or_default() += 1;
            if let Some(Availability::Free(free)) = self.state.facts.emr.seats.get_mut(&pool) {
                *free -= 1;
            }
        }
        let namesake = self.state.namesake(wanted);
        let claims = &mut self.done.used.claims;
        claims.add(UniqueKey::Name(&unique_key(&profile.person.username)));
        if let Some(email) = &keys.email {
            claims.add(UniqueKey::Name(email));
        }
        if let Some(npi) = &keys.npi {
            claims.add(UniqueKey::Npi(npi));
        }
        if let Some((name, clinic, kind)) = namesake {
            claims.add(UniqueKey::Namesake(&name, clinic, &kind));
        }
        self.note_number(wanted, &profile);
        self.done.flags.add(flags(wanted, &profile));
        self.done.profiles.push(profile);
    }

    /// The next row that is given this user name takes the number after it.
    fn note_number(&mut self, wanted: &ParsedRow, profile: &Profile) {
        let Some(base) = &wanted.username_base else { return };
        let suffix = profile.person.username.strip_prefix(base.as_str()).unwrap_or("");
        let used = suffix.parse::<u64>().unwrap_or(1);
        self.done.used.next_numbers.insert(number(&base.as_str()), used + 1);
    }
}

fn flags(wanted: &ParsedRow, profile: &Profile) -> ImportFlags {
    let one = u64::from;
    let emr = profile.emr.as_ref();
    let reason = emr.and_then(|e| e.inactive_reason);
    ImportFlags {
        npi_placeholders: one(profile.person.npi.as_deref() == Some(npi::PLACEHOLDER)),
        license_placeholders: one(emr.and_then(|e| e.license.number.as_deref()) == Some(LICENSE_PLACEHOLDER)),
        needs_email: one(reason == Some(InactiveReason::NeedsEmail)),
        no_license: one(reason == Some(InactiveReason::NoLicense)),
        usernames_made_up: one(wanted.username_base.is_some()),
        invited: 0,
    }
}
