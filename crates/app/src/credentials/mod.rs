//! Professional licenses, supervision, what is missing from credentials, reminders, and leaving.

mod offboarding;
mod professional_licenses;
mod reminders;
mod supervisor;
mod worklist;

use muster_domain::people::Profile;
use muster_domain::{ClinicId, PersonId};
use muster_store::{Handle, credentials, organizations};

pub use offboarding::{OffboardingPlan, OffboardingRecord};
pub use supervisor::{SuperviseeView, SupervisorView};
pub use worklist::{WorklistItem, WorklistPage, WorklistQuery};

use crate::{Actor, App, AppError, Result};

/// Therapists a form offers; a larger practice names others through the API.
const MOST_OFFERED: i64 = 300;

impl App {
    /// The day it is at the actor's practice.
    async fn practice_day(&self, h: &mut impl Handle, actor: &Actor) -> Result<jiff::civil::Date> {
        let practice = organizations::find(h, actor.organization()).await?.ok_or(AppError::NotFound)?;
        Ok(self.now().to_zoned(practice.zone()).date())
    }
}

/// Active therapists of those clinics of a person that the actor reaches, without that person.
async fn offered(h: &mut impl Handle, actor: &Actor, profile: &Profile) -> Result<Vec<(PersonId, String)>> {
    let clinics: Vec<ClinicId> =
        profile.emr.iter().flat_map(|e| &e.clinics).copied().filter(|c| actor.authority().emr().reaches(*c)).collect();
    let mut found = credentials::therapists(h, actor.organization(), &clinics, MOST_OFFERED).await?;
    found.retain(|(id, _)| *id != profile.person.id);
    Ok(found)
}
