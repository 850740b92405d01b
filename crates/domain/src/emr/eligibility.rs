//! Which type may hold which permission, and what an actor may offer. The table of domain.md §3.

use super::{Permission, PermissionSet, UserType};
use crate::access::Authority;
use crate::licenses::Group;
use crate::refusal::Code;

/// Whether a type may hold a permission at all, or why not. What an assistant needs beyond this (the clinic's
/// switch and an attestation) is judged with the whole profile.
pub fn eligibility(kind: UserType, permission: Permission) -> Result<(), Code> {
    use Permission as P;
    let group = kind.group();
    match permission {
        p if p.is_soap() && group == Group::Clerical => Err(Code::SoapNotForClericalOrBilling),
        P::FinishSoapNotes if group == Group::Student => Err(Code::FinishNotForStudent),
        P::ViewUsers | P::EditUsers | P::CalendarAdmin | P::ClinicAdmin | P::CompanyAdmin | P::BillingReportAdmin
            if group == Group::Student =>
        {
            Err(Code::PermissionNotForType)
        }
        _ => Ok(()),
    }
}

/// What comes ticked when a type is chosen.
pub fn default_permissions(kind: UserType) -> PermissionSet {
    use Permission as P;
    let ticked: &[P] = match kind.group() {
        Group::Therapist => {
            &[P::ViewPatients, P::EditPatients, P::StartSoapNotes, P::ForwardSoapNotes, P::FinishSoapNotes]
        }
        Group::Assistant => &[P::ViewPatients, P::EditPatients, P::StartSoapNotes, P::ForwardSoapNotes],
        Group::Student => &[P::ViewPatients, P::StartSoapNotes, P::ForwardSoapNotes],
        Group::Clerical if kind == UserType::Clerical => &[P::ViewPatients, P::EditPatients],
        Group::Clerical => &[P::ViewPatients],
    };
    ticked.iter().copied().collect()
}

/// Whether this actor may give this permission to anyone: nobody grants what they do not hold, but see
/// [`crate::access::EmrAuthority::may_give`].
pub fn grantable(actor: &Authority, permission: Permission) -> Result<(), Code> {
    if actor.emr().may_give().contains(permission) { Ok(()) } else { Err(Code::PermissionNotHeldByYou) }
}

/// One permission as the profile page offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionOffer {
    /// Which.
    pub permission: Permission,
    /// Ticked when the type is first chosen.
    pub by_default: bool,
    /// Why it is grayed out, if it is.
    pub refused: Option<Code>,
    /// True when ticking it asks for an attestation.
    pub needs_attestation: bool,
}

/// Every permission, grayed out with its reason where `actor` cannot give it to a `kind`.
pub fn offers(actor: &Authority, kind: UserType) -> Vec<PermissionOffer> {
    Permission::ALL
        .into_iter()
        .map(|permission| {
            let refused = eligibility(kind, permission).and_then(|()| grantable(actor, permission)).err();
            PermissionOffer {
                permission,
                by_default: refused.is_none() && default_permissions(kind).contains(permission),
                refused,
                needs_attestation: permission == Permission::FinishSoapNotes && kind.group() == Group::Assistant,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of who may hold what, as a reviewer reads it.
    #[test]
    fn the_eligibility_matrix_is_as_reviewed() {
        let mut table = String::from("type      ");
        for p in Permission::ALL {
            table += &format!("{:<22}", p.as_str());
        }
        for kind in UserType::ALL {
            table += &format!("\n{:<10}", kind.as_str());
            for p in Permission::ALL {
                let cell = match eligibility(kind, p) {
                    Ok(()) if p == Permission::FinishSoapNotes && kind.group() == Group::Assistant => {
                        "attested".to_owned()
                    }
                    Ok(()) if default_permissions(kind).contains(p) => "ticked".to_owned(),
                    Ok(()) => "yes".to_owned(),
                    Err(code) => format!("no {}", &code.as_str()[..code.as_str().len().min(18)]),
                };
                table += &format!("{cell:<22}");
            }
        }
        let table: String = table.lines().map(|l| l.trim_end().to_owned() + "\n").collect();
        insta::assert_snapshot!("type_by_permission", table);
    }

    #[test]
    fn defaults_never_offer_what_the_type_may_not_hold() {
        for kind in UserType::ALL {
            for permission in default_permissions(kind).iter() {
                assert!(eligibility(kind, permission).is_ok(), "{kind:?} {permission:?}");
            }
        }
    }
}
