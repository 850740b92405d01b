//! Importing people from CSV files, on both engines.

#![allow(clippy::unwrap_used)] // helper functions of tests are tests too

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use muster_app::imports::{ImportOptions, ImportReport, ImportStatus};
use muster_app::people::{ListQuery, PersonView};
use muster_app::sign_in::SessionStatus;
use muster_app::{Actor, App, Channel, Clock, Filter, Keys, Origin, Settings, SystemEntropy};
use muster_domain::emr::{EmrPatch, InactiveReason, UserType};
use muster_domain::licenses::Group;
use muster_domain::people::NewPassword;
use muster_domain::people::{PersonPatch, npi};
use muster_domain::{Code, OrganizationId};
use muster_store::Db;
use muster_testkit::both_engines;
use muster_testkit::databases::{StoredOrganization, an_organization, noon};

const CMS: &[u8] = include_bytes!("../../../examples/cms-therapists-maine.csv");

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        noon()
    }
}

fn app(db: &Db) -> App {
    let keys = Keys::derive(b"0123456789abcdef0123456789abcdef");
    App::new(db.clone(), Arc::new(Noon), Arc::new(SystemEntropy::new()), keys, Settings::default())
}

/// Put there without the program, so that its chain is sealed first.
async fn a_practice(db: &Db) -> StoredOrganization {
    let practice = an_organization(db).await;
    app(db).seal_audit().await.expect("sealed");
    practice
}

fn line(organization: OrganizationId) -> Actor {
    Actor::command_line(organization).through(Channel::Import)
}

async fn import(app: &App, actor: &Actor, csv: impl AsRef<[u8]>, options: ImportOptions) -> ImportReport {
    app.import_people(actor, Cursor::new(csv.as_ref().to_vec()), options, |_| {}).await.expect("an import")
}

async fn imported(app: &App, practice: &StoredOrganization, csv: impl AsRef<[u8]>) -> ImportReport {
    import(app, &line(practice.id), csv, ImportOptions::default()).await
}

async fn everyone(app: &App, practice: &StoredOrganization) -> Vec<PersonView> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let asked = ListQuery { filter: Filter::default(), after, limit: 200 };
        let page = app.people(&line(practice.id), asked).await.unwrap();
        all.extend(page.people);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn by_username(app: &App, practice: &StoredOrganization, username: &str) -> PersonView {
    let all = everyone(app, practice).await;
    let names: Vec<_> = all.iter().map(|p| p.profile().person.username.clone()).collect();
    let found = all.into_iter().find(|p| p.profile().person.username == username);
    found.unwrap_or_else(|| panic!("nobody is {username} among {names:?}"))
}

/// The codes of each refused row, by line.
fn codes(report: &ImportReport) -> Vec<(u64, Vec<Code>)> {
    report.refused.iter().map(|r| (r.line, r.refusals.0.iter().map(|one| one.code).collect())).collect()
}

async fn sound(app: &App) {
    assert_eq!(app.verify_audit(|_| {}).await.unwrap(), []);
    assert_eq!(app.check().await.unwrap(), Vec::<String>::new());
}

