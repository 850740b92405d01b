//! Pictures and signatures at rest: one of each a person at most.

use jiff::Timestamp;
use muster_domain::emr::SignatureOrigin;
use muster_domain::{OrganizationId, PersonId};

use crate::sql::query::Query;
use crate::sql::rows::rows;
use crate::{Handle, Result, StoreError, Tx, micros};

/// A profile picture: a square, as encoded by Muster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `png` or `jpeg`.
    pub kind: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Of the file.
    pub sha256: Vec<u8>,
    /// Width and height, in pixels.
    pub width: i64,
    /// The name of whoever set it.
    pub set_by: String,
    /// When.
    pub set_at: Timestamp,
}

/// A signature: ink on transparent ground, a PNG as encoded by Muster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The file.
    pub bytes: Vec<u8>,
    /// Of the file.
    pub sha256: Vec<u8>,
    /// In pixels.
    pub width: i64,
    /// In pixels.
    pub height: i64,
    /// How it came about.
    pub origin: SignatureOrigin,
    /// The name of whoever set it.
    pub set_by: String,
    /// When.
    pub set_at: Timestamp,
}

fn at(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// Columns of a stored picture, in the order read.
type PictureRow = (String, Vec<u8>, Vec<u8>, i64, String, i64);
/// Columns of a stored signature, in the order read.
type SignatureRow = (Vec<u8>, Vec<u8>, i64, i64, String, String, i64);

/// A person's picture.
pub async fn picture(h: &mut impl Handle, organization: OrganizationId, person: PersonId) -> Result<Option<Picture>> {
    let text = "SELECT kind, bytes, sha256, width, set_by, set_at FROM pictures
        WHERE organization_id = $1 AND person_id = $2";
    let row: Option<PictureRow> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(person.0).fetch_optional(c).await?);
    let Some((kind, bytes, sha256, width, set_by, set_at)) = row else { return Ok(None) };
    Ok(Some(Picture { kind, bytes, sha256, width, set_by, set_at: at(set_at)? }))
}

/// Sets or replaces a person's picture.
pub async fn set_picture(tx: &mut Tx, organization: OrganizationId, person: PersonId, picture: &Picture) -> Result<()> {
    let text = "INSERT INTO pictures (organization_id, person_id, kind, bytes, sha256, width, set_by, set_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (organization_id, person_id) DO UPDATE SET kind = excluded.kind, bytes = excluded.bytes,
            sha256 = excluded.sha256, width = excluded.width, set_by = excluded.set_by, set_at = excluded.set_at";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(person.0)
            .bind(&picture.kind)
            .bind(&picture.bytes)
            .bind(&picture.sha256)
            .bind(picture.width)
            .bind(&picture.set_by)
            .bind(micros(picture.set_at))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// A person's signature.
pub async fn signature(
    h: &mut impl Handle,
    organization: OrganizationId,
    person: PersonId,
) -> Result<Option<Signature>> {
    let text = "SELECT bytes, sha256, width, height, origin, set_by, set_at FROM signatures
        WHERE organization_id = $1 AND person_id = $2";
    let row: Option<SignatureRow> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(person.0).fetch_optional(c).await?);
    let Some((bytes, sha256, width, height, origin, set_by, set_at)) = row else { return Ok(None) };
    let origin = SignatureOrigin::parse(&origin).ok_or(StoreError::Corrupt(origin))?;
    Ok(Some(Signature { bytes, sha256, width, height, origin, set_by, set_at: at(set_at)? }))
}

/// True when a person has a signature.
pub async fn has_signature(h: &mut impl Handle, organization: OrganizationId, person: PersonId) -> Result<bool> {
    let text = "SELECT 1 FROM signatures WHERE organization_id = $1 AND person_id = $2";
    let row: Option<(i32,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(person.0).fetch_optional(c).await?);
    Ok(row.is_some())
}

/// Sets or replaces a person's signature.
pub async fn set_signature(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    signature: &Signature,
) -> Result<()> {
    let text =
        "INSERT INTO signatures (organization_id, person_id, bytes, sha256, width, height, origin, set_by, set_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (organization_id, person_id) DO UPDATE SET bytes = excluded.bytes, sha256 = excluded.sha256,
            width = excluded.width, height = excluded.height, origin = excluded.origin, set_by = excluded.set_by,
            set_at = excluded.set_at";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(person.0)
            .bind(&signature.bytes)
            .bind(&signature.sha256)
            .bind(signature.width)
            .bind(signature.height)
            .bind(signature.origin.as_str())
            .bind(&signature.set_by)
            .bind(micros(signature.set_at))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Gives several people the same signature, those of made-up practices.
pub async fn set_signatures(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[PersonId],
    signature: &Signature,
) -> Result<()> {
    let text =
        "INSERT INTO signatures (organization_id, person_id, bytes, sha256, width, height, origin, set_by, set_at)
        SELECT $1, r.id, $3, $4, $5, $6, $7, $8, $9 FROM {rows $2: id uuid} r WHERE true
        ON CONFLICT (organization_id, person_id) DO NOTHING";
    let signers = people.iter().map(|p| [("id", p.0.into())]);
    let Some(rows) = rows(tx.split().engine(), signers) else { return Ok(()) };
    Query::about(text, organization.0)
        .with(rows)
        .with(signature.bytes.as_slice())
        .with(signature.sha256.as_slice())
        .with(signature.width)
        .with(signature.height)
        .with(signature.origin.as_str())
        .with(signature.set_by.as_str())
        .with(micros(signature.set_at))
        .execute(tx)
        .await
        .map(drop)
}

/// An image of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageKind {
    /// The picture.
    Picture,
    /// The signature.
    Signature,
}

impl ImageKind {
    fn table(self) -> &'static str {
        match self {
            Self::Picture => "pictures",
            Self::Signature => "signatures",
        }
    }
}

/// Tells an image of a person from others: the SHA-256 of the file; none when there is none.
pub async fn hash(
    h: &mut impl Handle,
    organization: OrganizationId,
    person: PersonId,
    kind: ImageKind,
) -> Result<Option<Vec<u8>>> {
    let text = format!("SELECT sha256 FROM {} WHERE organization_id = $1 AND person_id = $2", kind.table());
    let row: Option<(Vec<u8>,)> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(person.0).fetch_optional(c).await?);
    Ok(row.map(|(hash,)| hash))
}

/// Gives a person's image to another who has none, as it is and with who set it and when.
pub async fn give(
    tx: &mut Tx,
    organization: OrganizationId,
    kind: ImageKind,
    from: PersonId,
    to: PersonId,
) -> Result<()> {
    let text = format!("UPDATE {} SET person_id = $3 WHERE organization_id = $1 AND person_id = $2", kind.table());
    on!(tx, &text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(from.0).bind(to.0).execute(c).await?;
    });
    Ok(())
}

/// Removes a person's image; false when there is none.
pub async fn remove(tx: &mut Tx, organization: OrganizationId, person: PersonId, kind: ImageKind) -> Result<bool> {
    let text = format!("DELETE FROM {} WHERE organization_id = $1 AND person_id = $2", kind.table());
    let done =
        on!(tx, &text, |sql, c| sqlx::query(sql).bind(organization.0).bind(person.0).execute(c).await?.rows_affected());
    Ok(done > 0)
}
