//! Whether a configuration makes sense.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use lettre::message::Mailbox;
use tracing_subscriber::filter::Targets;

use super::overrides::Overrides;
use super::{Config, SecretSource, Smtp};
use crate::log::Format;
use crate::secret;

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_DATA_DIR: &str = "./muster-data";
/// Soon, but out of the way of the start.
const DEFAULT_REMINDERS_AFTER: Duration = Duration::from_mins(2);
/// In seconds.
const LONGEST_WAIT: u64 = 24 * 60 * 60;
const DEFAULT_MAIL_FROM: &str = "Muster <muster@localhost>";

/// The configuration; every problem is noted, and with any there is none.
pub fn judge(given: Overrides, default_filter: &str, problems: &mut Vec<String>) -> Option<Config> {
    let mut note = |problem: Result<(), String>| {
        if let Err(problem) = problem {
            problems.push(problem);
        }
    };
    let mut keep = |slot: &mut Option<SocketAddr>, name: &str, text: &str| {
        note(address(name, text).map(|found| *slot = Some(found)));
    };
    let (mut listen, mut metrics_listen) = (None, None);
    keep(&mut listen, "listen", given.listen.as_deref().unwrap_or(DEFAULT_LISTEN));
    if let Some(text) = &given.metrics_listen {
        keep(&mut metrics_listen, "metrics-listen", text);
    }
    let data_dir = PathBuf::from(given.data_dir.as_deref().unwrap_or(DEFAULT_DATA_DIR));
    let mut database_url = String::new();
    note(database(given.database_url, &data_dir).map(|url| database_url = url));
    let mut public_url = None;
    if let Some(text) = &given.public_url {
        note(public(text).map(|url| public_url = Some(url)));
    }
    let mut trusted_proxies = Vec::new();
    for text in &given.trusted_proxy {
        note(network(text).map(|net| trusted_proxies.push(net)));
    }
    let mut smtp = None;
    if let Some(text) = &given.smtp_url {
        note(mail_server(text).map(|server| smtp = Some(server)));
    }
    let mut mail_from = None;
    note(sender(given.mail_from.as_deref().unwrap_or(DEFAULT_MAIL_FROM)).map(|sender| mail_from = Some(sender)));
    let mut reminders_after = DEFAULT_REMINDERS_AFTER;
    if let Some(text) = &given.reminders_after {
        note(seconds("reminders-after", text).map(|found| reminders_after = found));
    }
    let mut source = SecretSource::DataDirectory;
    note(secret_source(given.secret_key, given.secret_key_file).map(|found| source = found));
    let mut log = Targets::new();
    note(filter(given.log.as_deref().unwrap_or(default_filter)).map(|found| log = found));
    let mut log_format = Format::Text;
    note(format(given.log_format.as_deref()).map(|found| log_format = found));
    Some(Config {
        listen: listen?,
        database_url,
        data_dir,
        public_url,
        trusted_proxies,
        smtp,
        mail_from: mail_from?,
        metrics_listen,
        reminders_after,
        secret: source,
        log,
        log_format,
    })
}

fn seconds(name: &str, text: &str) -> Result<Duration, String> {
    let wrong = || format!("{name} “{text}” has to be a whole number of seconds, at most a day.");
    let found = text.trim().parse().map_err(|_| wrong())?;
    if found <= LONGEST_WAIT { Ok(Duration::from_secs(found)) } else { Err(wrong()) }
}

fn address(name: &str, text: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("{name} “{text}” is not an address and port such as 127.0.0.1:8080.");
    let mut found: Vec<SocketAddr> = text.to_socket_addrs().map_err(|_| wrong())?.collect();
    // A name may stand for both kinds; the older one is what people expect of “localhost”.
    found.sort_by_key(SocketAddr::is_ipv6);
    found.into_iter().next().ok_or_else(wrong)
}

fn database(given: Option<String>, data_dir: &std::path::Path) -> Result<String, String> {
    let Some(url) = given else { return Ok(format!("sqlite:{}", data_dir.join("muster.db").display())) };
    let known = url.strip_prefix("sqlite:").is_some_and(|path| !path.trim_start_matches('/').is_empty())
        || url.starts_with("postgres://")
        || url.starts_with("postgresql://");
    // The address itself may carry a password: it is not repeated.
    if known { Ok(url) } else { Err("database-url has to be sqlite:PATH or postgres://….".to_owned()) }
}

fn public(text: &str) -> Result<String, String> {
    let wrong = || format!("public-url “{text}” has to be like https://muster.example.org, without a path.");
    let url = text.trim().trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or_else(wrong)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(allowed) { Err(wrong()) } else { Ok(url.to_ascii_lowercase()) }
}

fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<std::net::IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| single())
        .map_err(|_| format!("trusted-proxy “{text}” is not an address or a range such as 10.0.0.0/8."))
}

