//! Profile pictures and signatures: shown, set, removed.

mod made_up;
mod pixels;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use muster_domain::access::may_edit;
use muster_domain::audit::Action;
use muster_domain::emr::{SignatureOrigin, judge_signature, judge_signature_removal};
use muster_domain::people::Profile;
use muster_domain::{PersonId, Refusal};
use muster_store::images::{self, ImageKind};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::people::find_visible;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

pub use made_up::made_up_signature;

/// Decoding one image may take 128 MiB, so few are decoded at a time.
static PLACES: Semaphore = Semaphore::const_new(2);

/// An image as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `image/png` or `image/jpeg`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file, in hexadecimal: its entity tag.
    pub tag: String,
    /// In pixels.
    pub width: i64,
    /// In pixels.
    pub height: i64,
    /// How a signature came about; none for a picture.
    pub origin: Option<SignatureOrigin>,
    /// The name of the person who set it.
    pub set_by: String,
    /// When.
    pub set_at: Timestamp,
}

/// What is sent in.
#[derive(Clone, Copy, Debug)]
enum NewImage {
    Picture { cut: bool },
    Signature { origin: SignatureOrigin },
}

impl NewImage {
    fn action(self) -> Action {
        match self {
            Self::Picture { .. } => Action::PictureSet,
            Self::Signature { .. } => Action::SignatureSet,
        }
    }

    /// Whether the profile carries such a thing.
    fn judge(self, profile: &Profile) -> std::result::Result<(), Refusal> {
        match self {
            Self::Picture { .. } => Ok(()),
            Self::Signature { .. } => judge_signature(profile),
        }
    }

    fn read(self, sent: &[u8]) -> std::result::Result<pixels::EncodedImage, Refusal> {
        match self {
            Self::Picture { cut } => pixels::picture(sent, cut),
            Self::Signature { .. } => pixels::signature(sent),
        }
    }
}

/// What is kept of a signature.
fn kept(made: pixels::EncodedImage, origin: SignatureOrigin, set_by: &str, set_at: Timestamp) -> images::Signature {
    images::Signature {
        sha256: Sha256::digest(&made.bytes).to_vec(),
        bytes: made.bytes,
        width: i64::from(made.width),
        height: i64::from(made.height),
        origin,
        set_by: set_by.to_owned(),
        set_at,
    }
}

/// A made-up signature as it is kept; one of several hands.
pub(crate) fn made_up_image(hand: usize, set_by: &str, set_at: Timestamp) -> Result<images::Signature> {
    Ok(kept(pixels::signature(&made_up::scribble(hand))?, SignatureOrigin::Uploaded, set_by, set_at))
}

fn tag(sha256: &[u8]) -> String {
    sha256.iter().fold(String::with_capacity(64), |mut out, b| {
        use std::fmt::Write;
        let _ = write!(out, "{b:02x}");
        out
    })
}

impl From<images::Picture> for Image {
    fn from(p: images::Picture) -> Self {
        Self {
            content_type: if p.kind == "png" { "image/png" } else { "image/jpeg" },
            tag: tag(&p.sha256),
            bytes: p.bytes,
            width: p.width,
            height: p.width,
            origin: None,
            set_by: p.set_by,
            set_at: p.set_at,
        }
    }
}

impl From<images::Signature> for Image {
    fn from(s: images::Signature) -> Self {
        Self {
            content_type: "image/png",
            tag: tag(&s.sha256),
            bytes: s.bytes,
            width: s.width,
            height: s.height,
            origin: Some(s.origin),
            set_by: s.set_by,
            set_at: s.set_at,
        }
    }
}

/// Decodes and encodes on a thread of its own.
async fn encode(
    how: impl FnOnce() -> std::result::Result<pixels::EncodedImage, Refusal> + Send + 'static,
) -> Result<pixels::EncodedImage> {
    let internal = |error: String| AppError::Internal(format!("reading an image: {error}"));
    let _place = PLACES.acquire().await.map_err(|e| internal(e.to_string()))?;
    let read = tokio::task::spawn_blocking(how).await.map_err(|e| internal(e.to_string()))?;
    Ok(read?)
}

/// The subject of a denial, without a name, because the actor may not know it.
fn about(id: PersonId) -> AuditSubject {
    AuditSubject { id: Some(id.0), name: String::new() }
}

