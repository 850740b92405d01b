//! However many take rights away at once, through whatever door: the last company admin of a practice and the last user
//! manager of each clinic stay.

use std::collections::{BTreeMap, BTreeSet};

use muster_app::bulk::{BulkView, FileOptions, Selection};
use muster_app::{Actor, AppError};
use muster_domain::bulk::{BulkChange, ChangeSet};
use muster_domain::emr::{EmrAccount, EmrPatch, Permission, Status, UserType};
use muster_domain::people::OffboardingKind;
use muster_domain::{ClinicId, Code, PersonId};
use muster_testkit::both_engines;

use crate::world::{RunningFacts, Seeded, SeededRng, app, codes, seeds, status};

/// A way to take rights away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Door {
    Status,
    AllPermissions,
    CompanyAdmin,
    EditUsers,
    Clinic(usize),
    BulkStatus,
    BulkEditUsers,
    BulkClinic(usize),
    FileStatus,
    FileEditUsers,
    FileClinic(usize),
    Leave,
    Depart,
    Type,
    Merge,
}

const DOORS: [Door; 18] = [
    Door::Status,
    Door::AllPermissions,
    Door::CompanyAdmin,
    Door::EditUsers,
    Door::Clinic(0),
    Door::Clinic(1),
    Door::BulkStatus,
    Door::BulkEditUsers,
    Door::BulkClinic(0),
    Door::BulkClinic(1),
    Door::FileStatus,
    Door::FileEditUsers,
    Door::FileClinic(0),
    Door::FileClinic(1),
    Door::Leave,
    Door::Depart,
    Door::Type,
    Door::Merge,
];

/// Which of the two protections said no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protected {
    pub company_admin: bool,
    pub user_manager: bool,
}

/// What came of a refusal by code, and of the results of a bulk update by sentence: both kinds share the code
/// `last_admin`.
pub fn protected_by(error: &AppError) -> Protected {
    match error {
        AppError::Refused(r) => {
            Protected { company_admin: r.has(Code::LastCompanyAdmin), user_manager: r.has(Code::LastUserManager) }
        }
        other => panic!("{other:?}"),
    }
}

pub fn protected_in(sentences: &[(String, String)]) -> Protected {
    let met = |words: &str| sentences.iter().any(|(code, text)| code == "last_admin" && text.contains(words));
    Protected { company_admin: met("last active company admin"), user_manager: met("last user manager of") }
}

/// Code and sentence of everything a bulk update refused.
pub async fn refused_in(world: &RunningFacts, actor: &Actor, job: &BulkView) -> Vec<(String, String)> {
    let results = world.app.bulk_results(actor, job.job.id, true, None, 200).await.expect("results");
    results.items.into_iter().flat_map(|r| r.refused).map(|line| (line.code, line.message)).collect()
}

pub async fn in_bulk(world: &RunningFacts, people: &[PersonId], change: BulkChange) -> Result<Protected, AppError> {
    let (machine, changes) = (world.machine(), ChangeSet::new([change]).expect("one change"));
    let job = world.app.bulk_update(&machine, &Selection::Ids(people.to_vec()), &changes, None).await?;
    Ok(protected_in(&refused_in(world, &machine, &job).await))
}

/// What `muster import --changes` does.
pub async fn by_file(world: &RunningFacts, text: String) -> Result<Protected, AppError> {
    let machine = world.machine().through(muster_app::Channel::Import);
    let source = std::io::Cursor::new(text.into_bytes());
    let (draft, file) = world.app.draft_bulk_from_file(&machine, source, FileOptions::default()).await?;
    assert_eq!(file.faulty, 0, "{:?}", file.faults);
    let job = world.app.start_bulk(&machine, draft.job.id, &ChangeSet::default(), None).await?;
    Ok(protected_in(&refused_in(world, &machine, &job).await))
}

async fn take(world: &RunningFacts, id: PersonId, weak: PersonId, door: Door) -> Result<Protected, AppError> {
    let machine = world.machine();
    let account = world.account(id).await;
    let without = |p: Permission| -> EmrPatch {
        let left: Vec<Permission> = account.permissions.without(p).iter().collect();
        EmrPatch { permissions: Some(codes(&left)), ..EmrPatch::default() }
    };
    let row = |header: &str, cell: &str| format!("person_id,{header}\n{id},{cell}\n");
    let done = Protected::default();
    match door {
        Door::Status => world.patch(id, status("inactive")).await.map(|()| done),
        Door::AllPermissions => {
            let patch = EmrPatch { permissions: Some(vec!["view_patients".into()]), ..EmrPatch::default() };
            world.patch(id, patch).await.map(|()| done)
        }
        Door::CompanyAdmin => world.patch(id, without(Permission::CompanyAdmin)).await.map(|()| done),
        Door::EditUsers => world.patch(id, without(Permission::EditUsers)).await.map(|()| done),
        Door::Clinic(gone) => {
            let stays = world.clinics[1 - gone];
            let clinics = Some(BTreeSet::from([stays]));
            let patch = EmrPatch { clinics, default_clinic: Some(stays), ..EmrPatch::default() };
            world.patch(id, patch).await.map(|()| done)
        }
        Door::BulkStatus => in_bulk(world, &[id], BulkChange::SetStatus(Status::Inactive)).await,
        Door::BulkEditUsers => in_bulk(world, &[id], BulkChange::RemovePermission(Permission::EditUsers)).await,
        Door::BulkClinic(gone) => in_bulk(world, &[id], BulkChange::RemoveClinic(world.clinics[gone])).await,
        Door::FileStatus => by_file(world, row("status", "inactive")).await,
        Door::FileEditUsers => by_file(world, row("remove_permissions", "edit_users")).await,
        Door::FileClinic(gone) => by_file(world, row("remove_clinics", &world.clinic_name(gone))).await,
        Door::Leave => world.app.offboard(&machine, id, OffboardingKind::Leave, None, false).await.map(|_| done),
        Door::Depart => world.app.offboard(&machine, id, OffboardingKind::Departure, None, false).await.map(|_| done),
        Door::Type => world.app.change_type(&machine, id, None, UserType::SPT).await.map(|_| done),
        Door::Merge => world.app.merge(&machine, weak, id).await.map(|_| done),
    }
}

