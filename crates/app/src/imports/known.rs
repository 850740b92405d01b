//! Who is there already: one look-up for a whole batch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use muster_domain::access::ClinicAccess;
use muster_domain::emr::EmrFacts;
use muster_domain::imports::ParsedRow;
use muster_domain::licenses::Availability;
use muster_domain::organizations::Organization;
use muster_domain::people::Facts;
use muster_domain::people::NameOwner;
use muster_domain::text::unique_key;
use muster_domain::{ClinicId, PersonId};
use muster_store::imports::{self, NameHolder, Namesake};
use muster_store::{Handle, licenses, organizations, people};

use super::run::{ImportRun, number};
use crate::{Actor, Result};

/// What is stored and concerns the rows of a batch.
pub(super) struct StoredMatches {
    names: BTreeMap<String, NameHolder>,
    npis: BTreeMap<String, PersonId>,
    namesakes: BTreeMap<Namesake, PersonId>,
    /// Of the people found, those the actor may see; none = all of the organization.
    visible: Option<BTreeSet<PersonId>>,
}

impl StoredMatches {
    /// Looks up everything the rows name.
    pub async fn load(h: &mut impl Handle, actor: &Actor, rows: &[ParsedRow], state: &ImportState) -> Result<Self> {
        let organization = actor.organization();
        let keys: Vec<_> = rows.iter().map(ParsedRow::keys).collect();
        let distinct = |texts: &mut dyn Iterator<Item = &String>| -> Vec<String> {
            texts.collect::<BTreeSet<_>>().into_iter().cloned().collect()
        };
        let names = distinct(&mut keys.iter().flat_map(|k| [&k.email, &k.username]).flatten());
        let npis = distinct(&mut keys.iter().filter_map(|k| k.npi.as_ref()));
        let keyless: BTreeSet<Namesake> =
            rows.iter().zip(&keys).filter(|(_, k)| k.is_empty()).filter_map(|(row, _)| state.namesake(row)).collect();
        let names = imports::name_holders(h, &names).await?;
        let npis = if npis.is_empty() { BTreeMap::new() } else { people::taken_npis(h, organization, &npis).await? };
        let namesakes = imports::namesakes(h, organization, &keyless.into_iter().collect::<Vec<_>>()).await?;
        let visible = match actor.authority().emr().clinics() {
            ClinicAccess::All => None,
            ClinicAccess::Only(_) => {
                let homed = names.values().filter(|(_, home)| *home == Some(organization)).map(|(id, _)| PersonId(*id));
                let found: BTreeSet<PersonId> =
                    homed.chain(npis.values().copied()).chain(namesakes.values().copied()).collect();
                let found: Vec<PersonId> = found.into_iter().collect();
                let stored = people::find_many(h, organization, &found).await?;
                let seen = stored.iter().filter(|s| actor.authority().may_see(&s.profile));
                Some(seen.map(|s| s.profile.person.id).collect())
            }
        };
        Ok(Self { names, npis, namesakes, visible })
    }

    fn may_see(&self, actor: &Actor, id: PersonId, home: Option<muster_domain::OrganizationId>) -> bool {
        home == Some(actor.organization()) && self.visible.as_ref().is_none_or(|v| v.contains(&id))
    }

    fn knows_name(&self, actor: &Actor, key: Option<&String>) -> bool {
        key.and_then(|k| self.names.get(k)).is_some_and(|(id, home)| self.may_see(actor, PersonId(*id), *home))
    }

    /// True when the row is someone the actor may see and who is there already.
    pub fn is_known(&self, actor: &Actor, row: &ParsedRow, state: &ImportState) -> bool {
        let keys = row.keys();
        if keys.is_empty() {
            let Some(namesake) = state.namesake(row) else { return false };
            return self
                .namesakes
                .get(&namesake)
                .is_some_and(|id| self.may_see(actor, *id, Some(actor.organization())));
        }
        let npi = keys.npi.as_ref().and_then(|n| self.npis.get(n));
        npi.is_some_and(|id| self.may_see(actor, *id, Some(actor.organization())))
            || self.knows_name(actor, keys.email.as_ref())
            || self.knows_name(actor, keys.username.as_ref())
    }

    /// The owner of a name, when the actor may not see them. (An owner the actor may see is the row's own person.)
    pub fn hidden_owner(&self, key: Option<&String>) -> Option<NameOwner> {
        key.filter(|k| self.names.contains_key(*k)).map(|_| NameOwner::Hidden)
    }

    /// The same for an NPI.
    pub fn hidden_npi(&self, npi: Option<&String>) -> Option<NameOwner> {
        npi.filter(|n| self.npis.contains_key(*n)).map(|_| NameOwner::Hidden)
    }
}

/// What the next row meets: what is stored, and what the rows before it add.
pub(super) struct ImportState {
    /// The facts every row shares.
    pub facts: Facts,
    /// Clinics by name.
    pub clinics: HashMap<String, ClinicId>,
}

impl ImportState {
    pub async fn load(h: &mut impl Handle, organization: &Organization) -> Result<Self> {
        let id = organization.id;
        let clinics = organizations::clinics(h, id).await?;
        let pools = licenses::pools(h, id, None).await?;
        let seats = pools.iter().map(|p| ((p.clinic, p.group), Availability::of(p.total, p.assigned))).collect();
        let by_name = clinics.iter().map(|c| (unique_key(&c.name), c.id)).collect();
        let emr = EmrFacts::for_new_person(clinics.into_iter().map(|c| (c.id, c)).collect(), seats);
        Ok(Self { clinics: by_name, facts: Facts::for_new_person(organization.password_policy(), emr) })
    }

    /// By what a row without NPI, email and user name is recognized.
    pub fn namesake(&self, row: &ParsedRow) -> Option<Namesake> {
        let clinic = self.clinics.get(&unique_key(row.home()?))?;
        Some((row.name_key()?, *clinic, row.user_type()?.as_str().to_owned()))
    }
}

/// For each made-up user name that is new to the run, the number to try next: 1 for the bare name, else one more than the highest in use.
pub(super) async fn next_numbers(
    h: &mut impl Handle,
    run: &ImportRun,
    bases: BTreeSet<&str>,
) -> Result<HashMap<u64, u64>> {
    let is_new = |base: &&str| run.next_number(number(base)).is_none();
    let bases: Vec<String> = bases.into_iter().filter(is_new).map(str::to_owned).collect();
    let taken = imports::numbered_names(h, &bases).await?;
    let mut next: HashMap<u64, u64> = bases.iter().map(|b| (number(&b.as_str()), 1)).collect();
    for name in &taken {
        let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        // “a1” and “a12” may both be bases of “a123”.
        for split in name.len() - digits..=name.len() {
            let (base, suffix) = name.split_at(split);
            let used = if suffix.is_empty() { Some(1) } else { suffix.parse::<u64>().ok().filter(|n| *n < 1 << 40) };
            if let (Some(next), Some(used)) = (next.get_mut(&number(&base)), used) {
                *next = (*next).max(used + 1);
            }
        }
    }
    Ok(next)
}
