//! Practices to act in, and the throws that decide what happens there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use muster_app::people::NewProfile;
use muster_app::sign_in::{NewToken, TokenOwner};
use muster_app::{Actor, App, AppError, Channel, Clock, Entropy, Keys, Origin, Scope, Settings};
use muster_domain::emr::{EmrAccount, EmrPatch, Permission, UserType};
use muster_domain::licenses::Group;
use muster_domain::people::PersonPatch;
use muster_domain::people::{Change, NewPassword, Profile};
use muster_domain::{ClinicId, Code, OrganizationId, PersonId};
use muster_store::Db;

pub const PASSWORD: &str = "Quiet-Lantern-42-Ferry";

pub const VIEW: [Permission; 2] = [Permission::ViewPatients, Permission::ViewUsers];
pub const MANAGE: [Permission; 4] =
    [Permission::ViewPatients, Permission::ViewUsers, Permission::EditUsers, Permission::ClinicAdmin];

/// The seeds of this run: the usual ones, or the one asked for.
pub fn seeds(usual: &[u64]) -> Vec<u64> {
    let Ok(text) = std::env::var("MUSTER_TEST_SEED") else { return usual.to_vec() };
    let digits = text.trim().to_lowercase().replace('_', "");
    let parsed = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    vec![parsed.unwrap_or_else(|_| panic!("MUSTER_TEST_SEED is no number: {text}"))]
}

/// Tells the seed when the test fails while this is held.
pub struct Seeded(pub u64);

impl Drop for Seeded {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with the seed {0:#x}; the same again: MUSTER_TEST_SEED={0:#x}", self.0);
        }
    }
}

/// Numbers that look random and repeat with the seed (xorshift64*).
pub struct SeededRng(u64);

impl SeededRng {
    /// Neighboring seeds throw differently from the first throw on; nothing comes of a zero.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).max(1))
    }

    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).expect("31 bits") % sides
    }

    pub fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len())]
    }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(1_800_000_000).expect("a time")
    }
}

struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// An installation.
pub fn app(db: &Db) -> App {
    let keys = Keys::derive(b"a secret for tests, thirty-two b");
    App::new(db.clone(), Arc::new(StoppedClock), Arc::new(Counted(1.into())), keys, Settings::default())
}

pub fn origin() -> Origin {
    Origin { channel: Channel::Page, address: "192.0.2.1".into(), user_agent: "test".into() }
}

/// A real NPI nobody has yet.
pub fn npi() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let nine = format!("1{:08}", NEXT.fetch_add(1, Ordering::Relaxed));
    format!("{nine}{}", muster_domain::people::npi::check_digit(nine.as_bytes()))
}

/// A practice with some clinics. User names and emails carry its tag, so that several fit into one installation.
#[derive(Clone)]
pub struct RunningFacts {
    pub app: App,
    pub organization: OrganizationId,
    pub clinics: Vec<ClinicId>,
    pub tag: String,
}

impl RunningFacts {
    pub async fn new(app: &App, tag: &str, clinics: usize) -> Self {
        let organization = app.add_organization(&format!("Practice {tag}"), "UTC").await.expect("a practice");
        let mut world = Self { app: app.clone(), organization, clinics: Vec::new(), tag: tag.to_owned() };
        for n in 0..clinics {
            let added = app.add_clinic(&world.machine(), &world.clinic_name(n), None).await;
            world.clinics.push(added.expect("a clinic").id);
        }
        world
    }

    /// No clinic's name is part of another's.
    pub fn clinic_name(&self, n: usize) -> String {
        format!("Clinic {n} of {}", self.tag)
    }

    /// Whoever runs the program on the machine: what `muster import` and the like act as.
    pub fn machine(&self) -> Actor {
        Actor::command_line(self.organization)
    }

    pub fn username(&self, name: &str) -> String {
        format!("{name}.{}", self.tag)
    }

