//! The installation's secret and what is derived from it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use sha2::{Digest, Sha256};

/// Keys derived from the installation's secret, which lies outside the database.
pub struct Keys {
    audit: Vec<u8>,
    requests: Vec<u8>,
    outbox: [u8; 32],
}

impl Keys {
    /// Derives them from a secret of at least 32 bytes.
    pub fn derive(secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = |purpose: &[u8]| hmac::sign(&key, purpose).as_ref().to_vec();
        let mut outbox = [0; 32];
        outbox.copy_from_slice(&derived(b"muster outbox v1")[..32]);
        Self { audit: derived(b"muster audit chain v1"), requests: derived(b"muster requests v1"), outbox }
    }

    /// Signs the audit chain.
    pub(crate) fn audit(&self) -> &[u8] {
        &self.audit
    }

    /// What is stored of a request that may be repeated. Keyed, because a request may hold a password and the rest of it
    /// be guessed.
    pub(crate) fn request(&self, hash: &[u8]) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.requests);
        hmac::sign(&key, hash).as_ref().to_vec()
    }

    /// Seals a message for storage; `context` has to be the same when it is opened.
    pub(crate) fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.outbox).ok()?;
        let mut sealed = plain.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(context), &mut sealed).ok()?;
        let mut out = nonce.as_ref().to_vec();
        out.append(&mut sealed);
        Some(out)
    }

    /// Opens what [`Keys::seal`] sealed; none when it was tampered with or sealed under another secret.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.outbox).ok()?;
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        key.open_in_place(nonce, Aad::from(context), &mut body).ok().map(|plain| plain.to_vec())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// What is stored of a secret: its SHA-256. The secrets are random and long, so no slow hash is needed.
pub(crate) fn fingerprint(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_and_context_open_a_sealed_message() {
        let keys = Keys::derive(b"0123456789abcdef0123456789abcdef");
        let sealed = keys.seal(b"a", b"hello").unwrap();
        assert_eq!(keys.open(b"a", &sealed).unwrap(), b"hello");
        assert!(keys.open(b"b", &sealed).is_none());
        assert!(Keys::derive(b"another secret").open(b"a", &sealed).is_none());
        assert!(keys.open(b"a", &sealed[..5]).is_none());
    }
}