fn mail_server(text: &str) -> Result<Smtp, String> {
    // A password may stand in it: it is not repeated.
    let wrong = "smtp-url has to be smtp://host:port, smtp+starttls://user:password@host:587 or \
                 smtps://user:password@host:465, without anything after the port.";
    let (scheme, rest) = text.trim().split_once("://").ok_or(wrong)?;
    let (sign_in, host) = rest.rsplit_once('@').map_or((None, rest), |(sign_in, host)| (Some(sign_in), host));
    let host = host.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', '?', '#', ' ']) {
        return Err(wrong.to_owned());
    }
    let url = match (scheme, sign_in) {
        ("smtp", None) => format!("smtp://{host}"),
        ("smtp", Some(_)) => {
            return Err("smtp-url would send a password unencrypted: use smtp+starttls:// or smtps://.".to_owned());
        }
        ("smtp+starttls", None) => format!("smtp://{host}?tls=required"),
        ("smtp+starttls", Some(sign_in)) => format!("smtp://{sign_in}@{host}?tls=required"),
        ("smtps", None) => format!("smtps://{host}"),
        ("smtps", Some(sign_in)) => format!("smtps://{sign_in}@{host}"),
        _ => return Err(wrong.to_owned()),
    };
    // What remains to be wrong, lettre finds.
    crate::background::mail_server_is_usable(&url).then_some(Smtp(url)).ok_or_else(|| wrong.to_owned())
}

fn sender(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|_| format!("mail-from “{text}” has to be like Muster <muster@example.org>."))
}

fn secret_source(key: Option<String>, file: Option<String>) -> Result<SecretSource, String> {
    match (key, file) {
        (Some(_), Some(_)) => Err("MUSTER_SECRET_KEY and a secret-key-file are both given; choose one.".to_owned()),
        (Some(key), None) => secret::parse(&key)
            .map(SecretSource::Overrides)
            .ok_or_else(|| "MUSTER_SECRET_KEY has to be at least 64 hexadecimal digits.".to_owned()),
        (None, Some(path)) => Ok(SecretSource::File(path.into())),
        (None, None) => Ok(SecretSource::DataDirectory),
    }
}

fn filter(text: &str) -> Result<Targets, String> {
    text.parse().map_err(|_| format!("MUSTER_LOG “{text}” has to be like warn,muster=info."))
}

fn format(text: Option<&str>) -> Result<Format, String> {
    match text {
        None | Some("text") => Ok(Format::Text),
        Some("json") => Ok(Format::Json),
        Some(other) => Err(format!("log-format “{other}” has to be text or json.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(given: Overrides) -> Vec<String> {
        let mut problems = Vec::new();
        let _ = judge(given, crate::log::DEFAULT_FILTER, &mut problems);
        problems
    }

    #[test]
    fn the_defaults_make_sense() {
        let mut problems = Vec::new();
        let config = judge(Overrides::default(), crate::log::DEFAULT_FILTER, &mut problems).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.database_url, "sqlite:./muster-data/muster.db");
        assert_eq!(config.secret, SecretSource::DataDirectory);
    }

    #[test]
    fn everything_wrong_is_named_at_once_and_no_password_is_repeated() {
        let found = problems(Overrides {
            listen: Some("nowhere".into()),
            database_url: Some("mysql://u:hunter2@h".into()),
            public_url: Some("ftp://x".into()),
            trusted_proxy: vec!["10.0.0.0/40".into(), "10.1.2.3".into()],
            smtp_url: Some("smtp://u:hunter2@h".into()),
            mail_from: Some("nobody".into()),
            metrics_listen: Some("x".into()),
            reminders_after: Some("-1".into()),
            secret_key: Some("short".into()),
            log: Some("muster=loud".into()),
            log_format: Some("xml".into()),
            ..Overrides::default()
        });
        let all = found.join(" ");
        assert_eq!(found.len(), 11, "{all}");
        assert!(!all.contains("hunter2"), "{all}");
    }

    #[test]
    fn mail_servers_are_written_in_three_ways() {
        let url = |text: &str| mail_server(text).map(|s| s.0);
        assert_eq!(url("smtp://127.0.0.1:1025").unwrap(), "smtp://127.0.0.1:1025");
        assert_eq!(url("smtp+starttls://u:p%40@h.example:587").unwrap(), "smtp://u:p%40@h.example:587?tls=required");
        assert_eq!(url("smtps://u:p@h.example:465").unwrap(), "smtps://u:p@h.example:465");
        for wrong in ["", "smtp://", "http://x", "smtps://h:x", "smtp://h:25?tls=required", "smtp://u@h:25"] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_public_url_is_an_origin() {
        assert_eq!(public("https://Muster.Example.org/").unwrap(), "https://muster.example.org");
        assert_eq!(public("http://[::1]:8080").unwrap(), "http://[::1]:8080");
        for wrong in ["", "https://", "https://x/y", "https://u@x", "javascript:alert(1)", "https://x?y"] {
            assert!(public(wrong).is_err(), "{wrong}");
        }
    }
}