/// A refusal of either kind; what else can stand in the way is no failure here.
fn judged(outcome: Result<Protected, AppError>) -> Protected {
    match outcome {
        Ok(met) => met,
        Err(error) => protected_by(&error),
    }
}

/// How many company admins there are, and how many user managers each clinic has.
async fn counted(world: &RunningFacts, people: &[PersonId]) -> (usize, BTreeMap<ClinicId, usize>) {
    let mut managers: BTreeMap<ClinicId, usize> = world.clinics.iter().map(|c| (*c, 0)).collect();
    let mut admins = 0;
    for id in people {
        // Not by what the program calls an admin: by what is stored.
        let EmrAccount { status, permissions, clinics, .. } = world.account(*id).await;
        if status == Status::Active {
            admins += usize::from(permissions.contains(Permission::CompanyAdmin));
            for clinic in clinics.iter().filter(|_| permissions.contains(Permission::EditUsers)) {
                *managers.entry(*clinic).or_default() += 1;
            }
        }
    }
    (admins, managers)
}

async fn one_practice(world: RunningFacts, mut rng: SeededRng) {
    const BOTH: [Permission; 3] = [Permission::ViewPatients, Permission::CompanyAdmin, Permission::EditUsers];
    let mut people = Vec::new();
    for n in 0..6 {
        // Two of each kind and two of both, so that the last of one kind need not be the last of the other.
        let held: &[Permission] = match n % 3 {
            0 => &BOTH,
            1 => &[Permission::ViewPatients, Permission::CompanyAdmin],
            _ => &[Permission::ViewPatients, Permission::EditUsers],
        };
        people.push(world.clerk(&format!("p{n}"), held, if n < 3 { &[0, 1] } else { &[1, 0] }).await);
    }
    let mut weak = Vec::new();
    for n in 0..people.len() {
        // A student may hold neither right: a merge into one would lose both.
        weak.push(
            world.add(&format!("weak{n}"), UserType::SPT, &[Permission::ViewPatients], &world.clinics[..1]).await,
        );
    }
    let (mut kept_admin, mut kept_manager, mut met) = (false, false, BTreeSet::new());
    let mut note = |door: Door, protected: Protected| {
        kept_admin |= protected.company_admin;
        kept_manager |= protected.user_manager;
        if protected != Protected::default() {
            met.insert(door);
        }
    };
    for _ in 0..3 {
        let mut racing = Vec::new();
        for (id, weak) in people.iter().copied().zip(weak.iter().copied()) {
            for _ in 0..2 {
                let (world, door) = (world.clone(), rng.of(&DOORS));
                racing.push(tokio::spawn(async move { (door, take(&world, id, weak, door).await) }));
            }
        }
        for one in racing {
            let (door, outcome) = one.await.expect("runs");
            note(door, judged(outcome));
        }
        let (admins, managers) = counted(&world, &people).await;
        assert!(admins > 0 && managers.values().all(|n| *n > 0), "{admins} company admins, managers: {managers:?}");
    }
    // Whoever is still more than the last goes now, and the last one stays at every door.
    for last_round in [false, true] {
        for door in DOORS {
            for (id, weak) in people.iter().zip(&weak) {
                let before = last_round.then_some(counted(&world, &people).await);
                note(door, judged(take(&world, *id, *weak, door).await));
                if let Some(before) = before {
                    assert_eq!(counted(&world, &people).await, before, "{door:?}");
                }
            }
        }
        let (admins, managers) = counted(&world, &people).await;
        assert_eq!((admins, managers.values().copied().collect::<Vec<_>>()), (1, vec![1, 1]));
    }
    assert!(kept_admin && kept_manager, "somebody was told no for either reason");
    for door in DOORS.iter().filter(|d| !matches!(d, Door::Clinic(_) | Door::BulkClinic(_) | Door::FileClinic(_))) {
        assert!(met.contains(door), "{door:?} protected nobody: {met:?}");
    }
    world.chain_is_whole().await;
}

both_engines! {
    /// However many take rights from each other at once, one company admin and one user manager a clinic stay.
    async fn the_last_admin_survives_parallel_removal(db) {
        let app = app(db);
        for seed in seeds(&[0xAD_0001, 0xAD_0002]) {
            let _seed = Seeded(seed);
            one_practice(RunningFacts::new(&app, &format!("s{seed:x}"), 2).await, SeededRng::new(seed)).await;
        }
    }
}
