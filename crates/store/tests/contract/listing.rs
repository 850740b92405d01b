use std::collections::BTreeSet;

use muster_domain::access::ClinicAccess;
use muster_domain::emr::{Permission, PermissionSet, Status, UserType};
use muster_domain::people::Profile;
use muster_domain::people::npi;
use muster_domain::text::{search_key, unique_key};
use muster_domain::{ClinicId, OrganizationId, PersonId};
use muster_store::listing::{self, Filter, Sort, Total};
use muster_store::sign_in::{self, Session};
use muster_store::{Db, Handle, Split, people};
use muster_testkit::both_engines;
use muster_testkit::databases::{
    StoredOrganization, a_person, an_emr_account, an_id, an_organization, later, noon, numbered, person_id,
};

use crate::{in_tx, insert};

/// A seeded generator (splitmix64): the same practice and the same questions in every run.
struct SeededRng(u64);

impl SeededRng {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(n).expect("a count")).expect("a small number")
    }

    fn pick<T: Copy>(&mut self, some: &[T]) -> T {
        some[self.below(some.len())]
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

const FIRST: [&str; 24] = [
    "Mara",
    "mara",
    "José",
    "Jose",
    "Zoë",
    "محمد",
    "مُحَمَّد",
    "李",
    "雷",
    "Anne-Marie",
    "Łukasz",
    "İpek",
    "Σίσυφος",
    "한글",
    "Дмитрий",
    "O",
    "Sam",
    "SAM",
    "Noor",
    "Ada",
    "Ida",
    "Eve",
    "Bo",
    "😀",
];
const LAST: [&str; 24] = [
    "Harlow",
    "Harlow",
    "harlow",
    "Ito",
    "Ñandú",
    "Nandu",
    "李",
    "O'Brien",
    "de la Cruz",
    "Smith_Jones",
    "100%",
    "Back\\slash",
    "Quo\"te",
    "الحسن",
    "Nguyễn",
    "Straße",
    "Strasse",
    "Xqzv",
    "Smith",
    "Young",
    "Zhang",
    "ﬁsher",
    "Ａoki",
    "A",
];

/// Membership is uneven: the first clinics are crowded, the last has next to nobody.
fn some_clinic(clinics: &[ClinicId], rng: &mut SeededRng) -> ClinicId {
    let least = (0..3).map(|_| rng.below(clinics.len())).min().unwrap_or(0);
    clinics[least]
}

fn named(profile: &mut Profile, rng: &mut SeededRng) {
    let p = &mut profile.person;
    rng.pick(&FIRST).clone_into(&mut p.first_name);
    rng.pick(&LAST).clone_into(&mut p.last_name);
    p.full_name =
        if rng.percent(90) { format!("{} {}", p.first_name, p.last_name) } else { format!("Dr {}", rng.pick(&LAST)) };
}

fn a_crowd(
    practice: &StoredOrganization,
    clinics: &[ClinicId],
    people: std::ops::Range<u64>,
    rng: &mut SeededRng,
) -> Vec<Profile> {
    people
        .map(|n| {
            let mut profile = Profile::new(a_person(practice.id, n));
            named(&mut profile, rng);
            let prefix = rng.pick(&["mh", "u_", "Ü", "李", "x%", "p.", "Zed'", "a+b@"]);
            profile.person.username = format!("{prefix}{n}");
            profile.person.email = rng.percent(80).then(|| format!("{}{n}@saco.example", rng.pick(&["é", "pt", "Q"])));
            profile.person.npi = rng.percent(40).then(|| {
                let nine = format!("1{:08}", n * 7919 % 100_000_000);
                let digit = npi::check_digit(nine.as_bytes());
                if rng.percent(10) { npi::PLACEHOLDER.to_owned() } else { format!("{nine}{digit}") }
            });
            if rng.percent(96) {
                let mine: Vec<ClinicId> = (0..=rng.below(3)).map(|_| some_clinic(clinics, rng)).collect();
                let mut emr = an_emr_account(rng.pick(&UserType::ALL), &mine);
                emr.status = if rng.percent(85) { Status::Active } else { Status::Inactive };
                emr.permissions = Permission::ALL.into_iter().filter(|_| rng.percent(40)).collect();
                emr.permissions = emr.permissions.without(Permission::CompanyAdmin);
                if rng.percent(1) {
                    emr.permissions = PermissionSet::FULL;
                }
                profile.emr = Some(emr);
            }
            profile
        })
        .collect()
}

/// A row of the list as it should be.
struct Entry {
    profile: Profile,
    name: String,
    username: String,
    text: String,
    last_sign_in: i64,
}

impl Entry {
    fn kind(&self) -> &'static str {
        self.profile.emr.as_ref().map_or("", |e| e.user_type.as_str())
    }

    fn status(&self) -> &'static str {
        self.profile.emr.as_ref().map_or("", |e| e.status.as_str())
    }

    fn is_of(&self, some: impl Fn(&ClinicId) -> bool) -> bool {
        self.profile.emr.iter().flat_map(|e| &e.clinics).any(some)
    }

    fn matches(&self, filter: &Filter) -> bool {
        let emr = self.profile.emr.as_ref();
        self.text.contains(&search_key(&filter.q))
            && filter.user_type.is_none_or(|t| emr.is_some_and(|e| e.user_type == t))
            && filter.status.is_none_or(|s| emr.is_some_and(|e| e.status == s))
            && filter.permission.is_none_or(|p| emr.is_some_and(|e| e.permissions.contains(p)))
            && filter.clinic.is_none_or(|c| self.is_of(|mine| *mine == c))
            && match &filter.scope {
                ClinicAccess::All => true,
                ClinicAccess::Only(some) => self.is_of(|mine| some.contains(mine)),
            }
    }

    fn place(&self, sort: Sort) -> (String, i64, &str, PersonId) {
        let (text, number, tie) = match sort {
            Sort::Name => (self.name.clone(), 0, ""),
            Sort::Username => (self.username.clone(), 0, ""),
            Sort::UserType => (self.kind().to_owned(), 0, self.name.as_str()),
            Sort::Status => (self.status().to_owned(), 0, self.name.as_str()),
            Sort::LastSignIn => (String::new(), self.last_sign_in, self.name.as_str()),
        };
        (text, number, tie, self.profile.person.id)
    }
}

