//! What every use case works with: the database, the clock, randomness, keys and settings.

use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::Timestamp;
use muster_store::Db;
use uuid::Uuid;

use crate::hashing::Hasher;
use crate::jobs::JobCounters;
use crate::keys::Keys;

/// Tells the time. Passed in, so that tests can let it pass.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place where the machine's clock is read
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Gives unpredictable bytes. Passed in, so that tests can repeat themselves.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's randomness.
#[derive(Debug, Default)]
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// Ready to use.
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(self.0.fill(bytes).is_ok(), "the operating system gives no randomness");
    }
}

/// What the operator of the installation decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where people reach the installation, without a slash at the end; links in emails begin with it.
    pub public_url: String,
    /// The sender of emails.
    pub mail_from: String,
    /// Password hashes computed at the same time.
    pub hashing_threads: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            mail_from: "Muster <muster@localhost>".to_owned(),
            hashing_threads: 2,
        }
    }
}

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) hasher: Hasher,
    pub(crate) settings: Arc<Settings>,
    /// Notified when a job of this program should not wait until the queue is next looked at.
    pub(crate) job_added: Arc<tokio::sync::Notify>,
    pub(crate) job_counters: Arc<JobCounters>,
}

impl App {
    /// Puts the parts together.
    pub fn new(db: Db, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, keys: Keys, settings: Settings) -> Self {
        let hasher = Hasher::new(settings.hashing_threads);
        Self {
            db,
            clock,
            entropy,
            keys: Arc::new(keys),
            hasher,
            settings: Arc::new(settings),
            job_added: Arc::default(),
            job_counters: Arc::new(JobCounters::new()),
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the operator decided.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// True when the database answers.
    pub async fn ready(&self) -> bool {
        self.db.ready().await
    }

    /// Lets the database take stock after much was added at once. That it could not changes nothing but its speed.
    pub(crate) async fn analyze(&self) {
        if let Err(error) = self.db.analyze().await {
            tracing::warn!(%error, "the database could not take stock of what was added");
        }
    }

    /// A fresh identifier: version 7, so that new rows stand together in every index.
    pub fn new_id(&self) -> Uuid {
        let mut random = [0_u8; 10];
        self.entropy.fill(&mut random);
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// A fresh secret of 256 bits, as text for cookies and links.
    pub fn new_secret(&self) -> String {
        use base64::Engine;
        let mut random = [0_u8; 32];
        self.entropy.fill(&mut random);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random)
    }
}
