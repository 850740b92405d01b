//! Settings as somebody wrote them, not judged yet.

use std::path::PathBuf;

/// What one source says; anything may be missing.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // each is the setting of that name
pub struct Overrides {
    pub config: Option<PathBuf>,
    pub listen: Option<String>,
    pub database_url: Option<String>,
    pub data_dir: Option<String>,
    pub public_url: Option<String>,
    pub trusted_proxy: Vec<String>,
    pub smtp_url: Option<String>,
    pub mail_from: Option<String>,
    pub metrics_listen: Option<String>,
    pub reminders_after: Option<String>,
    pub secret_key_file: Option<String>,
    pub secret_key: Option<String>,
    pub log: Option<String>,
    pub log_format: Option<String>,
}

impl Overrides {
    /// The environment. An empty variable counts as none: container tools pass those.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
        Self {
            config: read("MUSTER_CONFIG").map(PathBuf::from),
            listen: read("MUSTER_LISTEN"),
            database_url: read("MUSTER_DATABASE_URL"),
            data_dir: read("MUSTER_DATA_DIR"),
            public_url: read("MUSTER_PUBLIC_URL"),
            trusted_proxy: read("MUSTER_TRUSTED_PROXY").map(|text| listed(&text)).unwrap_or_default(),
            smtp_url: read("MUSTER_SMTP_URL"),
            mail_from: read("MUSTER_MAIL_FROM"),
            metrics_listen: read("MUSTER_METRICS_LISTEN"),
            reminders_after: read("MUSTER_REMINDERS_AFTER"),
            secret_key_file: read("MUSTER_SECRET_KEY_FILE"),
            secret_key: read("MUSTER_SECRET_KEY"),
            log: read("MUSTER_LOG"),
            log_format: read("MUSTER_LOG_FORMAT"),
        }
    }

    /// What this source leaves open comes from the next.
    pub fn or(self, next: Self) -> Self {
        let own_secret = self.secret_key.is_some() || self.secret_key_file.is_some();
        Self {
            config: self.config.or(next.config),
            listen: self.listen.or(next.listen),
            database_url: self.database_url.or(next.database_url),
            data_dir: self.data_dir.or(next.data_dir),
            public_url: self.public_url.or(next.public_url),
            trusted_proxy: if self.trusted_proxy.is_empty() { next.trusted_proxy } else { self.trusted_proxy },
            smtp_url: self.smtp_url.or(next.smtp_url),
            mail_from: self.mail_from.or(next.mail_from),
            metrics_listen: self.metrics_listen.or(next.metrics_listen),
            reminders_after: self.reminders_after.or(next.reminders_after),
            // The secret comes from one source: the strongest that names any.
            secret_key: if own_secret { self.secret_key } else { next.secret_key },
            secret_key_file: if own_secret { self.secret_key_file } else { next.secret_key_file },
            log: self.log.or(next.log),
            log_format: self.log_format.or(next.log_format),
        }
    }
}

/// The entries of a list written with commas or spaces.
pub fn listed(text: &str) -> Vec<String> {
    text.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stronger_source_wins_and_an_empty_variable_is_none() {
        let flags = Overrides { listen: Some("flag".into()), ..Overrides::default() };
        let environment = Overrides::from_environment(|name| match name {
            "MUSTER_LISTEN" | "MUSTER_DATA_DIR" => Some("environment".to_owned()),
            "MUSTER_SMTP_URL" => Some(" ".to_owned()),
            "MUSTER_TRUSTED_PROXY" => Some("10.0.0.0/8, ::1".to_owned()),
            _ => None,
        });
        let file = Overrides { data_dir: Some("file".into()), smtp_url: Some("file".into()), ..Overrides::default() };
        let merged = flags.or(environment).or(file);
        assert_eq!(merged.listen.as_deref(), Some("flag"));
        assert_eq!(merged.data_dir.as_deref(), Some("environment"));
        assert_eq!(merged.smtp_url.as_deref(), Some("file"));
        assert_eq!(merged.trusted_proxy, ["10.0.0.0/8", "::1"]);
    }
}
