//! What a filter asks for, and in which words, so that the index that is meant serves it.

use muster_domain::access::ClinicAccess;
use muster_domain::emr::{Permission, Status};
use muster_domain::text::search_key;

use super::{Filter, Sort};
use crate::dialect;
use crate::query::Query;

impl Filter {
    /// True when the index of every order tells who matches.
    pub(super) fn is_covered(&self) -> bool {
        self.scope == ClinicAccess::All && search_key(&self.q).is_empty() && self.clinic.is_none()
    }

    /// The part of a filter that leaves fewest and has an index of its own, in which they stand by name. Who is inactive
    /// has another one, by last sign-in.
    pub(super) fn narrow_part(&self) -> Option<Self> {
        let none = Self::default();
        if self.is_inactive_by_sign_in() {
            return Some(Self { status: self.status, ..none });
        }
        match (self.user_type, self.permission.filter(|p| holders(*p).is_some()), self.status) {
            (Some(_), _, _) => Some(Self { user_type: self.user_type, ..none }),
            (None, Some(permission), _) => Some(Self { permission: Some(permission), ..none }),
            (None, None, Some(Status::Inactive)) => Some(Self { status: self.status, ..none }),
            (None, None, _) => None,
        }
    }

    /// True when the index of that part has the order asked for: who are all alike in it stand by name.
    pub(super) fn is_in_order(&self) -> bool {
        let alike = self.sort == Sort::UserType && self.user_type.is_some();
        self.is_covered() && (self.sort == Sort::Name || alike || self.is_inactive_by_sign_in())
    }

    pub(super) fn is_inactive_by_sign_in(&self) -> bool {
        self.is_covered() && self.sort == Sort::LastSignIn && self.status == Some(Status::Inactive)
    }

    /// True when those who match stand together in the order asked for, far from others: only some types may hold a
    /// seldom permission.
    pub(super) fn is_in_clumps(&self) -> bool {
        self.sort == Sort::UserType && self.user_type.is_none() && self.permission.is_some_and(|p| holders(p).is_some())
    }

    /// True when nobody is left out.
    pub(super) fn takes_everybody(&self) -> bool {
        self.is_covered() && self.user_type.is_none() && self.status.is_none() && self.permission.is_none()
    }

    /// The clinics whose people alone can match.
    pub(super) fn clinics(&self) -> Option<String> {
        match (&self.clinic, &self.scope) {
            (Some(one), _) => Some(dialect::id_list([&one.0])),
            (None, ClinicAccess::Only(some)) => Some(dialect::id_list(some.iter().map(|c| &c.0))),
            (None, ClinicAccess::All) => None,
        }
    }
}

/// The index of the holders of a permission that few hold.
pub(super) fn holders(permission: Permission) -> Option<&'static str> {
    match permission {
        Permission::EditUsers => Some("directory_edit_users"),
        Permission::CalendarAdmin => Some("directory_calendar_admin"),
        Permission::ClinicAdmin => Some("directory_clinic_admin"),
        Permission::CompanyAdmin => Some("directory_company_admin"),
        Permission::BillingReportAdmin => Some("directory_billing_report_admin"),
        _ => None,
    }
}

/// How conditions are phrased, so that the index that is meant serves them.
#[derive(Default)]
pub(super) struct Phrase {
    /// By the search index first, asked for this.
    pub by_text: Option<String>,
    /// By the index of the clinics' people, not person by person.
    pub by_clinic: bool,
    /// In the same words whatever is asked for, where no index of the list is to serve them: a server knows such a
    /// statement already, and to learn another takes it longer than to look at a few hundred people.
    pub same_words: bool,
}

pub(super) fn conditions(q: &mut Query, filter: &Filter, phrase: Phrase) {
    let needle = search_key(&filter.q);
    if !needle.is_empty() {
        if let Some(grams) = phrase.by_text {
            q.push(" AND {grams ").bind(grams).push("}");
        }
        q.push(" AND {find d.search_text ").bind(needle).push("}");
    }
    if phrase.same_words {
        facts_in_same_words(q, filter);
    } else {
        facts(q, filter);
    }
    let mut within = |clinics: String, indexed: bool| {
        // OFFSET keeps PostgreSQL from making a join of it, which it does badly while its statistics are young.
        let (start, end) = if indexed {
            (" AND d.person_id IN (SELECT m.person_id FROM emr_account_clinics m WHERE m.organization_id = $1", "")
        } else {
            (
                " AND EXISTS (SELECT 1 FROM emr_account_clinics m WHERE m.organization_id = $1 AND m.person_id = d.person_id",
                " LIMIT 1 OFFSET 0",
            )
        };
        q.push(start).push(" AND m.clinic_id IN {ids ").bind(clinics).push("}").push(end).push(")");
    };
    if let ClinicAccess::Only(mine) = &filter.scope {
        within(dialect::id_list(mine.iter().map(|c| &c.0)), phrase.by_clinic && filter.clinic.is_none());
    }
    if let Some(clinic) = filter.clinic {
        within(dialect::id_list([&clinic.0]), phrase.by_clinic);
    }
}

/// The conditions on type, status and permission.
fn facts(q: &mut Query, filter: &Filter) {
    if let Some(kind) = filter.user_type {
        q.push(" AND d.user_type = ").bind(kind.as_str());
    }
    if let Some(status) = filter.status {
        // Named where their own index is meant, which is not seen to apply otherwise.
        if status == Status::Inactive && (filter.user_type.is_none() || filter.is_inactive_by_sign_in()) {
            q.push(" AND d.status = 'inactive'");
        } else {
            q.push(" AND d.status = ").bind(status.as_str());
        }
    }
    if let Some(permission) = filter.permission {
        q.push(" AND (d.permissions & ");
        // For the seldom ones a number of our own, so that their indexes are seen to apply; for the others PostgreSQL
        // need not make a plan each.
        match holders(permission) {
            Some(_) => q.push(&permission.bit().to_string()),
            None => q.bind(permission.bit()),
        };
        q.push(") <> 0");
    }
}

fn facts_in_same_words(q: &mut Query, filter: &Filter) {
    let (kind, status) = (filter.user_type.map_or("", |t| t.as_str()), filter.status.map_or("", |s| s.as_str()));
    let permission = filter.permission.map_or(0, Permission::bit);
    for (column, value) in [("user_type", kind), ("status", status)] {
        q.push(" AND d.").push(column).push(" = COALESCE(nullif(CAST(").bind(value);
        q.push(&format!(" AS text), ''), d.{column})"));
    }
    q.push(" AND (d.permissions & CAST(").bind(permission).push(" AS bigint)) <> CAST(");
    q.bind(-i64::from(permission == 0)).push(" AS bigint)");
}

/// Narrows a statement over `directory d` whose `$1` is the organization to those who match; for statements that go
/// through all of them anyway.
pub(crate) fn narrow(q: &mut Query, filter: &Filter) {
    conditions(q, filter, Phrase { by_clinic: true, ..Phrase::default() });
}
