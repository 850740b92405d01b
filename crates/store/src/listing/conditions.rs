//! The conditions of a filter as SQL, and the index that leaves fewest people to look at.

use muster_domain::access::ClinicAccess;
use muster_domain::emr::{Permission, Status};
use muster_domain::text::search_key;

use super::{Filter, Sort};
use crate::sql::dialect;
use crate::sql::query::Query;

/// An index of the list that holds everybody who matches a filter.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub index: &'static str,
    /// The part of the filter that the index answers by itself.
    pub part: Filter,
    /// Its entries are in the order asked for.
    pub in_order: bool,
}

impl Filter {
    /// True when the filter asks for nothing but type, status and permission, which every index of an order holds.
    pub(super) fn is_covered(&self) -> bool {
        self.clinics().is_none() && search_key(&self.q).is_empty()
    }

    /// The clinics whose people alone can match, as a list for an `{ids}` marker.
    pub(super) fn clinics(&self) -> Option<String> {
        match (&self.clinic, &self.scope) {
            (Some(one), _) => Some(dialect::id_list([&one.0])),
            (None, ClinicAccess::Only(some)) => Some(dialect::id_list(some.iter().map(|c| &c.0))),
            (None, ClinicAccess::All) => None,
        }
    }

    /// True when all that match are alike in what they are sorted by, and so by name.
    pub(super) fn is_by_name_within(&self) -> bool {
        match self.sort {
            Sort::UserType => self.user_type.is_some(),
            Sort::Status => self.status.is_some(),
            _ => false,
        }
    }

    /// The index of the order asked for.
    pub(super) fn order(&self) -> Candidate {
        let part = match self.sort {
            Sort::UserType => self.of_type(),
            Sort::Status => self.of_status(),
            _ => Self::default(),
        };
        Candidate { index: self.sort.index(), part, in_order: true }
    }

    fn of_type(&self) -> Self {
        Self { user_type: self.user_type, ..Self::default() }
    }

    fn of_status(&self) -> Self {
        Self { status: self.status, ..Self::default() }
    }

    /// The indexes that hold everybody who matches.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let mut all = vec![self.order()];
        let order = self.sort.index();
        let mut add = |index, part, in_order| {
            if index != order {
                all.push(Candidate { index, part, in_order });
            }
        };
        let by_name = self.sort == Sort::Name || self.is_by_name_within();
        if self.user_type.is_some() {
            add(Sort::UserType.index(), self.of_type(), by_name);
        }
        if self.status == Some(Status::Inactive) && self.sort == Sort::LastSignIn {
            add("listing_inactive_last_sign_in", self.of_status(), true);
        }
        if self.status.is_some() {
            add(Sort::Status.index(), self.of_status(), by_name);
        }
        if let Some(index) = self.permission.and_then(index_of_holders) {
            add(index, Self { permission: self.permission, ..Self::default() }, by_name);
        }
        all
    }
}

/// The index of the holders of a permission that few hold.
fn index_of_holders(permission: Permission) -> Option<&'static str> {
    match permission {
        Permission::EditUsers => Some("listing_edit_users"),
        Permission::CalendarAdmin => Some("listing_calendar_admin"),
        Permission::ClinicAdmin => Some("listing_clinic_admin"),
        Permission::CompanyAdmin => Some("listing_company_admin"),
        Permission::BillingReportAdmin => Some("listing_billing_report_admin"),
        _ => None,
    }
}

/// How membership of clinics is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    /// For each person who matches otherwise.
    PerPerson,
    /// Against all members, by the index of the clinics.
    AsSet,
}

/// Narrows a statement over `listing d`, whose `$1` is the organization, to those who match; `grams` besides, for the
/// search index.
pub(super) fn conditions(q: &mut Query, filter: &Filter, grams: Option<String>, membership: Membership) {
    let needle = search_key(&filter.q);
    if !needle.is_empty() {
        if let Some(grams) = grams {
            q.push(" AND {grams ").bind(grams).push("}");
        }
        q.push(" AND {find d.search_text ").bind(needle).push("}");
    }
    if let Some(kind) = filter.user_type {
        q.push(" AND d.user_type = ").bind(kind.as_str());
    }
    if let Some(status) = filter.status {
        // A literal, so that partial indexes apply.
        q.push(&format!(" AND d.status = '{}'", status.as_str()));
    }
    if let Some(permission) = filter.permission {
        q.push(" AND (d.permissions & ");
        match index_of_holders(permission) {
            // A literal, so that its partial index applies.
            Some(_) => q.push(&permission.bit().to_string()),
            None => q.bind(permission.bit()),
        };
        q.push(") <> 0");
    }
    if let ClinicAccess::Only(mine) = &filter.scope {
        // The members of one clinic are few; to test the scope as a set too would read all of its members.
        let membership = if filter.clinic.is_some() { Membership::PerPerson } else { membership };
        member_of(q, dialect::id_list(mine.iter().map(|c| &c.0)), membership);
    }
    if let Some(clinic) = filter.clinic {
        member_of(q, dialect::id_list([&clinic.0]), membership);
    }
}

fn member_of(q: &mut Query, clinics: String, membership: Membership) {
    let (start, end) = match membership {
        Membership::AsSet => {
            (" AND d.person_id IN (SELECT m.person_id FROM emr_account_clinics m WHERE m.organization_id = $1", ")")
        }
        // OFFSET keeps PostgreSQL from making a join of it, which it does badly while its statistics are young.
        Membership::PerPerson => (
            " AND EXISTS (SELECT 1 FROM emr_account_clinics m WHERE m.organization_id = $1 AND m.person_id = d.person_id",
            " LIMIT 1 OFFSET 0)",
        ),
    };
    q.push(start).push(" AND m.clinic_id IN {ids ").bind(clinics).push("}").push(end);
}

/// Narrows a statement over `listing d`, whose `$1` is the organization, to those who match; for statements that read all
/// of them.
pub(crate) fn narrow(q: &mut Query, filter: &Filter) {
    conditions(q, filter, None, Membership::AsSet);
}