both_engines! {
    async fn the_public_file_of_maine_is_imported_whole(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        let report = imported(&app, &practice, CMS).await;
        assert_eq!((report.rows, report.added, report.refused_rows), (275, 275, 0), "{:?}", report.refused);
        assert_eq!(report.outcome(), ImportStatus::All);
        // 129 addresses, and one clinic for the 23 rows without any.
        assert_eq!(report.clinics_added, 130);
        assert_eq!((report.flags.needs_email, report.flags.license_placeholders), (275, 275));
        assert_eq!((report.flags.npi_placeholders, report.flags.usernames_made_up), (0, 275));

        let all = everyone(&app, &practice).await;
        let of = |kind| all.iter().filter(|p| p.profile().emr.as_ref().unwrap().user_type == kind).count();
        assert_eq!((of(UserType::PT), of(UserType::OT), of(UserType::SLP)), (231, 32, 12));
        for person in &all {
            let emr = person.profile().emr.as_ref().unwrap();
            assert_eq!(emr.inactive_reason, Some(InactiveReason::NeedsEmail));
            assert!(npi::is_valid(person.profile().person.npi.as_deref().unwrap()));
            assert_eq!(person.placeholders(), ["license_number"]);
        }
        let clinics = app.clinics(&line(practice.id)).await.unwrap();
        let without = clinics.iter().find(|c| c.name == "No address on file").unwrap();
        let lost = all.iter().filter(|p| p.clinics.contains(&without.id)).count();
        assert_eq!(lost, 23);
        let waterville = clinics.iter().find(|c| c.name == "Waterville – 120 Elm Plz").unwrap();
        assert_eq!((waterville.zip.as_str(), waterville.state.as_str()), ("04901-4936", "ME"));
        assert!(clinics.iter().filter(|c| !c.zip.is_empty()).all(|c| c.zip.starts_with('0')));
        let kelly = by_username(&app, &practice, "khanscom").await;
        assert_eq!(kelly.profile().person.full_name, "Kelly Hanscom");
        assert_eq!(kelly.default_clinic(), Some(waterville.id));
        sound(&app).await;
    }

    async fn the_same_file_again_changes_nothing(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        imported(&app, &practice, CMS).await;
        let before: Vec<_> = everyone(&app, &practice).await.into_iter().map(|p| p.stored.profile).collect();
        let report = imported(&app, &practice, CMS).await;
        assert_eq!((report.added, report.unchanged, report.refused_rows, report.clinics_added), (0, 275, 0, 0));
        let after: Vec<_> = everyone(&app, &practice).await.into_iter().map(|p| p.stored.profile).collect();
        assert_eq!(before, after);
    }

    async fn rows_without_any_key_are_recognized_by_name_clinic_and_type(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        let csv = "first_name,last_name,user_type,clinics\nAna,Ruiz,Clerical,Saco\nANA,Ruíz,Clerical,saco\n\
            Ana,Ruiz,Clerical,York\nAna,Ruiz,Billing,Saco\n";
        for (added, unchanged) in [(3, 1), (0, 4)] {
            let report = imported(&app, &practice, csv).await;
            assert_eq!((report.added, report.unchanged, report.refused_rows), (added, unchanged, 0));
        }
        for username in ["aruiz", "aruiz2", "aruiz3"] {
            by_username(&app, &practice, username).await;
        }
    }

    async fn a_dry_run_says_what_would_happen_and_writes_nothing(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        let dry = ImportOptions { dry_run: true, ..ImportOptions::default() };
        let total = app.set_license_total(&line(practice.id), practice.clinics[0].id, Group::Student, 1, "").await;
        assert_eq!(total.unwrap().total, Some(1));
        let mut csv = String::from("first_name,last_name,email,user_type,clinics\n");
        for n in 0..1200 {
            let (kind, clinic) = if n < 3 { ("SPT", "Saco".to_owned()) } else { ("Clerical", format!("New {}", n % 2)) };
            csv += &format!("Ana,Ruiz,ana{}@saco.example,{kind},{clinic}\n", n % 1199);
        }
        let foretold = import(&app, &line(practice.id), &csv, dry).await;
        assert!(everyone(&app, &practice).await.is_empty());
        assert_eq!(app.clinics(&line(practice.id)).await.unwrap().len(), 3);
        let records = app.person_history(&line(practice.id), muster_testkit::databases::person_id(1), 10).await;
        assert!(records.is_err());
        let done = imported(&app, &practice, &csv).await;
        assert_eq!((foretold.added, foretold.refused_rows, foretold.clinics_added), (1199, 1, 2));
        assert_eq!((done.added, &done.refused, done.clinics_added), (1199, &foretold.refused, 2));
        assert_eq!(codes(&done), [(1201, vec![Code::EmailTaken])]);
        assert_eq!((foretold.flags, done.flags.no_license), (done.flags, 2));
        sound(&app).await;
    }

    async fn columns_of_other_names_are_mapped(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        let csv = "Vorname;Nachname;E-Mail privat;Standort;Kommentar\nJörg;Müller;joerg@saco.example;York;\"a;b\"\n";
        let pairs = [("vorname", "first_name"), ("Nachname", "last_name"), ("E-Mail privat", "email"), ("Standort", "clinics")];
        let map = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let report = import(&app, &line(practice.id), csv, ImportOptions { map, ..ImportOptions::default() }).await;
        assert_eq!((report.added, report.ignored_columns.as_slice()), (1, &["Kommentar".to_owned()][..]));
        let joerg = by_username(&app, &practice, "jmuller").await;
        assert_eq!(joerg.default_clinic(), Some(practice.clinics[2].id));
        // The type was not given, so the default: its credentials are placeholders until somebody knows them.
        assert_eq!(joerg.placeholders(), ["npi", "license_number"]);
        let bad = ImportOptions { map: vec![("Schuhe".into(), "email".into())], ..ImportOptions::default() };
        let refused = app.import_people(&line(practice.id), Cursor::new(csv), bad, |_| {}).await.unwrap_err();
        assert!(refused.to_string().contains("Schuhe"), "{refused}");
        let actor = line(practice.id);
        let foreign = app.import_people(&actor, Cursor::new("a,b\n1,2\n"), ImportOptions::default(), |_| {});
        assert!(foreign.await.unwrap_err().to_string().contains("“a”, “b”"));
    }

    async fn our_own_columns_carry_everything_of_a_profile(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        let csv = "\u{FEFF}first_name,last_name,full_name,previous_names,email,phone,npi,username,user_type,status,default_clinic,clinics,permissions,license_number,license_state,license_expires_on\r\n\
            Mara,Harlow,Mara J. Harlow,Mara Ito;Mara Day,mara@saco.example,(207) 555-0142,1234567893,mharlow,pt,active,York,Saco;York,view_patients; Edit Patients,PT1234,me,2027-03-31\r\n";
        let report = imported(&app, &practice, csv).await;
        assert_eq!(report.added, 1, "{:?}", report.refused);
        let mara = by_username(&app, &practice, "mharlow").await;
        let (person, emr) = (&mara.profile().person, mara.profile().emr.as_ref().unwrap());
        assert_eq!((person.full_name.as_str(), person.previous_names.len()), ("Mara J. Harlow", 2));
        assert_eq!((emr.clinics.len(), emr.default_clinic, emr.is_active()), (2, practice.clinics[2].id, true));
        assert_eq!(emr.permissions.iter().map(muster_domain::emr::Permission::as_str).collect::<Vec<_>>(), ["view_patients", "edit_patients"]);
        assert_eq!(emr.license.expires_on.unwrap().to_string(), "2027-03-31");
        let again = imported(&app, &practice, csv).await;
        assert_eq!((again.added, again.unchanged), (0, 1));
        sound(&app).await;
    }

    async fn what_is_wrong_with_a_row_is_said_and_the_others_go_in(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        let mut csv = b"first_name,last_name,email,npi,user_type,clinics,permissions\n".to_vec();
        csv.extend_from_slice(b"Mara,Harlow,mara@saco.example,1234567893,PT,Saco,\n"); // 2
        csv.extend_from_slice(b"Two,Wrongs,nope,1234567890,PT,Saco,fly\n"); // 3
        csv.extend_from_slice(b"Short,Row\n"); // 4
        csv.extend_from_slice(b"\"New\nLine\",Quoted,nl@saco.example,,Clerical,Saco,\n"); // 5 and 6
        csv.extend_from_slice(b"Not,Text,\xff\xfe,,PT,Saco,\n"); // 7
        csv.extend_from_slice(b",,,,,,\n"); // 8
        csv.extend_from_slice(b"Same,Npi,same@saco.example,1234567893,PT,Saco,\n"); // 9
        csv.extend_from_slice(b"No,Clinic,nc@saco.example,,Clerical,,\n"); // 10
        csv.extend_from_slice(b"Wrong,Type,wt@saco.example,,Plumber,Saco,\n"); // 11
        csv.extend_from_slice(b"Assistant,Finishing,af@saco.example,,PTA,Saco,view_patients;finish_soap_notes\n"); // 12
        csv.extend_from_slice("Li,雷,li@saco.example,,Clerical,Saco,\n".as_bytes()); // 13
        let report = imported(&app, &practice, &csv).await;
        assert_eq!(codes(&report), [
            (3, vec![Code::EmailInvalid, Code::NpiInvalid, Code::UnknownPermission, Code::PermissionRequired]),
            (4, vec![Code::RowWidth]),
            (7, vec![Code::RowNotUnicode]),
            (9, vec![Code::NpiTaken]),
            (10, vec![Code::ClinicRequired]),
            (11, vec![Code::NotUnderstood]),
            (12, vec![Code::SignatureRequired, Code::AttestationRequired]),
        ]);
        assert_eq!((report.rows, report.added, report.outcome()), (10, 3, ImportStatus::Some));
        assert_eq!(report.refused[1].refusals.0[0].message.split('.').next(), Some("This row has 2 cells, but the header has 7"));
        assert_eq!(report.refused[0].row.as_ref().unwrap()[0], "Two");
        assert_eq!(report.refused_by_code["email_invalid"], 1);
        by_username(&app, &practice, "l雷").await;
        by_username(&app, &practice, "nquoted").await;
        sound(&app).await;
    }

    async fn hostile_cells_do_no_harm(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        let long = "x".repeat(5000);
        let (long_name, long_clinic) = (format!("{long},Long,l@saco.example,long,Saco"), format!("Long,Clinic,c@saco.example,clinic,{long}"));
        let rows = [
            "Nul\0,Byte,n\0@saco.example,n\0ul,Sa\0co",
            "Ma\u{202e}ra,Harlow,m@saco.example,mara,Saco",
            "'; DROP TABLE people; --,Bobby,b@saco.example,bobby,Saco",
            "=HYPERLINK(\"\"x\"\"),{rows $1: a text},h@saco.example,hyper,Saco",
            "<script>,Alert,a@saco.example,alert,<script>alert(1)</script>",
            &long_name,
            &long_clinic,
        ];
        let rows: Vec<String> = rows.iter().map(|r| r.split(',').map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(",")).collect();
        let csv = format!("first_name,last_name,email,username,clinics\n{}\n", rows.join("\n"));
        let report = imported(&app, &practice, &csv).await;
        let refused: Vec<u64> = report.refused.iter().map(|r| r.line).collect();
        assert_eq!((report.added, refused), (3, vec![2, 3, 7, 8]), "{:?}", report.refused);
        assert!(report.refused[2].row.is_none(), "a very long row is not kept");
        // A quotation mark that is never closed must not swallow memory, nor pass unsaid.
        let open = format!("first_name,last_name\nMara,\"Harlow\n{}", "y\n".repeat(700_000));
        let report = imported(&app, &practice, &open).await;
        assert_eq!(codes(&report), [(2, vec![Code::RowTooLong])], "{:?}", report.refused_by_code);
        let empty = app.import_people(&line(practice.id), Cursor::new(""), ImportOptions::default(), |_| {}).await;
        assert!(empty.unwrap_err().to_string().contains("it is empty"));
        sound(&app).await;
    }

    async fn a_manager_imports_into_her_own_clinic_only(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        let mara = manager(&app, &practice).await;
        let theirs = "first_name,last_name,email,npi,user_type,clinics\nOut,Side,out@york.example,1234567893,PT,York\n";
        imported(&app, &practice, theirs).await;
        let csv = "first_name,last_name,email,npi,user_type,clinics,permissions\n\
            In,Side,in@saco.example,,Clerical,Saco,\n\
            Else,Where,else@saco.example,,Clerical,York,\n\
            No,Where,no@saco.example,,Clerical,Biddeford,\n\
            Hidden,Owner,other@saco.example,1234567893,PT,Saco,\n\
            Too,Much,much@saco.example,,Clerical,Saco,view_patients;company_admin\n";
        let report = import(&app, &mara, csv, ImportOptions::default()).await;
        assert_eq!(codes(&report), [
            (3, vec![Code::ClinicOutsideYourAccess, Code::ClinicRequired]),
            (4, vec![Code::ClinicOutsideYourAccess, Code::ClinicRequired]),
            (5, vec![Code::NpiTaken]),
            (6, vec![Code::PermissionNotHeldByYou]),
        ], "{:?}", report.refused);
        assert_eq!(report.refused[0].refusals, report.refused[1].refusals, "whether a clinic exists is not told");
        assert!(!report.refused[2].refusals.0[0].message.contains("Side"), "nor who holds the NPI");
        assert_eq!((report.added, report.clinics_added), (1, 0));
        let inside = by_username(&app, &practice, "iside").await;
        assert!(inside.profile().emr.as_ref().unwrap().is_active());
        sound(&app).await;
    }

    async fn invitations_go_to_everyone_who_can_sign_in(db) {
        let (app, practice) = (app(db), a_practice(db).await);
        let csv = "first_name,last_name,email,user_type,clinics\nAna,Ruiz,ana@saco.example,Clerical,Saco\nNo,Mail,,Clerical,Saco\n";
        let invite = ImportOptions { invite: true, ..ImportOptions::default() };
        let report = import(&app, &line(practice.id), csv, invite).await;
        assert_eq!((report.added, report.flags.invited), (2, 1));
        let messages = app.take_messages(10).await.unwrap();
        assert_eq!(messages.len(), 1);
        let secret = messages[0].message.body.split("/invitation/").nth(1).unwrap().split_whitespace().next().unwrap();
        assert_eq!(app.find_link(secret).await.unwrap().unwrap().username, "aruiz");
        sound(&app).await;
    }

    /// While a file of three batches goes in, somebody changes how many licenses there are, again and again: what was
    /// judged ahead is judged anew, and nobody gets a seat that is not there.
    async fn whoever_changes_the_practice_during_an_import_is_heeded(db) {
        const ROWS: usize = 5100;
        let (app, practice) = (app(db), a_practice(db).await);
        let (actor, clinic) = (line(practice.id), practice.clinic_ids()[0]);
        app.set_license_total(&actor, clinic, Group::Therapist, 2600, "").await.unwrap();
        let mut csv = "first_name,last_name,email,npi,user_type,clinics,license_number\n".to_owned();
        for n in 0..ROWS {
            let nine = format!("1{n:08}");
            let digit = npi::check_digit(nine.as_bytes());
            csv.push_str(&format!("Given{n},Family{n},import{n}@saco.example,{nine}{digit},PT,Saco,L{n}\n"));
        }
        let over = AtomicBool::new(false);
        let changing = async {
            let mut changed = 0;
            while !over.load(Ordering::SeqCst) {
                let total = 2540 + changed % 50;
                changed += i64::from(app.set_license_total(&actor, clinic, Group::Therapist, total, "").await.is_ok());
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            changed
        };
        let importing = async {
            let report = imported(&app, &practice, csv.as_bytes()).await;
            over.store(true, Ordering::SeqCst);
            report
        };
        let (report, changed) = tokio::join!(importing, changing);
        assert_eq!((report.added, report.refused_rows), (ROWS as u64, 0), "{:?}", report.refused.first());
        assert!(changed > 2, "the practice was changed {changed} times");
        let pools = app.license_pools(&actor).await.unwrap();
        let pool = pools.iter().find(|p| (p.clinic, p.group) == (clinic, Group::Therapist)).unwrap();
        let assigned = u64::try_from(pool.assigned).unwrap();
        assert!(pool.total.is_some_and(|total| pool.assigned <= total), "{:?} of {:?}", pool.assigned, pool.total);
        assert_eq!(report.flags.no_license, ROWS as u64 - assigned);
        sound(&app).await;
    }

    async fn two_practices_that_import_at_once_get_different_user_names(db) {
        let (app, one, other) = (app(db), a_practice(db).await, a_practice(db).await);
        let mut csv = String::from("first_name,last_name,user_type,clinics\n");
        for n in 0..1500 {
            csv += &format!("A{},Smith{},Clerical,Saco\n", ["a", "b", "c"][n % 3], ["", "y"][n % 2]);
        }
        let names = |n: usize| csv.replace("Saco", ["Saco", "York"][n]);
        let (a, b) = tokio::join!(imported(&app, &one, names(0)), imported(&app, &other, names(1)));
        assert_eq!((a.added, a.unchanged, b.added, b.unchanged), (6, 1494, 6, 1494));
        sound(&app).await;
    }
}

/// Mara manages Saco and is signed in.
async fn manager(app: &App, practice: &StoredOrganization) -> Actor {
    let permissions = [
        "view_patients",
        "edit_patients",
        "view_users",
        "edit_users",
        "start_soap_notes",
        "forward_soap_notes",
        "finish_soap_notes",
    ];
    let new = muster_app::people::NewProfile {
        person: PersonPatch {
            first_name: Some("Mara".into()),
            last_name: Some("Harlow".into()),
            username: Some("mharlow".into()),
            email: Some(Some("mara@saco.example".into())),
            ..PersonPatch::default()
        },
        emr: Some(EmrPatch {
            user_type: Some("Clerical".into()),
            clinics: Some([practice.clinics[0].id].into()),
            permissions: Some(permissions.iter().filter(|p| !p.contains("soap")).map(|p| (*p).to_owned()).collect()),
            ..EmrPatch::default()
        }),
        password: Some(NewPassword { password: "Tr4velling-oak-Ridge".into(), confirmation: None }),
        invite: None,
        ..muster_app::people::NewProfile::default()
    };
    app.add_person(&line(practice.id), new, None).await.unwrap();
    let origin = Origin { channel: Channel::Import, address: "192.0.2.1".into(), user_agent: String::new() };
    let session = app.sign_in("mharlow", "Tr4velling-oak-Ridge", &origin).await.unwrap();
    match app.authenticate(&session.token, origin).await.unwrap() {
        SessionStatus::Open(open) | SessionStatus::PasswordChangeDue(open) => open.0,
        other => panic!("not signed in: {other:?}"),
    }
}
