//! What the judge of a bulk update knows of everybody else, kept up to date from person to person: the last admin and
//! the last license are counted over the whole action.

use std::collections::{BTreeMap, BTreeSet};

use crate::emr::{EmrAccount, EmrFacts, Permission};
use crate::ids::{ClinicId, PersonId};
use crate::licenses::{Availability, Group};
use crate::organizations::Clinic;
use crate::people::{Facts, Profile};
use crate::sign_in::{PasswordPolicy, Preset};

/// The rest of the practice, as far as it concerns the people at hand.
#[derive(Clone, Debug)]
pub struct RunningFacts {
    pub(super) facts: Facts,
    company_admins: usize,
    managers: BTreeMap<ClinicId, usize>,
    signed: BTreeSet<PersonId>,
}

impl RunningFacts {
    /// Puts it together: the practice's clinics, the pools of the people's default clinics, how many active company
    /// admins there are, and how many active user managers each clinic at risk has. Counts may be cut off at more than
    /// there are people at hand. A clinic without a count is not at risk.
    pub fn new(
        clinics: BTreeMap<ClinicId, Clinic>,
        seats: BTreeMap<(ClinicId, Group), Availability>,
        company_admins: usize,
        managers: BTreeMap<ClinicId, usize>,
    ) -> Self {
        // Names do not change in bulk, so nobody owns a wanted one, and no password is set.
        let policy = PasswordPolicy { preset: Preset::Seed, expiry_days: None };
        let facts = Facts::for_new_person(policy, EmrFacts::for_new_person(clinics, seats));
        Self { facts, company_admins, managers, signed: BTreeSet::new() }
    }

    /// Notes who has a signature on file; needed only where Finish SOAP Notes is given back to assistants.
    #[must_use]
    pub fn with_signatures(mut self, signed: BTreeSet<PersonId>) -> Self {
        self.signed = signed;
        self
    }

    /// Takes in what concerns further people. What is known already stays: it may have been counted on from.
    pub fn learn(
        &mut self,
        seats: BTreeMap<(ClinicId, Group), Availability>,
        managers: BTreeMap<ClinicId, usize>,
        signed: BTreeSet<PersonId>,
    ) {
        for (pool, free) in seats {
            self.facts.emr.seats.entry(pool).or_insert(free);
        }
        for (clinic, count) in managers {
            self.managers.entry(clinic).or_insert(count);
        }
        self.signed.extend(signed);
    }

    /// The name of a clinic.
    pub fn clinic_name(&self, clinic: ClinicId) -> Option<&str> {
        self.facts.emr.clinics.get(&clinic).map(|c| c.name.as_str())
    }

    /// Looks at everybody but this person, who may be given further clinics on the way.
    pub(super) fn facts_for(&mut self, person: &Profile, further: impl Iterator<Item = ClinicId>) {
        let Some(account) = &person.emr else { return };
        self.facts.emr.other_company_admin = self.company_admins > usize::from(account.is_acting_company_admin());
        self.facts.emr.signature_on_file = self.signed.contains(&person.person.id);
        let manages = account.permissions.contains(Permission::EditUsers) && account.is_active();
        let (counts, found) = (&self.managers, &mut self.facts.emr.clinics_managed_by_others);
        found.clear();
        for clinic in account.clinics.iter().copied().chain(further) {
            let own = usize::from(manages && account.clinics.contains(&clinic));
            if counts.get(&clinic).is_none_or(|count| *count > own) {
                found.insert(clinic);
            }
        }
    }

    /// Goes on from what was decided about a person.
    pub(super) fn apply(&mut self, before: &EmrAccount, after: &EmrAccount) {
        let admins = self.company_admins + usize::from(after.is_acting_company_admin());
        self.company_admins = admins.saturating_sub(usize::from(before.is_acting_company_admin()));
        let manages = |a: &EmrAccount| a.permissions.contains(Permission::EditUsers) && a.is_active();
        if manages(before) {
            for clinic in &before.clinics {
                if let Some(count) = self.managers.get_mut(clinic) {
                    *count = count.saturating_sub(1);
                }
            }
        }
        if manages(after) {
            for clinic in &after.clinics {
                if let Some(count) = self.managers.get_mut(clinic) {
                    *count += 1;
                }
            }
        }
        let seat = |a: &EmrAccount| a.is_active().then(|| (a.default_clinic, a.user_type.group()));
        let (from, to) = (seat(before), seat(after));
        if from != to {
            for (pool, more) in [(from, 1), (to, -1)] {
                let pool = pool.and_then(|p| self.facts.emr.seats.get_mut(&p));
                if let Some(Availability::Free(free)) = pool {
                    *free += more;
                }
            }
        }
    }
}
