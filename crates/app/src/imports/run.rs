//! An import, batch by batch. Each batch is evaluated and saved in one transaction under the practice's lock. From batch
//! to batch about forty bytes a person added are kept, whatever the file holds.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};

use muster_domain::ClinicId;
use muster_domain::imports::Columns;
use muster_domain::licenses::Group;
use muster_domain::organizations::{Clinic, Organization};
use muster_domain::people::Profile;

use super::ImportOptions;
use super::known::ImportState;
use super::reader::RawRow;
use super::report::{ImportFlags, RowLikeness, RowRefusal};
use crate::people::SaveError;
use crate::{Actor, App, AppError, Result};

/// What one row of the file may have and no other.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum UniqueKey<'a> {
    /// A real NPI.
    Npi(&'a str),
    /// User name or email, as compared.
    Name(&'a str),
    /// Folded name, clinic and type of someone recognized by nothing else.
    Namesake(&'a str, ClinicId, &'a str),
}

impl UniqueKey<'_> {
    fn number(self) -> u64 {
        number(&self)
    }
}

/// Remembered instead of the text, so that a long import stays small.
pub(super) fn number(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// Keys of the rows added.
#[derive(Clone, Debug, Default)]
pub(super) struct UniqueKeys(HashSet<u64>);

impl UniqueKeys {
    pub fn has(&self, claim: UniqueKey<'_>) -> bool {
        self.0.contains(&claim.number())
    }

    pub fn add(&mut self, claim: UniqueKey<'_>) {
        self.0.insert(claim.number());
    }
}

/// Names and numbers that rows of the file have and later rows cannot have.
#[derive(Default)]
pub(super) struct UsedKeys {
    pub claims: UniqueKeys,
    /// The number to try next after a made-up user name, by the name's hash; looked up when it is missing.
    pub next_numbers: HashMap<u64, u64>,
}

impl UsedKeys {
    pub fn extend(&mut self, more: Self) {
        self.claims.0.extend(more.claims.0);
        self.next_numbers.extend(more.next_numbers);
    }
}

/// How often a batch is evaluated again because another practice took a name or an email meanwhile. Practices that
/// import at the same moment can meet over made-up user names more than once.
const ATTEMPTS: usize = 5;

/// An import in progress.
pub(super) struct ImportRun {
    pub organization: Organization,
    pub columns: Columns,
    pub options: ImportOptions,
    /// By the rows before this batch.
    pub used: UsedKeys,
    /// What a dry run would have left so far; a real run reads it from the database.
    dry_state: Option<ImportState>,
}

/// Seats by pool.
pub(super) type Seats = BTreeMap<(ClinicId, Group), i64>;

/// What is to be saved of a batch, and what became of its other rows.
#[derive(Default)]
pub(super) struct EvaluatedBatch {
    /// To be added.
    pub profiles: Vec<Profile>,
    /// The lines they stand on.
    pub lines: Vec<u64>,
    /// Rows whose people may be there already.
    pub alike: Vec<RowLikeness>,
    /// To be added before them.
    pub clinics: Vec<Clinic>,
    /// To be taken.
    pub seats: Seats,
    /// By its rows.
    pub used: UsedKeys,
    pub unchanged: u64,
    pub refused: Vec<RowRefusal>,
    pub flags: ImportFlags,
}

impl ImportRun {
    pub fn new(organization: Organization, columns: Columns, options: ImportOptions) -> Self {
        Self { organization, columns, options, used: UsedKeys::default(), dry_state: None }
    }

    /// True when an earlier batch has it.
    pub fn claimed(&self, claim: UniqueKey<'_>) -> bool {
        self.used.claims.has(claim)
    }

    /// The number an earlier batch leaves to a made-up user name.
    pub fn next_number(&self, base: u64) -> Option<u64> {
        self.used.next_numbers.get(&base).copied()
    }
}

impl App {
    /// Adds the people of these rows, or only says what would happen.
    pub(super) async fn import_rows(
        &self,
        actor: &Actor,
        run: &mut ImportRun,
        rows: &[RawRow],
    ) -> Result<EvaluatedBatch> {
        let mut batch = if run.options.dry_run {
            self.evaluate_only(actor, run, rows).await?
        } else {
            self.evaluate_and_save(actor, run, rows).await?
        };
        run.used.extend(std::mem::take(&mut batch.used));
        Ok(batch)
    }

    async fn evaluate_only(&self, actor: &Actor, run: &mut ImportRun, rows: &[RawRow]) -> Result<EvaluatedBatch> {
        let mut h = self.db.read().await?;
        let mut state = match run.dry_state.take() {
            Some(state) => state,
            None => ImportState::load(&mut h, &run.organization).await?,
        };
        let batch = self.evaluate_rows(&mut h, actor, run, rows, &mut state).await?;
        run.dry_state = Some(state);
        Ok(batch)
    }

    async fn evaluate_and_save(&self, actor: &Actor, run: &mut ImportRun, rows: &[RawRow]) -> Result<EvaluatedBatch> {
        for _ in 0..ATTEMPTS {
            match self.try_save_rows(actor, run, rows).await {
                Ok(batch) => return Ok(batch),
                // Somebody else gives out numbered user names too: look all of them up again.
                Err(SaveError::Conflict) => run.used.next_numbers.clear(),
                Err(SaveError::Failed(error)) => return Err(error),
            }
        }
        Err(AppError::Unavailable)
    }

    async fn try_save_rows(
        &self,
        actor: &Actor,
        run: &ImportRun,
        rows: &[RawRow],
    ) -> std::result::Result<EvaluatedBatch, SaveError> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let mut state = ImportState::load(&mut work.tx, &run.organization).await?;
        let mut batch = self.evaluate_rows(&mut work.tx, actor, run, rows, &mut state).await?;
        if batch.profiles.is_empty() {
            return Ok(batch);
        }
        self.save_new_clinics(&mut work, actor, &batch.clinics).await?;
        let people = self.new_people(run.organization.id, &batch.profiles);
        self.save_new_people(&mut work, actor, people, &batch.seats).await?;
        if run.options.invite {
            batch.flags.invited = self.invite_many(&mut work, actor, &batch.profiles, &run.organization).await?;
        }
        work.commit().await?;
        Ok(batch)
    }
}