    pub fn profile(&self, name: &str, kind: UserType, held: &[Permission], clinics: &[ClinicId]) -> NewProfile {
        let credentials = matches!(kind.group(), Group::Therapist | Group::Assistant);
        NewProfile {
            person: PersonPatch {
                first_name: Some(format!("First{name}")),
                last_name: Some(format!("Last{name}")),
                email: Some(Some(format!("{name}@{}.example", self.tag))),
                username: Some(self.username(name)),
                npi: (kind.group() == Group::Therapist).then(|| Some(npi())),
                ..PersonPatch::default()
            },
            emr: Some(EmrPatch {
                user_type: Some(kind.as_str().into()),
                clinics: Some(clinics.iter().copied().collect()),
                default_clinic: clinics.first().copied(),
                permissions: Some(codes(held)),
                license_number: credentials.then(|| Some(format!("L{name}"))),
                ..EmrPatch::default()
            }),
            invite: Some(false),
            ..NewProfile::default()
        }
    }

    pub async fn add(&self, name: &str, kind: UserType, held: &[Permission], clinics: &[ClinicId]) -> PersonId {
        let saved = self.app.add_person(&self.machine(), self.profile(name, kind, held, clinics), None).await;
        saved.unwrap_or_else(|e| panic!("{name} is added: {e}")).view.profile().person.id
    }

    /// A clerk of these clinics, the first of them the default.
    pub async fn clerk(&self, name: &str, held: &[Permission], clinics: &[usize]) -> PersonId {
        let clinics: Vec<ClinicId> = clinics.iter().map(|c| self.clinics[*c]).collect();
        self.add(name, UserType::Clerical, held, &clinics).await
    }

    pub async fn with_password(&self, name: &str, kind: UserType, held: &[Permission]) -> PersonId {
        let password = Some(NewPassword { password: PASSWORD.into(), confirmation: None });
        let new = NewProfile { password, ..self.profile(name, kind, held, &self.clinics) };
        self.app.add_person(&self.machine(), new, None).await.expect("added").view.profile().person.id
    }

    /// Somebody at work, by an access token of every scope.
    pub async fn actor(&self, name: &str) -> Actor {
        let owner = TokenOwner { username: self.username(name) };
        let (_, secret) = self.app.create_token_for(&owner, &token("At work")).await.expect("a token");
        self.app.authenticate_token(&secret, None, origin()).await.expect("the token's owner")
    }

    pub async fn stored(&self, id: PersonId) -> Profile {
        self.app.person(&self.machine(), id).await.expect("somebody").stored.profile
    }

    pub async fn account(&self, id: PersonId) -> EmrAccount {
        self.stored(id).await.emr.expect("an account")
    }

    /// Changes an account from the command line.
    pub async fn patch(&self, id: PersonId, emr: EmrPatch) -> Result<(), AppError> {
        let change = Change { emr: Some(emr), ..Change::default() };
        self.app.update_person(&self.machine(), id, None, change).await.map(drop)
    }

    pub async fn chain_is_whole(&self) {
        assert_eq!(self.app.verify_audit(|_| ()).await.expect("verifies"), vec![]);
        assert_eq!(self.app.check().await.expect("checks"), Vec::<String>::new());
    }
}

/// A token of every scope.
pub fn token(name: &str) -> NewToken {
    let scopes = Scope::ALL.iter().map(|s| s.as_str().to_owned()).collect();
    NewToken { name: name.into(), scopes, expires_in_days: None }
}

pub fn codes(permissions: &[Permission]) -> Vec<String> {
    permissions.iter().map(|p| p.as_str().to_owned()).collect()
}

pub fn status(text: &str) -> EmrPatch {
    EmrPatch { status: Some(text.into()), ..EmrPatch::default() }
}

/// The codes of a refusal; anything else fails the test.
#[track_caller]
pub fn refused<T>(result: Result<T, AppError>) -> Vec<Code> {
    match result {
        Err(AppError::Refused(refusals)) => refusals.0.iter().map(|r| r.code).collect(),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("nobody said no"),
    }
}
