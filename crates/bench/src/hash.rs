//! Bare Argon2id hashes, with the parameters of stored passwords: the unit of times, and the limit of sign-ins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Hashes of one measurement; the median counts.
const SAMPLES: usize = 9;

/// Where a hash gets its 19 MiB from.
#[derive(Clone, Copy)]
pub enum Memory {
    /// Each thread uses its own again: as quick as the algorithm can be.
    Reused,
    /// Allocated anew for each hash, as the library's plain call does.
    Fresh,
}

struct BareHasher {
    argon2: Argon2<'static>,
    blocks: Vec<Block>,
}

impl BareHasher {
    fn new() -> Self {
        let params = Params::new(19 * 1024, 2, 1, None).expect("parameters");
        let blocks = vec![Block::default(); params.block_count()];
        Self { argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params), blocks }
    }

    fn hash(&mut self, n: usize, memory: Memory) {
        let salt = [u8::try_from(n % 251).unwrap_or(0); 16];
        let (password, mut out) = (b"Quiet-Lantern-42-Ferry", [0_u8; 32]);
        match memory {
            Memory::Reused => self.argon2.hash_password_into_with_memory(password, &salt, &mut out, &mut self.blocks),
            Memory::Fresh => self.argon2.hash_password_into(password, &salt, &mut out),
        }
        .expect("a hash");
    }
}

/// How long one hash takes on one core now, in milliseconds.
pub fn one_hash_ms() -> f64 {
    let mut hasher = BareHasher::new();
    let mut times: Vec<Duration> = (0..SAMPLES)
        .map(|n| {
            let begun = Instant::now();
            hasher.hash(n, Memory::Reused);
            begun.elapsed()
        })
        .collect();
    crate::report::percentile(&mut times, 0.5)
}

/// How long `count` hashes take on `threads` threads, until the last is done.
pub async fn many(count: usize, threads: usize, memory: Memory) -> Duration {
    let begun = Instant::now();
    let left = Arc::new(AtomicUsize::new(count));
    let work: Vec<_> = (0..threads)
        .map(|_| {
            let left = Arc::clone(&left);
            tokio::task::spawn_blocking(move || {
                let mut hasher = BareHasher::new();
                while let Ok(n) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)) {
                    hasher.hash(n, memory);
                }
            })
        })
        .collect();
    for thread in work {
        thread.await.expect("hashes");
    }
    begun.elapsed()
}
