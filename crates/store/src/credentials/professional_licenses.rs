//! Professional licenses beside the first, which is saved with the profile, and the numbers by which they are found.

use std::collections::BTreeMap;

use muster_domain::credentials::{FIRST_LICENSE, ProfessionalLicense};
use muster_domain::emr::PrimaryLicense;
use muster_domain::people::license_key;
use muster_domain::{OrganizationId, PersonId};
use uuid::Uuid;

use super::ids;
use crate::duplicates::salt;
use crate::sql::query::Query;
use crate::sql::rows::{NamedCells, rows};
use crate::{Handle, Result, Tx};

type LicenseRow = (Uuid, i64, Option<String>, Option<String>, Option<String>, Option<String>);

/// The licenses of these people, each list by place.
pub async fn professional_licenses(
    h: &mut impl Handle,
    organization: OrganizationId,
    people: &[PersonId],
) -> Result<BTreeMap<PersonId, Vec<ProfessionalLicense>>> {
    let text = "SELECT person_id, position, number, state, profession, expires_on FROM professional_licenses
        WHERE organization_id = $1 AND person_id IN {ids $2} ORDER BY person_id, position";
    let list = ids(people);
    let rows: Vec<LicenseRow> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    let mut found: BTreeMap<PersonId, Vec<ProfessionalLicense>> = BTreeMap::new();
    for (person, position, number, state, profession, expires_on) in rows {
        let expires_on = expires_on.and_then(|d| d.parse().ok());
        let license = ProfessionalLicense { position, number, state, profession, expires_on };
        found.entry(PersonId(person)).or_default().push(license);
    }
    Ok(found)
}

/// Adds a license, or replaces the one at its place. The first one's numbers are among those of its profile.
pub async fn save_professional_license(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    license: &ProfessionalLicense,
) -> Result<()> {
    let text = "INSERT INTO professional_licenses (organization_id, person_id, position, number, state, profession, expires_on)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (organization_id, person_id, position) DO UPDATE SET number = excluded.number,
            state = excluded.state, profession = excluded.profession, expires_on = excluded.expires_on";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(person.0)
            .bind(license.position)
            .bind(license.number.clone())
            .bind(license.state.clone())
            .bind(license.profession.clone())
            .bind(license.expires_on.map(|d| d.to_string()))
            .execute(c)
            .await?;
    });
    if license.position == FIRST_LICENSE {
        return Ok(());
    }
    forget_keys(tx, organization, person, license.position).await?;
    let key = found_by(organization, license.number.clone(), license.state.clone());
    save_keys(tx, organization, key.map(|key| key_row(key, person.0, license.position))).await
}

/// Removes a license and forgets the reminders about it: its place may be taken by another one.
pub async fn remove_professional_license(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    position: i64,
) -> Result<()> {
    for text in [
        "DELETE FROM professional_licenses WHERE organization_id = $1 AND person_id = $2 AND position = $3",
        "DELETE FROM license_reminders WHERE organization_id = $1 AND person_id = $2 AND position = $3",
    ] {
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(person.0).bind(position).execute(c).await?;
        });
    }
    forget_keys(tx, organization, person, position).await
}

/// Gives licenses to another person, each `(place, place there)`; what was told about them goes along, so that nobody
/// is told twice. The places there have to be free.
pub async fn move_professional_licenses(
    tx: &mut Tx,
    organization: OrganizationId,
    from: PersonId,
    to: PersonId,
    places: &[(i64, i64)],
) -> Result<()> {
    let moved = places.iter().map(|(here, there)| [("here", (*here).into()), ("there", (*there).into())]);
    let Some(rows) = rows(tx.split().engine(), moved) else { return Ok(()) };
    for table in ["professional_licenses", "license_reminders", "license_keys"] {
        let text = format!(
            "UPDATE {table} SET person_id = $3, position = r.there FROM {{rows $4: here int, there int}} r
            WHERE organization_id = $1 AND person_id = $2 AND position = r.here"
        );
        Query::about(&text, organization.0).with(from.0).with(to.0).with(rows.clone()).execute(tx).await?;
    }
    Ok(())
}

/// Saves for `to` a license that `from` has at `place`; what was told about it counts for both.
pub async fn copy_professional_license(
    tx: &mut Tx,
    organization: OrganizationId,
    (from, place): (PersonId, i64),
    to: PersonId,
    license: &ProfessionalLicense,
) -> Result<()> {
    save_professional_license(tx, organization, to, license).await?;
    let text = "INSERT INTO license_reminders (organization_id, person_id, position, expires_on, threshold, sent_at)
        SELECT organization_id, $4, $5, expires_on, threshold, sent_at FROM license_reminders
        WHERE organization_id = $1 AND person_id = $2 AND position = $3 ON CONFLICT DO NOTHING";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(from.0)
            .bind(place)
            .bind(to.0)
            .bind(license.position)
            .execute(c)
            .await?;
    });
    Ok(())
}

fn found_by(organization: OrganizationId, number: Option<String>, state: Option<String>) -> Option<i64> {
    license_key(&PrimaryLicense { number, state, expires_on: None }, salt(organization))
}

async fn forget_keys(tx: &mut Tx, organization: OrganizationId, person: PersonId, position: i64) -> Result<()> {
    let text = "DELETE FROM license_keys WHERE organization_id = $1 AND person_id = $2 AND position = $3";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(person.0).bind(position).execute(c).await?;
    });
    Ok(())
}

fn key_row(key: i64, person: Uuid, position: i64) -> NamedCells<'static, 3> {
    [("k", key.into()), ("id", person.into()), ("at", position.into())]
}

async fn save_keys(
    tx: &mut Tx,
    organization: OrganizationId,
    keys: impl IntoIterator<Item = NamedCells<'static, 3>>,
) -> Result<()> {
    let Some(rows) = rows(tx.split().engine(), keys) else { return Ok(()) };
    let text = "INSERT INTO license_keys (organization_id, dup_key, person_id, position)
        SELECT $1, r.k, r.id, r.at FROM {rows $2: k int, id uuid, at int} r WHERE true ON CONFLICT DO NOTHING";
    Query::about(text, organization.0).with(rows).execute(tx).await.map(drop)
}