/// The list as it should be: the slow and obvious way.
fn reference(entries: &[Entry], filter: &Filter) -> Vec<PersonId> {
    let mut found: Vec<&Entry> = entries.iter().filter(|e| e.matches(filter)).collect();
    found.sort_by_cached_key(|e| e.place(filter.sort));
    if filter.descending {
        found.reverse();
    }
    found.iter().map(|e| e.profile.person.id).collect()
}

/// Stores a crowd the way a practice grows: all at once, some sign in, some change their names.
async fn store(db: &Db, practice: &StoredOrganization, mut crowd: Vec<Profile>, rng: &mut SeededRng) -> Vec<Entry> {
    insert(db, practice.id, &crowd).await.expect("a crowd");
    let mut changed = Vec::new();
    for profile in &mut crowd {
        if rng.percent(6) {
            named(profile, rng);
            changed.push(profile.clone());
        }
    }
    in_tx!(db, |tx| people::update(tx, practice.id, &changed, later(1)).await).expect("changes");
    let mut entries = Vec::new();
    let mut tx = db.begin().await.expect("a transaction");
    for profile in crowd {
        let seconds = i64::try_from(rng.below(40)).expect("a small number");
        let at = rng.percent(30).then(|| later(seconds));
        if let Some(at) = at {
            let session = Session {
                id: an_id(),
                subject: profile.person.id.0,
                organization: Some(practice.id),
                csrf: String::new(),
                started_at: at,
                last_seen_at: at,
                locked: false,
                address: String::new(),
                user_agent: String::new(),
            };
            sign_in::begin_session(&mut tx, session.id.as_bytes(), &session).await.expect("a sign-in");
        }
        entries.push(Entry {
            name: profile.person.sort_key(),
            username: unique_key(&profile.person.username),
            text: profile.person.search_text(),
            last_sign_in: at.map_or(0, jiff::Timestamp::as_microsecond),
            profile,
        });
    }
    tx.commit().await.expect("committed");
    entries
}

