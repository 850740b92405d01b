//! What may stand in a profile as picture and as signature.

use super::{EmrAccount, Permission};
use crate::licenses::Group;
use crate::people::Profile;
use crate::refusal::{Code, Refusal};

/// Largest upload, in bytes.
pub const LARGEST_IMAGE_BYTES: usize = 5 * 1024 * 1024;
/// Largest width and height of an upload, in pixels.
pub const LARGEST_IMAGE_SIDE: u32 = 4096;

/// How a signature came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureOrigin {
    /// Drawn in the page.
    Drawn,
    /// Read from a file.
    Uploaded,
}

impl SignatureOrigin {
    /// As stored and as programs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drawn => "drawn",
            Self::Uploaded => "uploaded",
        }
    }

    /// From storage or a form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Drawn, Self::Uploaded].into_iter().find(|o| o.as_str() == text.trim())
    }
}

/// A picture is a perfect square: `width` and `height` as seen, after turning it upright.
pub fn judge_picture(width: u32, height: u32) -> Result<(), Refusal> {
    if width == height {
        return Ok(());
    }
    Err(Refusal::new("picture", Code::PictureNotSquare).about(&[width.to_string(), height.to_string()]))
}

/// Whether a profile carries a signature at all: therapists and assistants do.
pub fn judge_signature(profile: &Profile) -> Result<(), Refusal> {
    match &profile.emr {
        Some(account) if account.user_type.has_signature() => Ok(()),
        Some(account) => Err(Refusal::new("signature", Code::SignatureNotForType).about(&[account.user_type.title()])),
        None => Err(Refusal::new("signature", Code::SignatureNotForType).about(&["person without an EMR account"])),
    }
}

/// Whether the signature may be taken away: not from under an assistant who finishes notes with it.
pub fn judge_signature_removal(profile: &Profile) -> Result<(), Refusal> {
    if profile.emr.as_ref().is_some_and(needs_signature) {
        return Err(Refusal::new("signature", Code::SignatureInUse));
    }
    Ok(())
}

/// True when the account's right to finish notes rests on a signature.
fn needs_signature(account: &EmrAccount) -> bool {
    account.user_type.group() == Group::Assistant && account.permissions.contains(Permission::FinishSoapNotes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_perfect_square() {
        assert!(judge_picture(512, 512).is_ok());
        let refusal = judge_picture(512, 511).unwrap_err();
        assert_eq!((refusal.field, refusal.code), (Some("picture"), Code::PictureNotSquare));
        assert!(refusal.message.contains("512 × 511"), "{}", refusal.message);
    }
}
