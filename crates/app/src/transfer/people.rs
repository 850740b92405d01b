//! The people of a practice as a CSV file, in the columns an import reads.

use std::collections::BTreeMap;
use std::io::{self, Write};

use muster_domain::ClinicId;
use muster_domain::audit::Action;
use muster_domain::emr::{EmrAccount, Permission};

use serde_json::json;

use super::TransferError;
use crate::people::{ListQuery, PersonView};
use crate::spreadsheet::harmless;
use crate::work::AuditSubject;
use crate::{Actor, App};

/// Read at once.
const PAGE: i64 = 200;

const COLUMNS: [&str; 16] = [
    "first_name",
    "last_name",
    "full_name",
    "previous_names",
    "email",
    "phone",
    "npi",
    "username",
    "user_type",
    "status",
    "default_clinic",
    "clinics",
    "permissions",
    "license_number",
    "license_state",
    "license_expires_on",
];

impl App {
    /// Writes everyone the actor may see, by name. Cells a spreadsheet would run as a formula are written as text.
    /// `progress` hears of the people done. The export is recorded. Gives how many there were.
    pub async fn export_people(
        &self,
        actor: &Actor,
        out: &mut (dyn Write + Send),
        mut progress: impl FnMut(u64),
    ) -> Result<u64, TransferError> {
        let clinics: BTreeMap<ClinicId, String> =
            self.clinics(actor).await?.into_iter().map(|clinic| (clinic.id, clinic.name)).collect();
        let mut out = csv::Writer::from_writer(out);
        out.write_record(COLUMNS).map_err(io::Error::from)?;
        let mut after = None;
        let mut done = 0;
        loop {
            let page = self.people(actor, ListQuery { limit: PAGE, after, ..ListQuery::default() }).await?;
            for person in &page.people {
                out.write_record(cells(person, &clinics)).map_err(io::Error::from)?;
            }
            done += page.people.len() as u64;
            progress(done);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        out.flush()?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        work.audit_done(actor, Action::PeopleExported, AuditSubject::none(), &json!({"people": done}));
        work.commit().await?;
        Ok(done)
    }
}

/// These people as lines of CSV, with the header above them if asked for.
pub(crate) fn people_csv(
    header: bool,
    people: &[PersonView],
    clinics: &BTreeMap<ClinicId, String>,
) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::Writer::from_writer(Vec::new());
    if header {
        out.write_record(COLUMNS)?;
    }
    for person in people {
        out.write_record(cells(person, clinics))?;
    }
    out.into_inner().map_err(|e| e.into_error().into())
}

fn cells(view: &PersonView, clinics: &BTreeMap<ClinicId, String>) -> [String; 16] {
    let person = &view.profile().person;
    let emr = view.profile().emr.as_ref();
    let of = |cell: fn(&EmrAccount) -> String| emr.map(cell).unwrap_or_default();
    let name = |id: &ClinicId| clinics.get(id).cloned().unwrap_or_default();
    let named: Vec<String> = view.clinics.iter().map(name).collect();
    [
        person.first_name.clone(),
        person.last_name.clone(),
        person.full_name.clone(),
        person.previous_names.join("; "),
        person.email.clone().unwrap_or_default(),
        person.phone.clone().unwrap_or_default(),
        person.npi.clone().unwrap_or_default(),
        person.username.clone(),
        of(|a| a.user_type.as_str().to_owned()),
        of(|a| a.status.as_str().to_owned()),
        view.default_clinic().as_ref().map(name).unwrap_or_default(),
        named.join("; "),
        of(|a| a.permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join("; ")),
        of(|a| a.license.number.clone().unwrap_or_default()),
        of(|a| a.license.state.clone().unwrap_or_default()),
        of(|a| a.license.expires_on.map(|d| d.to_string()).unwrap_or_default()),
    ]
    .map(|cell| harmless(&cell))
}
