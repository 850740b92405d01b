//! Flags, environment and file.

use std::os::unix::fs::PermissionsExt;

use crate::place::{DatabaseArguments, arg};

#[tokio::test]
async fn unknown_keys_of_the_file_are_refused_by_name_together_with_everything_else() {
    let place = DatabaseArguments::sqlite();
    let file = place.write("other.toml", "lisen = \"x\"\nlog_format = \"xml\"\n");
    let finished = place.muster(&["migrate", "--config", arg(&file), "--database-url", "mysql://x"]).await;
    assert_eq!(finished.code, Some(1));
    for named in ["“lisen”", "log-format", "database-url"] {
        assert!(finished.stderr.contains(named), "{named} in {}", finished.stderr);
    }
    assert!(!place.data().exists(), "nothing is made before the configuration makes sense");
}

#[tokio::test]
async fn a_flag_outranks_the_environment_and_that_the_file() {
    let place = DatabaseArguments::sqlite();
    place.write("muster.toml", "data_dir = \"from-file\"\n");
    let migrate = || muster_testkit::program::Program::new(["migrate"]).in_directory(place.file(""));
    let made = |name: &str| place.file(name).join("muster.db").exists();

    assert_eq!(migrate().run().await.code, Some(0));
    assert!(made("from-file"));
    assert_eq!(migrate().env("MUSTER_DATA_DIR", "from-environment").run().await.code, Some(0));
    assert!(made("from-environment"));
    let flag = muster_testkit::program::Program::new(["migrate", "--data-dir", "from-flag"]);
    let flag = flag.in_directory(place.file("")).env("MUSTER_DATA_DIR", "unused");
    assert_eq!(flag.run().await.code, Some(0));
    assert!(made("from-flag") && !made("unused"));
}

#[tokio::test]
async fn only_the_owner_reads_data_and_secret() {
    let place = DatabaseArguments::sqlite();
    place.set_up().await;
    let mode = |name: &str| std::fs::metadata(place.data().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("secret.key"), mode("muster.db")), (0o700, 0o600, 0o600));
}

#[tokio::test]
async fn a_mistake_on_the_command_line_is_one_sentence_and_not_done_in_part() {
    let place = DatabaseArguments::sqlite();
    for wrong in [vec!["serve", "--nope"], vec!["setup"], vec!["fly"], vec!["token", "create"]] {
        let finished = place.muster(&wrong).await;
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
    }
    assert!(place.done(&["serve", "--help"]).await.contains("MUSTER_TRUSTED_PROXY"));
}

#[tokio::test]
async fn commands_that_only_look_make_no_database() {
    let place = DatabaseArguments::sqlite();
    for looking in [vec!["check"], vec!["audit", "verify"], vec!["backup", "b"], vec!["export", "--organization", "x"]]
    {
        let finished = place.muster(&looking).await;
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains("no database"), "{finished:?}");
    }
    assert!(!place.data().exists());
}
