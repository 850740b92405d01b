//! A person with everything Muster keeps of them: sign-in status and one optional account a product.

use serde_json::{Map, Value, json};

use super::Person;
use crate::billing::BillingAccount;
use crate::emr::EmrAccount;
use crate::ids::{OrganizationId, PersonId};
use crate::reach::ReachAccount;
use crate::sign_in::SignInStatus;

/// A person and their accounts, as stored. At most one account a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The human being.
    pub person: Person,
    /// Closed for a person without accounts who left; see [`crate::sign_in::can_sign_in`].
    pub sign_in: SignInStatus,
    /// The account in the EMR.
    pub emr: Option<EmrAccount>,
    /// The account in Billing.
    pub billing: Option<BillingAccount>,
    /// The account in Reach.
    pub reach: Option<ReachAccount>,
}

impl Profile {
    /// A person without any account, whose sign-in is open.
    pub fn new(person: Person) -> Self {
        Self { person, sign_in: SignInStatus::Open, emr: None, billing: None, reach: None }
    }

    /// A person without any data yet.
    pub fn blank(organization: OrganizationId, id: PersonId) -> Self {
        Self::new(Person::blank(organization, id))
    }

    /// The same person with this EMR account.
    #[must_use]
    pub fn with_emr(self, account: EmrAccount) -> Self {
        Self { emr: Some(account), ..self }
    }

    /// True when the person has an account in at least one product.
    pub fn has_account(&self) -> bool {
        self.emr.is_some() || self.billing.is_some() || self.reach.is_some()
    }

    /// The flat record that the audit compares: one entry a field, codes and ids only, never a secret. Fields of an
    /// account carry its name: `emr_account.user_type`.
    pub fn record(&self) -> Map<String, Value> {
        let mut record = match serde_json::to_value(&self.person) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        };
        record.remove("id");
        if self.sign_in != SignInStatus::Open {
            record.insert("sign_in_status".to_owned(), json!(self.sign_in));
        }
        if let Some(emr) = &self.emr {
            record.extend(emr.record());
        }
        record
    }
}
