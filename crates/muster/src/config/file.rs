//! `muster.toml`: the same settings with underscores. A key nobody knows is a typing mistake and is refused by name.

use std::io::ErrorKind;
use std::path::Path;

use toml::{Table, Value};

use super::overrides::Overrides;

/// Read when no other file is named, if it is there.
const DEFAULT: &str = "muster.toml";

/// Settings of the file; what is wrong with it goes to `problems`.
pub fn read(named: Option<&Path>, problems: &mut Vec<String>) -> Overrides {
    let path = named.unwrap_or(Path::new(DEFAULT));
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, &path.display().to_string(), problems),
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Overrides::default(),
        Err(error) => {
            problems.push(format!("The configuration file {} cannot be read: {error}.", path.display()));
            Overrides::default()
        }
    }
}

fn parse(text: &str, name: &str, problems: &mut Vec<String>) -> Overrides {
    let mut given = Overrides::default();
    let table = match text.parse::<Table>() {
        Ok(table) => table,
        Err(error) => {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            problems.push(format!("{name} is not valid TOML: line {line}: {}.", error.message()));
            return given;
        }
    };
    for (key, value) in table {
        let place = match key.as_str() {
            "listen" => &mut given.listen,
            "database_url" => &mut given.database_url,
            "data_dir" => &mut given.data_dir,
            "public_url" => &mut given.public_url,
            "smtp_url" => &mut given.smtp_url,
            "mail_from" => &mut given.mail_from,
            "metrics_listen" => &mut given.metrics_listen,
            "reminders_after" => &mut given.reminders_after,
            "secret_key_file" => &mut given.secret_key_file,
            "log" => &mut given.log,
            "log_format" => &mut given.log_format,
            "trusted_proxy" => {
                match texts(value) {
                    Some(entries) => given.trusted_proxy = entries,
                    None => problems.push(format!("{name}: trusted_proxy has to be a text or a list of texts.")),
                }
                continue;
            }
            _ => {
                problems.push(format!("{name}: there is no setting “{key}”."));
                continue;
            }
        };
        match value {
            Value::String(text) => *place = Some(text),
            _ => problems.push(format!("{name}: {key} has to be a text in quotation marks.")),
        }
    }
    given
}

fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(entries) => entries.into_iter().map(|e| e.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unknown_key_and_wrong_kind_is_named() {
        let mut problems = Vec::new();
        let text = "listen = 8080\nlisen = \"x\"\ndata_dir = \"d\"\ntrusted_proxy = [1]\n[smtp]\nurl = \"x\"";
        let given = parse(text, "muster.toml", &mut problems);
        assert_eq!(given.data_dir.as_deref(), Some("d"));
        let all = problems.join(" ");
        for named in ["listen has to be a text", "“lisen”", "trusted_proxy has to be", "“smtp”"] {
            assert!(all.contains(named), "{named} in {all}");
        }
        assert_eq!(problems.len(), 4);
    }

    #[test]
    fn text_that_is_no_toml_is_told_with_its_line() {
        let mut problems = Vec::new();
        parse("listen = \"a\"\n\nwhat is this", "muster.toml", &mut problems);
        assert!(problems[0].contains("line 3"), "{problems:?}");
    }
}
