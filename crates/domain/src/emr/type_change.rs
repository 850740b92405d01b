//! What a change of user type would break; support sees it before confirming.

use super::{Credentials, EmrAccount, EmrPatch, PermissionSet, UserType, eligibility};
use crate::licenses::Group;
use crate::people::Person;

/// The consequences of a new user type for a saved profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeChange {
    /// From.
    pub from: UserType,
    /// To.
    pub to: UserType,
    /// Permissions the new type may not hold; they will be taken away.
    pub permissions_lost: PermissionSet,
    /// Set when the seat moves to another pool.
    pub pool: Option<(Group, Group)>,
    /// The new type needs an NPI and there is none.
    pub npi_missing: bool,
    /// The new type needs a license number and there is none.
    pub license_missing: bool,
    /// The new type carries no credentials and there are some; they will be cleared.
    pub credentials_cleared: bool,
}

/// Works out the consequences.
pub fn preview_type_change(person: &Person, account: &EmrAccount, to: UserType) -> TypeChange {
    let from = account.user_type;
    let lost = account.permissions.iter().filter(|p| eligibility(to, *p).is_err());
    // An assistant's right to finish is granted singly with an attestation; it never comes along with a new type.
    let finish = super::Permission::FinishSoapNotes;
    let attested_anew =
        to.group() == Group::Assistant && from.group() != Group::Assistant && account.permissions.contains(finish);
    let mut permissions_lost: PermissionSet = lost.collect();
    if attested_anew {
        permissions_lost = permissions_lost.with(finish);
    }
    let credentials = to.credentials();
    TypeChange {
        from,
        to,
        permissions_lost,
        pool: (from.group() != to.group()).then(|| (from.group(), to.group())),
        npi_missing: credentials == Credentials::NpiAndLicense && person.npi.is_none(),
        license_missing: credentials != Credentials::None && account.license.number.is_none(),
        credentials_cleared: credentials == Credentials::None
            && (person.npi.is_some() || account.license.number.is_some()),
    }
}

impl TypeChange {
    /// The change that makes it so: breaks mended with the flagged placeholders, as a worklist will show.
    pub fn as_patches(&self, account: &EmrAccount) -> (crate::people::PersonPatch, EmrPatch) {
        let mut person = crate::people::PersonPatch::default();
        let kept = account.permissions.minus(self.permissions_lost);
        let kept = if kept.is_empty() { super::default_permissions(self.to) } else { kept };
        let mut emr = EmrPatch {
            user_type: Some(self.to.as_str().to_owned()),
            permissions: Some(kept.iter().map(|p| p.as_str().to_owned()).collect()),
            ..EmrPatch::default()
        };
        if self.npi_missing {
            person.npi = Some(Some(crate::people::npi::PLACEHOLDER.to_owned()));
        }
        if self.license_missing {
            emr.license_number = Some(Some(super::LICENSE_PLACEHOLDER.to_owned()));
        }
        if self.credentials_cleared {
            person.npi = Some(None);
            emr.license_number = Some(None);
        }
        (person, emr)
    }

    /// One sentence a consequence, for the preview.
    pub fn sentences(&self) -> Vec<String> {
        let mut said = Vec::new();
        for permission in self.permissions_lost.iter() {
            said.push(format!("{permission} is taken away: a {} may not keep it.", self.to.title()));
        }
        if let Some((from, to)) = self.pool {
            said.push(format!(
                "An active profile gives back its {} license and takes a {} license.",
                from.as_str(),
                to.as_str()
            ));
        }
        if self.npi_missing {
            said.push("The NPI is missing: the placeholder 9999999995 is set and flagged.".to_owned());
        }
        if self.license_missing {
            said.push("The license number is missing: the placeholder 00000 is set and flagged.".to_owned());
        }
        if self.credentials_cleared {
            said.push(format!("NPI and license number are cleared: a {} profile has none.", self.to.title()));
        }
        said
    }
}
