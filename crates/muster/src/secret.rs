//! The installation's secret, which lies beside the database and never in it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use muster_app::{Entropy, SystemEntropy};

use crate::config::{Config, SecretSource};
use crate::exit::{Attempt, Failure};

/// Bytes of a secret Muster makes, and the fewest it accepts.
const LENGTH: usize = 32;

/// The configured secret; made on first use when it lies in the data directory.
pub fn load(config: &Config) -> Result<Vec<u8>, Failure> {
    match &config.secret {
        SecretSource::Overrides(bytes) => Ok(bytes.clone()),
        SecretSource::File(path) => {
            let text =
                fs::read_to_string(path).attempt(format!("The secret key file {} cannot be read", path.display()))?;
            parse_file(&text, path)
        }
        SecretSource::DataDirectory => {
            let path = config.data_dir.join("secret.key");
            match fs::read_to_string(&path) {
                Ok(text) => parse_file(&text, &path),
                Err(error) if error.kind() == ErrorKind::NotFound => make(&path),
                Err(error) => Err(Failure::new(format!("The secret key {} cannot be read: {error}.", path.display()))),
            }
        }
    }
}

fn parse_file(text: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    parse(text).ok_or_else(|| {
        Failure::new(format!("{} does not hold a secret key: at least 64 hexadecimal digits.", path.display()))
    })
}

/// A secret written in hexadecimal digits.
pub fn parse(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if !text.is_ascii() || !text.len().is_multiple_of(2) || text.len() < 2 * LENGTH {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Of several programs that start at once, one makes the secret and the others read it: the link into place happens
/// whole or not at all.
fn make(path: &Path) -> Result<Vec<u8>, Failure> {
    if let Some(directory) = path.parent() {
        private_directory(directory)?;
    }
    let mut bytes = [0_u8; LENGTH];
    SystemEntropy::new().fill(&mut bytes);
    let what = format!("The secret key {} cannot be written", path.display());
    let mut own = [0_u8; 8];
    SystemEntropy::new().fill(&mut own);
    let unfinished = path.with_extension(format!("unfinished-{}", digits(&own)));
    let linked = private_file(&unfinished).and_then(|mut file| {
        writeln!(file, "{}", digits(&bytes))?;
        file.sync_all()?;
        fs::hard_link(&unfinished, path)
    });
    let _ = fs::remove_file(&unfinished);
    match linked {
        Ok(()) => Ok(bytes.to_vec()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            parse_file(&fs::read_to_string(path).attempt(what)?, path)
        }
        Err(error) => Err(error).attempt(what),
    }
}

fn digits(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A new file only its owner reads.
pub fn private_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a directory, and those above it, that only its owner enters. One that is there stays as it is.
pub fn private_directory(path: &Path) -> Result<(), Failure> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let what = format!("The directory {} cannot be made", path.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).attempt(&what)?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).attempt(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_at_least_64_hexadecimal_digits() {
        assert_eq!(parse(&"ab".repeat(32)).unwrap(), vec![0xab; 32]);
        assert_eq!(parse(&format!(" {}\n", "0F".repeat(40))).unwrap().len(), 40);
        for wrong in ["", "abc", &"ab".repeat(31), &"xy".repeat(32), &format!("{}a", "ab".repeat(32)), &"é".repeat(64)]
        {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/data/secret.key");
        let made = make(&path).unwrap();
        assert_eq!(make(&path).unwrap(), made);
        assert_eq!(parse(&fs::read_to_string(&path).unwrap()).unwrap(), made);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
    }
}