/// What people type: pieces of what is there, pieces of what is only next door, and what is nowhere.
fn a_question(ours: &[Entry], theirs: &[Entry], rng: &mut SeededRng) -> String {
    const TYPED: [&str; 40] = [
        "a",
        "m",
        "z",
        "1",
        "ß",
        "م",
        "李",
        "@",
        "_",
        "%",
        "'",
        "\"",
        "\\",
        "-",
        "ma",
        "Xq",
        "zv",
        "mh",
        "李雷",
        "雷 李",
        "مح",
        "محمد",
        "José",
        "NANDU",
        "  Harlow ",
        "mara harlow",
        "harlow mara",
        "100%",
        "h_j",
        "a%",
        "' OR '1'='1",
        "O'Br",
        "qqzzxx",
        "\u{301}",
        "😀",
        "9999999995",
        "@saco.example",
        "straße",
        "a* OR b",
        "nul\0l",
    ];
    let piece = |from: &[Entry], length: usize, rng: &mut SeededRng| {
        let letters: Vec<char> = from[rng.below(from.len())].text.chars().collect();
        let start = rng.below(letters.len());
        letters.iter().skip(start).take(length).collect()
    };
    match rng.below(100) {
        0..40 => String::new(),
        40..60 => rng.pick(&TYPED).to_owned(),
        60..70 => piece(ours, 1, rng),
        70..80 => piece(ours, 2, rng),
        80..88 => piece(ours, 3, rng),
        88..95 => {
            let length = 4 + rng.below(30);
            piece(ours, length, rng)
        }
        _ => piece(theirs, 8, rng),
    }
}

fn a_filter(clinics: &[ClinicId], ours: &[Entry], theirs: &[Entry], rng: &mut SeededRng) -> Filter {
    let scope = match rng.below(100) {
        0..45 => ClinicAccess::All,
        45..48 => ClinicAccess::Only(BTreeSet::new()),
        48..70 => ClinicAccess::Only([some_clinic(clinics, rng)].into()),
        70..80 => ClinicAccess::Only([rng.pick(clinics), rng.pick(clinics)].into()),
        _ => ClinicAccess::Only(clinics.iter().copied().filter(|_| rng.percent(80)).collect()),
    };
    Filter {
        scope,
        q: a_question(ours, theirs, rng),
        user_type: rng.percent(20).then(|| rng.pick(&UserType::ALL)),
        status: rng.percent(25).then(|| rng.pick(&[Status::Active, Status::Inactive])),
        clinic: rng.percent(20).then(|| rng.pick(clinics)),
        permission: rng.percent(20).then(|| rng.pick(&Permission::ALL)),
        sort: rng.pick(&Sort::ALL),
        descending: rng.percent(50),
    }
}

fn ids(page: &listing::Page) -> Vec<PersonId> {
    page.people.iter().map(|s| s.profile.person.id).collect()
}

/// Walks every page and compares the whole with the reference. True when the total was exact.
async fn check(db: &Db, organization: OrganizationId, entries: &[Entry], filter: &Filter, limit: i64) -> bool {
    let expected = reference(entries, filter);
    let count = i64::try_from(expected.len()).expect("a count");
    let mut reading = db.read().await.expect("a reader");
    let (mut found, mut after, mut total) = (Vec::new(), None, None);
    loop {
        let page = listing::list(&mut reading, organization, filter, after.as_ref(), limit)
            .await
            .unwrap_or_else(|error| panic!("{filter:?}: {error}"));
        assert!(i64::try_from(page.people.len()).expect("a count") <= limit, "{filter:?}");
        assert_eq!(*total.get_or_insert(page.total), page.total, "the total stays from page to page: {filter:?}");
        found.extend(ids(&page));
        after = page.next;
        if after.is_none() {
            break;
        }
        assert!(found.len() <= expected.len(), "more than there are: {filter:?} by {limit}");
    }
    assert_eq!(found, expected, "{filter:?} by {limit}");
    let counted = filter.scope == ClinicAccess::All && filter.clinic.is_none() && search_key(&filter.q).is_empty();
    assert!(!counted || matches!(total, Some(Total::Exact(_))), "type, status and permission are counted: {filter:?}");
    match total.expect("a first page") {
        Total::Exact(n) => assert_eq!(n, count, "{filter:?} by {limit}"),
        Total::About(n) => {
            assert!(count > limit, "what fits on a page is counted: {filter:?}");
            assert!(n > limit / 2 && n <= i64::try_from(entries.len()).expect("a count"), "about {n}: {filter:?}");
            return false;
        }
    }
    true
}

