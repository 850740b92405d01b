//! Passwords at rest: Argon2id, 19 MiB, two passes, one lane (OWASP's first choice), in PHC form.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

/// Hashes on threads of their own, at most so many at a time: a rush of sign-ins must not starve the pages.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    places: Arc<Semaphore>,
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Verified against when no such account exists, so that both answers take the same time.
fn dummy() -> &'static str {
    static DUMMY: OnceLock<String> = OnceLock::new();
    DUMMY.get_or_init(|| hash("nobody has this password", &[7; 16]).unwrap_or_default())
}

fn hash(password: &str, salt: &[u8]) -> Option<String> {
    argon2().hash_password_with_salt(password.as_bytes(), salt).ok().map(|h: PasswordHash| h.to_string())
}

impl Hasher {
    pub fn new(threads: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(threads.max(1))) }
    }

    /// The stored form of a password; none only when hashing itself is impossible.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Option<String> {
        let _place = self.places.acquire().await.ok()?;
        tokio::task::spawn_blocking(move || hash(&password, &salt)).await.ok().flatten()
    }

    /// True when `password` is the one stored. Without a stored one it is as slow, and false.
    pub async fn verify(&self, password: String, stored: Option<String>) -> bool {
        let Ok(_place) = self.places.acquire().await else { return false };
        let checked = tokio::task::spawn_blocking(move || {
            let known = stored.is_some();
            let text = stored.unwrap_or_else(|| dummy().to_owned());
            let fits =
                PasswordHash::new(&text).is_ok_and(|h| argon2().verify_password(password.as_bytes(), &h).is_ok());
            fits && known
        });
        checked.await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hasher = Hasher::new(1);
        let stored = hasher.hash("Tr4velling-oak".into(), [1; 16]).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(hasher.verify("Tr4velling-oak".into(), Some(stored.clone())).await);
        assert!(!hasher.verify("Tr4velling-oaK".into(), Some(stored)).await);
        assert!(!hasher.verify("nobody has this password".into(), None).await);
    }
}
