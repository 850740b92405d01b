//! Passwords at rest: Argon2id, 19 MiB, two passes, one lane (OWASP's first choice), in PHC form.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::oneshot;

/// Blocks of 1 KiB set aside for a hash, of which it uses 19,456. Memory of more than 32 MiB goes back to the system when
/// it is freed; less is kept by the C library, for each thread that ever hashed.
const SET_ASIDE: usize = 33 * 1024;

/// How long memory waits for the next hash: in a rush of sign-ins it is used again and again.
const KEPT: Duration = Duration::from_secs(2);

/// Hashes on threads of their own, at most so many at a time: a rush of sign-ins must not starve the pages.
#[derive(Clone)]
pub(crate) struct Hasher(Arc<Places>);

/// Where hashes are computed, and what waits for a place.
struct Places {
    threads: usize,
    line: Mutex<Line>,
    spare: Arc<Spare>,
}

type HashJob = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// Who waits, and how many threads are at work.
#[derive(Default)]
struct Line {
    waiting: VecDeque<HashJob>,
    at_work: usize,
}

/// Memory that was used, and will be again if somebody comes soon.
#[derive(Debug, Default)]
struct Spare {
    memories: Mutex<Vec<Vec<Block>>>,
    taken: AtomicU64,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("threads", &self.0.threads).finish_non_exhaustive()
    }
}

impl Spare {
    fn take(&self) -> Vec<Block> {
        self.taken.fetch_add(1, Ordering::Relaxed);
        let spare = self.memories.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| Vec::with_capacity(SET_ASIDE))
    }

    fn put(&self, memory: Vec<Block>) {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }

    fn clear(&self) {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn params() -> Params {
    Params::new(19 * 1024, 2, 1, None).unwrap_or_default()
}

/// Verified against when no such account exists, so that both answers take the same time.
fn dummy() -> &'static str {
    static DUMMY: OnceLock<String> = OnceLock::new();
    DUMMY.get_or_init(|| {
        let hash = hash("nobody has this password", &[7; 16], &params(), &mut Vec::new());
        hash.map(|h| h.to_string()).unwrap_or_default()
    })
}

fn hash(password: &str, salt: &[u8], params: &Params, memory: &mut Vec<Block>) -> Option<PasswordHash> {
    memory.resize(params.block_count(), Block::default());
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut out, memory).ok()?;
    Some(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(Output::new(&out).ok()?),
    })
}

/// Compared in constant time by [`Output`].
fn verify(password: &str, stored: &str, memory: &mut Vec<Block>) -> Option<bool> {
    let stored = PasswordHash::new(stored).ok()?;
    let params = Params::try_from(&stored).ok()?;
    let computed = hash(password, stored.salt.as_ref()?, &params, memory)?;
    Some(computed.algorithm == stored.algorithm && computed.version == stored.version && computed.hash == stored.hash)
}

impl Hasher {
    pub fn new(threads: usize) -> Self {
        Self(Arc::new(Places { threads: threads.max(1), line: Mutex::default(), spare: Arc::default() }))
    }

    /// The stored form of a password; none only when hashing itself is impossible.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Option<String> {
        self.work(move |memory| hash(&password, &salt, &params(), memory).map(|h| h.to_string())).await.flatten()
    }

    /// True when `password` is the one stored. Without a stored one it is as slow, and false.
    pub async fn verify(&self, password: String, stored: Option<String>) -> bool {
        let fits = self.work(move |memory| {
            let known = stored.is_some();
            let text = stored.unwrap_or_else(|| dummy().to_owned());
            verify(&password, &text, memory).unwrap_or(false) && known
        });
        fits.await.unwrap_or(false)
    }

    /// Does it on a thread of its own, with memory.
    async fn work<T: Send + 'static>(&self, what: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        let job = Box::new(move |memory: &mut Vec<Block>| {
            // Nobody waits any more: the browser has gone.
            if !sender.is_closed() {
                let _ = sender.send(what(memory));
            }
        });
        if self.0.queue(job) {
            let places = Arc::clone(&self.0);
            tokio::task::spawn_blocking(move || places.work_off());
        }
        answer.await.ok()
    }
}