both_engines! {
    async fn any_list_in_any_order_read_page_by_page_is_what_the_slow_way_finds(db) {
        let mut rng = SeededRng(2026);
        let (big, small) = (an_organization(db).await, an_organization(db).await);
        let more = |first: u64, of: &StoredOrganization| {
            let mut all = of.clinic_ids();
            all.extend((first..first + 9).map(|n| ClinicId(numbered("clinic", 1000 + n))));
            all
        };
        let (big_clinics, small_clinics) = (more(0, &big), more(50, &small));
        let crowd = a_crowd(&big, &big_clinics, 1..2501, &mut rng);
        let many = store(db, &big, crowd, &mut rng).await;
        let crowd = a_crowd(&small, &small_clinics, 5000..5300, &mut rng);
        let few = store(db, &small, crowd, &mut rng).await;
        // Clinics of the practice next door are asked for as well.
        let asked = |own: &[ClinicId], other: &[ClinicId]| [own, &other[..1]].concat();

        let (mut exact, mut about) = (0, 0);
        for (practice, ours, theirs, clinics, rounds) in [
            (&big, &many, &few, asked(&big_clinics, &small_clinics), 260),
            (&small, &few, &many, asked(&small_clinics, &big_clinics), 90),
        ] {
            for _ in 0..rounds {
                let filter = a_filter(&clinics, ours, theirs, &mut rng);
                let matching = ours.iter().filter(|e| e.matches(&filter)).count();
                // At most about twelve pages, so that the test stays quick.
                let limit = rng.pick(&[1, 2, 10, 25, 100, 500, 1500]).max(matching / 12 + 1);
                if check(db, practice.id, ours, &filter, i64::try_from(limit).unwrap()).await {
                    exact += 1;
                } else {
                    about += 1;
                }
            }
        }
        assert!(exact > 100 && about > 30, "both ways to a page are taken: {exact} exact, {about} estimated");
    }

    async fn the_plain_list_in_every_order_is_complete_down_to_pages_of_one(db) {
        let mut rng = SeededRng(7);
        let practice = an_organization(db).await;
        let crowd = a_crowd(&practice, &practice.clinic_ids(), 1..41, &mut rng);
        let entries = store(db, &practice, crowd, &mut rng).await;
        for sort in Sort::ALL {
            for descending in [false, true] {
                for limit in [1, 39, 40, 41] {
                    let filter = Filter { sort, descending, ..Filter::default() };
                    assert!(check(db, practice.id, &entries, &filter, limit).await);
                }
            }
        }
    }

    async fn an_endless_question_finds_nobody_and_harms_nobody(db) {
        let practice = an_organization(db).await;
        let crowd = a_crowd(&practice, &practice.clinic_ids(), 1..1501, &mut SeededRng(3));
        insert(db, practice.id, &crowd).await.unwrap();
        let mut rng = SeededRng(4);
        let long: String = (0..3000).map(|_| char::from_u32(0x4E00 + u32::try_from(rng.below(9000)).unwrap()).unwrap()).collect();
        let filter = Filter { q: long, ..Filter::default() };
        let page = listing::list(&mut db.read().await.unwrap(), practice.id, &filter, None, 25).await.unwrap();
        assert!(page.people.is_empty() && page.next.is_none() && page.total == Total::Exact(0));
    }

    async fn what_no_text_can_hold_finds_nobody(db) {
        let practice = an_organization(db).await;
        let crowd = a_crowd(&practice, &practice.clinic_ids(), 1..1101, &mut SeededRng(6));
        insert(db, practice.id, &crowd).await.unwrap();
        for q in ["\0", "a\0", "\u{FFFF}\u{FFFE}"] {
            let filter = Filter { q: q.to_owned(), ..Filter::default() };
            let page = listing::list(&mut db.read().await.unwrap(), practice.id, &filter, None, 25).await.unwrap();
            assert!(page.people.is_empty() && page.total == Total::Exact(0), "{q:?}");
        }
    }

    async fn a_practice_that_does_not_exist_has_an_empty_list(db) {
        let nowhere = OrganizationId(numbered("practice", 404));
        let page = listing::list(&mut db.read().await.unwrap(), nowhere, &Filter::default(), None, 25).await.unwrap();
        assert!(page.people.is_empty() && page.next.is_none() && page.total == Total::Exact(0));
    }

    async fn whoever_is_on_a_page_is_there_as_they_are_stored(db) {
        let practice = an_organization(db).await;
        let entries = store(db, &practice, a_crowd(&practice, &practice.clinic_ids(), 1..1101, &mut SeededRng(8)), &mut SeededRng(9)).await;
        let mut reading = db.read().await.unwrap();
        for (sort, status) in [(Sort::Name, None), (Sort::LastSignIn, Some(Status::Inactive)), (Sort::UserType, Some(Status::Active))] {
            let filter = Filter { sort, status, ..Filter::default() };
            let page = listing::list(&mut reading, practice.id, &filter, None, 50).await.unwrap();
            assert!(!page.people.is_empty());
            let stored = people::find_many(&mut reading, practice.id, &ids(&page)).await.unwrap();
            for (here, there) in page.people.iter().zip(stored) {
                assert_eq!((&here.profile, here.version, &here.password_state), (&there.profile, there.version, &there.password_state));
                assert_eq!((here.last_sign_in_at, here.created_at), (there.last_sign_in_at, there.created_at));
                assert!(entries.iter().any(|e| e.profile == here.profile));
            }
        }
    }

    async fn a_person_without_an_emr_account_is_listed_found_and_counted(db) {
        let practice = an_organization(db).await;
        let without = Profile::new(a_person(practice.id, 7));
        insert(db, practice.id, &[practice.therapist(1), without.clone()]).await.unwrap();
        let listed = async |filter: Filter| {
            let page = listing::list(&mut db.read().await.unwrap(), practice.id, &filter, None, 5).await.unwrap();
            (ids(&page), page.total)
        };
        assert_eq!(listed(Filter::default()).await, (vec![person_id(1), person_id(7)], Total::Exact(2)));
        let by_type = Filter { sort: Sort::UserType, ..Filter::default() };
        assert_eq!(listed(by_type).await, (vec![person_id(7), person_id(1)], Total::Exact(2)));
        let by_name = Filter { q: without.person.username, ..Filter::default() };
        assert_eq!(listed(by_name).await, (vec![person_id(7)], Total::Exact(1)));
        let active = Filter { status: Some(Status::Active), ..Filter::default() };
        assert_eq!(listed(active).await, (vec![person_id(1)], Total::Exact(1)));
    }

    async fn the_counts_follow_what_is_saved(db) {
        let practice = an_organization(db).await;
        let mut all: Vec<Profile> = (1..=3).map(|n| practice.therapist(n)).collect();
        insert(db, practice.id, &all).await.unwrap();
        let count = async |user_type, status, permission| {
            let filter = Filter { user_type, status, permission, ..Filter::default() };
            listing::list(&mut db.read().await.unwrap(), practice.id, &filter, None, 5).await.unwrap().total
        };
        let pt = Some(UserType::PT);
        assert_eq!(count(pt, Some(Status::Active), None).await, Total::Exact(3));
        all[0].emr.as_mut().unwrap().user_type = UserType::OT;
        all[1].emr.as_mut().unwrap().status = Status::Inactive;
        all[1].emr.as_mut().unwrap().permissions = [Permission::ViewUsers].into_iter().collect();
        all[2].emr = None;
        in_tx!(db, |tx| people::update(tx, practice.id, &all, noon()).await).unwrap();
        assert_eq!(count(pt, None, None).await, Total::Exact(1));
        assert_eq!(count(pt, Some(Status::Active), None).await, Total::Exact(0));
        assert_eq!(count(None, Some(Status::Inactive), Some(Permission::ViewUsers)).await, Total::Exact(1));
        assert_eq!(count(Some(UserType::OT), None, None).await, Total::Exact(1));
        assert_eq!(count(None, None, None).await, Total::Exact(3));
    }

    async fn a_list_that_does_not_agree_with_the_profiles_is_found(db) {
        let practice = an_organization(db).await;
        let all: Vec<Profile> = (1..=3).map(|n| practice.therapist(n)).collect();
        insert(db, practice.id, &all).await.unwrap();
        let counts = format!("The counts of organization {} are not those of its list.", practice.id);
        let rows = format!("The list of organization {} has 0 rows for 3 people.", practice.id);
        let row = |n| format!("The list shows person {} otherwise than their profile.", person_id(n));
        let each = [row(1), row(2), row(3)];
        let password = [1, 2, 3].map(|n| {
            format!("The profile of person {} has another password state than their sign-in.", person_id(n))
        });
        for (broken, expected) in [
            ("UPDATE listing SET last_sign_in_at = 0", vec![]),
            ("UPDATE listing SET name_key = 'x'", each.to_vec()),
            ("UPDATE listing SET last_sign_in_at = 7", each.to_vec()),
            ("UPDATE listing SET permissions = 0", [&each[..], std::slice::from_ref(&counts)].concat()),
            ("UPDATE listing_counts SET people = people + 1", vec![counts.clone()]),
            ("DELETE FROM listing_counts", vec![counts.clone()]),
            ("UPDATE sign_ins SET password_state = 'set'", password.to_vec()),
            ("DELETE FROM listing", [&each[..], &[rows, counts]].concat()),
        ] {
            // Never committed.
            let mut tx = db.begin().await.unwrap();
            match tx.split() {
                Split::Sqlite(c) => drop(sqlx::query(broken).execute(c).await.unwrap()),
                Split::Postgres(c) => drop(sqlx::query(broken).execute(c).await.unwrap()),
            }
            assert_eq!(listing::check(&mut tx).await.unwrap(), expected, "{broken}");
        }
    }

    async fn a_cursor_still_works_when_the_person_it_stands_on_was_renamed(db) {
        let practice = an_organization(db).await;
        let mut crowd: Vec<Profile> = (1..=9).map(|n| practice.therapist(n)).collect();
        insert(db, practice.id, &crowd).await.unwrap();
        let mut reading = db.read().await.unwrap();
        let filter = Filter::default();
        let first = listing::list(&mut reading, practice.id, &filter, None, 3).await.unwrap();
        assert_eq!(ids(&first), [1, 2, 3].map(person_id));
        drop(reading);
        crowd[2].person.last_name = "Zweig".into();
        in_tx!(db, |tx| people::update(tx, practice.id, &crowd[2..3], noon()).await).unwrap();
        let mut reading = db.read().await.unwrap();
        let second = listing::list(&mut reading, practice.id, &filter, first.next.as_ref(), 3).await.unwrap();
        assert_eq!(ids(&second), [4, 5, 6].map(person_id));
    }

    async fn who_was_renamed_is_found_by_the_new_name_only(db) {
        let practice = an_organization(db).await;
        let mut crowd = a_crowd(&practice, &practice.clinic_ids(), 1..1201, &mut SeededRng(5));
        crowd[0].person.full_name = "Wxyk Vfjd".into();
        crowd[0].person.first_name = "Wxyk".into();
        crowd[0].person.last_name = "Vfjd".into();
        insert(db, practice.id, &crowd).await.unwrap();
        let find = |q: &'static str| async move {
            let filter = Filter { q: q.to_owned(), ..Filter::default() };
            let mut reading = db.read().await.expect("a reader");
            ids(&listing::list(&mut reading, practice.id, &filter, None, 5).await.expect("a list"))
        };
        assert_eq!(find("vfjd").await, [person_id(1)]);
        crowd[0].person.full_name = "Pqgh Ktwb".into();
        crowd[0].person.first_name = "Pqgh".into();
        crowd[0].person.last_name = "Ktwb".into();
        in_tx!(db, |tx| people::update(tx, practice.id, &crowd[..1], noon()).await).unwrap();
        assert_eq!(find("vfjd").await, []);
        assert_eq!(find("ktwb").await, [person_id(1)]);
    }
}
