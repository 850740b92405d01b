//! What a person's row carries of the account, held against the tables it is made of.

use std::collections::{BTreeMap, BTreeSet};

use muster_store::Db;
use serde_json::{Value, json};
use uuid::Uuid;

type Licence = (Uuid, Option<String>, Option<String>, Option<String>);
type Account = (Uuid, String, String, Option<String>, Uuid, i64, Option<Uuid>, Option<i64>);

macro_rules! rows {
    ($db:expr, $text:expr) => {
        match $db {
            Db::Sqlite { write, .. } => sqlx::query_as($text).fetch_all(write).await,
            Db::Postgres(pool) => sqlx::query_as($text).fetch_all(pool).await,
        }
        .expect("the rows")
    };
}

/// Panics naming the people whose row says something else than their account, clinics and first licence do.
/// A database that a test has closed has nothing to say.
pub async fn agrees(db: &Db) {
    if !db.ready().await {
        return;
    }
    let carried: Vec<(Uuid, Option<String>)> = rows!(db, "SELECT person_id, account FROM people");
    let accounts: Vec<Account> = rows!(
        db,
        "SELECT person_id, user_type, status, inactive_reason, default_clinic_id, permissions, finish_attested_by,
            finish_attested_at FROM emr_accounts"
    );
    let memberships: Vec<(Uuid, Uuid)> = rows!(db, "SELECT person_id, clinic_id FROM emr_account_clinics");
    let licences: Vec<Licence> =
        rows!(db, "SELECT person_id, number, state, expires_on FROM professional_licences WHERE position = 0");
    let mut clinics: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
    for (person, clinic) in memberships {
        clinics.entry(person).or_default().insert(clinic);
    }
    let licences: BTreeMap<Uuid, _> =
        licences.into_iter().map(|(id, number, state, end)| (id, (number, state, end))).collect();
    let meant: BTreeMap<Uuid, Value> = accounts
        .into_iter()
        .map(|(id, kind, status, reason, default, permissions, by, at)| {
            let (number, state, end) = licences.get(&id).cloned().unwrap_or_default();
            let clinics = clinics.get(&id).cloned().unwrap_or_default();
            (id, json!([kind, status, reason, default, permissions, by, at, clinics, number, state, end]))
        })
        .collect();
    let said: BTreeMap<Uuid, Value> =
        carried.into_iter().filter_map(|(id, account)| Some((id, plain(&account?)))).collect();
    for (id, meant) in &meant {
        assert_eq!(said.get(id), Some(meant), "the row of {id} carries another account");
    }
    assert_eq!(said.len(), meant.len(), "rows carry accounts that are not there");
}

/// With identifiers and clinics written in one way.
fn plain(account: &str) -> Value {
    let id = |text: &str| Uuid::parse_str(text).expect("an identifier");
    let mut fields: Vec<Value> = serde_json::from_str(account).expect("a JSON array");
    for at in [3, 5] {
        fields[at] = json!(fields[at].as_str().map(id));
    }
    let clinics: BTreeSet<Uuid> = fields[7].as_str().into_iter().flat_map(|all| all.split(',')).map(id).collect();
    fields[7] = json!(clinics);
    Value::Array(fields)
}
