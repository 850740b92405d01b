//! Passwords at rest: Argon2id, 19 MiB, two passes, one lane (OWASP's first choice), in PHC form.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::oneshot;

/// Blocks of 1 KiB in a worker's memory, of which a hash uses 19,456. The C library gives a freed allocation of more than
/// 32 MiB back to the system, and keeps a smaller one.
const ARENA_BLOCKS: usize = 33 * 1024;

/// A worker that was idle for so long frees its memory.
const IDLE: Duration = Duration::from_secs(2);

/// Computes hashes on worker threads, one at a time on each: a rush of sign-ins must not starve the pages, nor use more
/// memory than one arena a worker.
#[derive(Clone, Debug)]
pub(crate) struct Hasher(Arc<Workers>);

/// Ends the threads when it is dropped.
#[derive(Debug)]
struct Workers(Arc<HashQueue>);

/// What waits for a worker.
#[derive(Default)]
struct HashQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<HashJob>,
    is_closed: bool,
}

type HashJob = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// What a worker does next.
enum Step {
    Run(HashJob),
    FreeMemory,
    End,
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
    /// Starts so many workers, at least one.
    pub fn new(workers: usize) -> Self {
        let queue = Arc::new(HashQueue::default());
        for _ in 0..workers.max(1) {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || queue.run());
        }
        Self(Arc::new(Workers(queue)))
    }

    /// The stored form of a password; none only when hashing itself is impossible.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Option<String> {
        self.run(move |memory| hash(&password, &salt, &params(), memory).map(|h| h.to_string())).await.flatten()
    }

    /// True when `password` is the one stored. Without a stored one it is as slow, and false.
    pub async fn verify(&self, password: String, stored: Option<String>) -> bool {
        let fits = self.run(move |memory| {
            let known = stored.is_some();
            let text = stored.unwrap_or_else(|| dummy().to_owned());
            verify(&password, &text, memory).unwrap_or(false) && known
        });
        fits.await.unwrap_or(false)
    }

    /// Runs it on a worker; none when it panicked.
    async fn run<T: Send + 'static>(&self, job: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.0.0.push(Box::new(move |memory| {
            // Nobody waits any more: the browser has gone.
            if !sender.is_closed() {
                let _ = sender.send(job(memory));
            }
        }));
        answer.await.ok()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl std::fmt::Debug for HashQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HashQueue").finish_non_exhaustive()
    }
}

impl HashQueue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: HashJob) {
        self.lock().waiting.push_back(job);
        self.changed.notify_one();
    }

    /// The life of a worker.
    fn run(&self) {
        let mut memory = Vec::new();
        loop {
            match self.next_step(memory.capacity() > 0) {
                Step::Run(job) => {
                    memory.reserve_exact(ARENA_BLOCKS.saturating_sub(memory.len()));
                    // One job that panics must not end the worker.
                    let _ = catch_unwind(AssertUnwindSafe(|| job(&mut memory)));
                }
                Step::FreeMemory => memory = Vec::new(),
                Step::End => return,
            }
        }
    }

    /// Waits for something to do.
    fn next_step(&self, has_memory: bool) -> Step {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return Step::End;
            }
            if let Some(job) = state.waiting.pop_front() {
                return Step::Run(job);
            }
            if !has_memory {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let (woken, timeout) = self.changed.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() && state.waiting.is_empty() && !state.is_closed {
                return Step::FreeMemory;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

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
    async fn never_more_at_a_time_than_there_are_workers_and_nobody_is_forgotten() {
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
                hasher.run(job).await
            })
        });
        for (n, job) in jobs.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(job.await.unwrap(), (n != 7).then_some(n as u64));
        }
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert_eq!(hasher.run(|_| 1).await, Some(1));
    }

    #[tokio::test]
    async fn a_worker_uses_its_memory_again_and_frees_it_when_idle() {
        let hasher = Hasher::new(1);
        let queue = Arc::clone(&hasher.0.0);
        let place = hasher.run(|memory| (memory.as_ptr() as usize, memory.capacity())).await;
        assert!(place.is_some_and(|(_, capacity)| capacity >= ARENA_BLOCKS));
        assert_eq!(hasher.run(|memory| (memory.as_ptr() as usize, memory.capacity())).await, place);
        drop(hasher);
        assert!(matches!(queue.next_step(true), Step::End), "the workers end with the hasher");
        let idle = HashQueue::default();
        assert!(matches!(idle.next_step(true), Step::FreeMemory));
    }
}
