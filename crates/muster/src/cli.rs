//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    admin, audit, backup, check, export, generate, import, jobs, licenses, migrate, openapi, restore, serve, setup,
    token,
};
use crate::config::Overrides;

/// Who may do what in a rehab-therapy practice: staff accounts, permissions, licenses.
#[derive(Debug, Parser)]
#[command(name = "muster", version, propagate_version = true, after_help = AFTER)]
pub struct Cli {
    /// Where the data is.
    #[command(flatten)]
    pub place: DatabaseArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "\
Examples:
  muster serve --demo
  muster setup --organization 'Harbor Therapy' --username mara --email mara@harbor.example --password-stdin
  muster backup /var/backups/muster.backup

Exit codes: 0 done, 1 failed with a sentence on standard error, 2 done in part.";

/// Where the data is, for every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Where the data is")]
pub struct DatabaseArguments {
    /// Directory of the database file, the secret key and the outbox [env: MUSTER_DATA_DIR] [default: ./muster-data]
    #[arg(long, global = true, value_name = "PATH")]
    data_dir: Option<String>,
    /// sqlite:PATH or postgres://… [env: MUSTER_DATABASE_URL] [default: sqlite:<data-dir>/muster.db]
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// File with the installation's secret: at least 64 hexadecimal digits [env: MUSTER_SECRET_KEY_FILE, or the digits
    /// themselves in MUSTER_SECRET_KEY] [default: <data-dir>/secret.key, made on first use]
    #[arg(long, global = true, value_name = "PATH")]
    secret_key_file: Option<String>,
    /// Configuration file [env: MUSTER_CONFIG] [default: ./muster.toml, if there is one]
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    /// How log lines look: text or json [env: MUSTER_LOG_FORMAT; what is logged: MUSTER_LOG=warn,muster=info]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl DatabaseArguments {
    /// As the configuration takes it.
    pub fn given(self) -> Overrides {
        Overrides {
            config: self.config,
            data_dir: self.data_dir,
            database_url: self.database_url,
            secret_key_file: self.secret_key_file,
            log_format: self.log_format,
            ..Overrides::default()
        }
    }
}

/// For commands that tell something.
#[derive(Args, Clone, Copy, Debug)]
pub struct Output {
    /// Answer in JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each is described where it is implemented
pub enum Command {
    Serve(serve::ServeArguments),
    Setup(setup::SetupArguments),
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    #[command(subcommand)]
    Token(token::TokenCommand),
    #[command(subcommand)]
    Licenses(licenses::LicensesCommand),
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    Import(import::ImportArguments),
    Export(export::ExportArguments),
    Backup(backup::BackupArguments),
    Restore(restore::RestoreArguments),
    Migrate(migrate::MigrateArguments),
    Check(check::CheckArguments),
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    Openapi(openapi::OpenApiArguments),
    Generate(generate::GenerateArguments),
}

impl Command {
    /// True when the answer is for a program.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::Serve(_) | Self::Openapi(_) | Self::Export(_) => false,
            Self::Setup(a) => a.output.json,
            Self::Admin(admin::AdminCommand::Create(a)) => a.output.json,
            Self::Token(token::TokenCommand::Create(a)) => a.output.json,
            Self::Licenses(command) => command.output().json,
            Self::Jobs(command) => command.output().json,
            Self::Import(a) => a.output.json,
            Self::Backup(a) => a.output.json,
            Self::Restore(a) => a.output.json,
            Self::Migrate(a) => a.output.json,
            Self::Check(a) => a.output.json,
            Self::Audit(audit::AuditCommand::Verify(a)) => a.output.json,
            Self::Audit(audit::AuditCommand::Seal(a)) => a.output.json,
            Self::Generate(a) => a.output.json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_description_of_its_own_and_an_example() {
        use clap::CommandFactory;
        let command = Cli::command();
        command.clone().debug_assert();
        let mut said = std::collections::BTreeSet::new();
        for top in command.get_subcommands() {
            let leaves: Vec<_> = if top.has_subcommands() { top.get_subcommands().collect() } else { vec![top] };
            for leaf in leaves {
                let help = leaf.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("muster "), "{} has no example", leaf.get_name());
                let about = leaf.get_about().map(ToString::to_string).unwrap_or_default();
                assert!(!about.is_empty() && said.insert(about), "{} is described like another", leaf.get_name());
            }
        }
    }
}
