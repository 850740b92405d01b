//! What an import remembers from batch to batch: about forty bytes a person added, whatever the file holds.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};

use muster_domain::ClinicId;
use muster_domain::imports::Columns;
use muster_domain::licenses::Group;
use muster_domain::organizations::{Clinic, Organization};
use muster_domain::people::Profile;

use super::ImportOptions;
use super::duplicates::EarlierRow;
use super::report::{ImportFlags, RowLikeness, RowRefusal};

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

/// UniqueKeys of the rows added.
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
    /// The number to try next after a made-up user name, by the name's hash.
    pub next_numbers: HashMap<u64, u64>,
}

impl UsedKeys {
    pub fn extend(&mut self, more: Self) {
        self.claims.0.extend(more.claims.0);
        self.next_numbers.extend(more.next_numbers);
    }
}

/// What is remembered of a batch while it is being saved.
#[derive(Default)]
pub(super) struct PendingBatch {
    pub used: UsedKeys,
    /// Its people, with whom later rows are compared.
    pub people: Vec<EarlierRow>,
}

/// An import in progress.
pub(super) struct ImportRun {
    pub organization: Organization,
    pub columns: Columns,
    pub options: ImportOptions,
    /// By the rows that are saved.
    pub used: UsedKeys,
    /// The batch on its way into the database.
    pub pending: PendingBatch,
}

/// Seats by pool.
pub(super) type Seats = BTreeMap<(ClinicId, Group), i64>;

/// A batch, judged.
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
    pub pending: PendingBatch,
    pub unchanged: u64,
    pub refused: Vec<RowRefusal>,
    pub flags: ImportFlags,
}

impl ImportRun {
    pub fn new(organization: Organization, columns: Columns, options: ImportOptions) -> Self {
        Self { organization, columns, options, used: UsedKeys::default(), pending: PendingBatch::default() }
    }

    /// True when an earlier batch has it.
    pub fn claimed(&self, claim: UniqueKey<'_>) -> bool {
        self.used.claims.has(claim) || self.pending.used.claims.has(claim)
    }

    /// The number an earlier batch leaves to a made-up user name.
    pub fn next_number(&self, base: u64) -> Option<u64> {
        self.pending.used.next_numbers.get(&base).or_else(|| self.used.next_numbers.get(&base)).copied()
    }

    /// The pending batch is saved.
    pub fn add_pending(&mut self) {
        self.used.extend(std::mem::take(&mut self.pending).used);
    }
}
