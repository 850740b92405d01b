//! What an import remembers from batch to batch: about forty bytes a person added, whatever the file holds.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};

use muster_domain::ClinicId;
use muster_domain::emr::Profile;
use muster_domain::imports::Columns;
use muster_domain::licences::Group;
use muster_domain::organizations::{Clinic, Organization};

use super::ImportOptions;
use super::report::{Flags, ImportReport, RowLikeness, RowRefusal};

/// What one row of the file may have and no other.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum Claim<'a> {
    /// A real NPI.
    Npi(&'a str),
    /// User name or email, as compared.
    Name(&'a str),
    /// Folded name, clinic and type of someone recognised by nothing else.
    Namesake(&'a str, ClinicId, &'a str),
}

impl Claim<'_> {
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

/// Claims of the rows added.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims(HashSet<u64>);

impl Claims {
    pub fn has(&self, claim: Claim<'_>) -> bool {
        self.0.contains(&claim.number())
    }

    pub fn add(&mut self, claim: Claim<'_>) {
        self.0.insert(claim.number());
    }
}

/// An import in progress.
pub(super) struct Run {
    pub organization: Organization,
    pub columns: Columns,
    pub options: ImportOptions,
    pub claims: Claims,
    /// The number to try next after a made-up user name, by the name's hash.
    pub next_numbers: HashMap<u64, u64>,
    /// What a dry run would have added.
    pub clinics: Vec<Clinic>,
    /// The seats a dry run would have taken.
    pub seats: Seats,
}

/// Seats by pool.
pub(super) type Seats = BTreeMap<(ClinicId, Group), i64>;

/// A batch, judged.
#[derive(Default)]
pub(super) struct Judged {
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
    pub claims: Claims,
    pub next_numbers: HashMap<u64, u64>,
    pub unchanged: u64,
    pub refused: Vec<RowRefusal>,
    pub flags: Flags,
}

impl Run {
    pub fn new(organization: Organization, columns: Columns, options: ImportOptions) -> Self {
        Self {
            organization,
            columns,
            options,
            claims: Claims::default(),
            next_numbers: HashMap::new(),
            clinics: Vec::new(),
            seats: Seats::new(),
        }
    }

    /// Goes on from a batch that was saved, or would have been.
    pub fn absorb(&mut self, judged: Judged, rows: usize, report: &mut ImportReport) {
        report.rows += rows as u64;
        report.added += judged.profiles.len() as u64;
        report.unchanged += judged.unchanged;
        report.flags.add(judged.flags);
        report.flag_duplicates(judged.alike);
        judged.clinics.iter().for_each(|c| report.name_clinic(&c.name));
        judged.refused.into_iter().for_each(|r| report.refuse(r));
        self.claims.0.extend(judged.claims.0);
        self.next_numbers.extend(judged.next_numbers);
        if self.options.dry_run {
            self.clinics.extend(judged.clinics);
            for (pool, count) in judged.seats {
                *self.seats.entry(pool).or_default() += count;
            }
        }
    }
}