impl Places {
    /// Puts a job in line. True when a thread has to be started for it.
    fn queue(&self, job: HashJob) -> bool {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.waiting.push_back(job);
        let starts = line.at_work < self.threads;
        line.at_work += usize::from(starts);
        starts
    }

    fn next(&self) -> Option<HashJob> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let job = line.waiting.pop_front();
        line.at_work -= usize::from(job.is_none());
        job
    }

    /// Does what is in line, one after the other without a pause, and ends when nobody waits.
    fn work_off(&self) {
        let mut memory = self.spare.take();
        while let Some(job) = self.next() {
            // Whoever is next must not suffer for it.
            let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
        }
        self.spare.put(memory);
        let taken = self.spare.taken.load(Ordering::Relaxed);
        let spare = Arc::clone(&self.spare);
        tokio::spawn(async move {
            tokio::time::sleep(KEPT).await;
            if spare.taken.load(Ordering::Relaxed) == taken {
                spare.clear();
            }
        });
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
        assert!(!hasher.verify("Tr4velling-oaK".into(), Some(stored.clone())).await);
        assert!(!hasher.verify("nobody has this password".into(), None).await);
        for other in [stored.replace("m=19456", "m=9728"), stored.replace("argon2id", "argon2d"), "x".to_owned()] {
            assert!(!hasher.verify("Tr4velling-oak".into(), Some(other)).await);
        }
    }

    #[tokio::test]
    async fn what_was_stored_with_other_costs_is_verified_by_them() {
        use argon2::PasswordHasher;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 3, 2, None).unwrap());
        let other = argon2.hash_password_with_salt(b"Quiet-Lantern-42", &[9; 16]).unwrap().to_string();
        let hasher = Hasher::new(2);
        assert!(hasher.verify("Quiet-Lantern-42".into(), Some(other.clone())).await);
        assert!(!hasher.verify("Quiet-Lantern-43".into(), Some(other)).await);
    }

    #[tokio::test]
    async fn never_more_at_a_time_than_there_are_places_and_nobody_is_forgotten() {
        let hasher = Hasher::new(2);
        let (now, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let jobs = (0..20_u64).map(|n| {
            let (hasher, now, most) = (hasher.clone(), Arc::clone(&now), Arc::clone(&most));
            tokio::spawn(async move {
                let job = move |_: &mut Vec<Block>| {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                    assert!(n != 7, "one fails");
                    n
                };
                hasher.work(job).await
            })
        });
        for (n, job) in jobs.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(job.await.unwrap(), (n != 7).then_some(n as u64));
        }
        assert!(most.load(Ordering::SeqCst) <= 2);
        // The next one starts a thread again.
        while hasher.0.line.lock().unwrap().at_work > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(hasher.work(|_| 1).await, Some(1));
    }

    #[tokio::test]
    async fn memory_is_used_again_and_given_back_after_a_while() {
        let hasher = Hasher::new(2);
        for _ in 0..2 {
            hasher.hash("Tr4velling-oak".into(), [1; 16]).await.unwrap();
            // The thread puts it back after it has answered.
            while hasher.0.line.lock().unwrap().at_work > 0 || hasher.0.spare.memories.lock().unwrap().is_empty() {
                tokio::time::sleep(KEPT / 1000).await;
            }
            let kept: Vec<usize> = hasher.0.spare.memories.lock().unwrap().iter().map(Vec::capacity).collect();
            assert_eq!(kept, [SET_ASIDE]);
        }
        for _ in 0..100 {
            if hasher.0.spare.memories.lock().unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(KEPT / 10).await;
        }
        panic!("the memory is still there");
    }
}
