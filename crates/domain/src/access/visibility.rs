//! The people an actor may see, add and change. Each is the union over the products: one product that allows it is
//! enough. What protects a person (holding more than the actor) has to hold in every product.

use super::Authority;
use crate::emr::Permission;
use crate::people::Profile;
use crate::refusal::{Code, Refusal};

impl Authority {
    /// True when the actor may know that this person exists.
    pub fn may_see(&self, profile: &Profile) -> bool {
        profile.person.organization == self.organization()
            && (self.is_self(profile.person.id) || self.emr().may_see(profile))
    }
}

/// Whether the actor may add people at all.
pub fn may_add_people(actor: &Authority) -> Result<(), Refusal> {
    if actor.emr().permissions().contains(Permission::EditUsers) {
        Ok(())
    } else {
        Err(Refusal::whole(Code::NotAllowed).about(&[Permission::EditUsers.label()]))
    }
}

/// Whether the actor may change this person at all: the actor may edit people, sees this one, and holds at least what
/// this person holds.
pub fn may_edit(actor: &Authority, person: &Profile) -> Result<(), Refusal> {
    may_add_people(actor)?;
    if !actor.may_see(person) {
        return Err(Refusal::whole(Code::UserOutsideYourAccess));
    }
    if actor.is_self(person.person.id) || actor.emr().covers(person.emr.as_ref()) {
        Ok(())
    } else {
        Err(Refusal::whole(Code::HoldsMoreThanYou))
    }
}

/// Whether the actor may change how this person signs in. Stricter than [`may_edit`]: an actor who can set a password
/// can become that person, so the actor has to reach every clinic the person reaches.
pub fn may_reset_sign_in(actor: &Authority, person: &Profile) -> Result<(), Refusal> {
    may_edit(actor, person)?;
    if actor.is_self(person.person.id) || actor.emr().reaches_all_of(person.emr.as_ref()) {
        Ok(())
    } else {
        Err(Refusal::whole(Code::HoldsMoreThanYou))
    }
}