impl App {
    /// A person's picture; none when there is none.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the actor may not know of the person.
    pub async fn picture(&self, actor: &Actor, id: PersonId) -> Result<Option<Image>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        find_visible(&mut h, actor, id).await?;
        Ok(images::picture(&mut h, actor.organization(), id).await?.map(Image::from))
    }

    /// A person's signature; none when there is none, or the person's type carries none any more.
    ///
    /// # Errors
    /// As for [`App::picture`].
    pub async fn signature(&self, actor: &Actor, id: PersonId) -> Result<Option<Image>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        let stored = find_visible(&mut h, actor, id).await?;
        if judge_signature(&stored.profile).is_err() {
            return Ok(None);
        }
        Ok(images::signature(&mut h, actor.organization(), id).await?.map(Image::from))
    }

    /// Sets or replaces a person's picture; with `cut` the middle square of it. What was sent is not kept, only what
    /// was made of it.
    ///
    /// # Errors
    /// [`AppError::Refused`] at `picture` when it is no square PNG, JPEG or WebP within the limits.
    pub async fn set_picture(&self, actor: &Actor, id: PersonId, sent: Vec<u8>, cut: bool) -> Result<Image> {
        self.set(actor, id, NewImage::Picture { cut }, sent).await
    }

    /// Removes a person's picture.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is none.
    pub async fn remove_picture(&self, actor: &Actor, id: PersonId) -> Result<()> {
        self.remove(actor, id, ImageKind::Picture, Action::PictureRemoved).await
    }

    /// Sets or replaces the signature of a therapist or assistant.
    ///
    /// # Errors
    /// [`AppError::Refused`] at `signature` when the type carries none, or there is no ink on it.
    pub async fn set_signature(
        &self,
        actor: &Actor,
        id: PersonId,
        origin: SignatureOrigin,
        sent: Vec<u8>,
    ) -> Result<Image> {
        self.set(actor, id, NewImage::Signature { origin }, sent).await
    }

    /// Removes a signature, unless an assistant finishes notes with it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is none, [`AppError::Refused`] when it is in use.
    pub async fn remove_signature(&self, actor: &Actor, id: PersonId) -> Result<()> {
        self.remove(actor, id, ImageKind::Signature, Action::SignatureRemoved).await
    }

    async fn set(&self, actor: &Actor, id: PersonId, new: NewImage, sent: Vec<u8>) -> Result<Image> {
        let set = self.try_set(actor, id, new, sent).await;
        self.audit_refusal(actor, new.action(), id, set).await
    }

    async fn try_set(&self, actor: &Actor, id: PersonId, new: NewImage, sent: Vec<u8>) -> Result<Image> {
        actor.require_scope(Scope::PeopleWrite)?;
        new.judge(&self.may_change(actor, id).await?)?;
        let made = encode(move || new.read(&sent)).await?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        let stored = find_visible(&mut work.tx, actor, id).await?;
        may_edit(actor.authority(), &stored.profile)?;
        new.judge(&stored.profile)?;
        let (image, detail) = match new {
            NewImage::Picture { .. } => {
                let picture = images::Picture {
                    kind: made.kind.to_owned(),
                    sha256: Sha256::digest(&made.bytes).to_vec(),
                    bytes: made.bytes,
                    width: i64::from(made.width),
                    set_by: actor.name().to_owned(),
                    set_at: self.now(),
                };
                images::set_picture(&mut work.tx, actor.organization(), id, &picture).await?;
                let image = Image::from(picture);
                let detail = json!({"sha256": image.tag, "width": image.width});
                (image, detail)
            }
            NewImage::Signature { origin } => {
                let signature = kept(made, origin, actor.name(), self.now());
                images::set_signature(&mut work.tx, actor.organization(), id, &signature).await?;
                let image = Image::from(signature);
                let detail = json!({"sha256": image.tag, "origin": origin.as_str()});
                (image, detail)
            }
        };
        work.audit_done(actor, new.action(), AuditSubject::new(id.0, &stored.profile.person.full_name), &detail);
        work.commit().await?;
        Ok(image)
    }

    async fn remove(&self, actor: &Actor, id: PersonId, kind: ImageKind, action: Action) -> Result<()> {
        let removed = self.try_remove(actor, id, kind, action).await;
        self.audit_refusal(actor, action, id, removed).await
    }

    async fn try_remove(&self, actor: &Actor, id: PersonId, kind: ImageKind, action: Action) -> Result<()> {
        actor.require_scope(Scope::PeopleWrite)?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        let stored = find_visible(&mut work.tx, actor, id).await?;
        may_edit(actor.authority(), &stored.profile)?;
        if kind == ImageKind::Signature {
            judge_signature_removal(&stored.profile)?;
        }
        if !images::remove(&mut work.tx, actor.organization(), id, kind).await? {
            return Err(AppError::NotFound);
        }
        work.audit_done(actor, action, AuditSubject::new(id.0, &stored.profile.person.full_name), &json!({}));
        work.commit().await
    }

    /// Refuses before the work of decoding is done for somebody who may not.
    async fn may_change(&self, actor: &Actor, id: PersonId) -> Result<Profile> {
        let mut h = self.db.read().await?;
        let stored = find_visible(&mut h, actor, id).await?;
        may_edit(actor.authority(), &stored.profile)?;
        Ok(stored.profile)
    }

    /// Notes a denial; gives the answer on.
    async fn audit_refusal<T>(&self, actor: &Actor, action: Action, id: PersonId, answer: Result<T>) -> Result<T> {
        match answer {
            Ok(done) => Ok(done),
            Err(error) => Err(self.audit_denial(actor, action, about(id), error).await),
        }
    }
}
