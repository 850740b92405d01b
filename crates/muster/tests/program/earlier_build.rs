//! Databases and backups of builds before the first release.

use crate::place::{DatabaseArguments, arg, on_both};

const DATABASE: &str = "This database was made by an earlier development build of Muster and cannot be opened by this one. Start with an empty database.";
const BACKUP: &str =
    "This backup was made by an earlier development build of Muster and cannot be restored by this one.";

/// All of the file, or of a server what says which build made it and what it holds.
async fn state(place: &DatabaseArguments) -> (Vec<u8>, Vec<String>) {
    let file = std::fs::read(place.data().join("muster.db")).unwrap_or_default();
    let made_by = place.texts("SELECT description FROM _sqlx_migrations ORDER BY version").await;
    let people = place.texts("SELECT full_name FROM people ORDER BY person_id").await;
    (file, [made_by, people].concat())
}

on_both! {
    async fn a_database_of_an_earlier_build_is_refused_and_left_as_it_is(place) {
        place.set_up().await;
        let own = place.file("own.backup");
        place.done(&["backup", arg(&own)]).await;
        // Its first migration was another one.
        place.sql("UPDATE _sqlx_migrations SET description = 'practice', checksum = (SELECT hash FROM audit_heads LIMIT 1)").await;
        let before = state(place).await;
        assert!(before.1.len() == 2 && before.1[0] == "practice", "{:?}", before.1);
        let other = place.file("other.backup");
        for command in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["migrate"],
            &["check"],
            &["backup", arg(&other)],
            &["restore", arg(&own)],
        ] {
            let finished = place.muster(command).await;
            assert_eq!((finished.code, finished.stderr.trim_end()), (Some(1), DATABASE), "{command:?}");
            assert_eq!(state(place).await, before, "{command:?}");
        }
        assert!(!other.exists());
    }

    async fn a_backup_of_an_earlier_build_is_refused_and_nothing_is_restored(place) {
        let source = DatabaseArguments::sqlite();
        source.set_up().await;
        let file = source.file("own.backup");
        source.done(&["backup", arg(&file)]).await;
        let text = std::fs::read_to_string(&file).unwrap();
        let earlier = place.write("earlier.backup", &text.replacen("muster backup 2", "muster backup 1", 1));
        let finished = place.muster(&["restore", arg(&earlier)]).await;
        assert_eq!((finished.code, finished.stderr.trim_end()), (Some(1), BACKUP));
        assert_eq!(place.count("people").await, 0);
    }
}
