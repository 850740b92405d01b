//! How the program ends: its exit code, and the one sentence that says why it failed.

use std::fmt::Display;
use std::process::ExitCode;

use muster_app::AppError;
use muster_app::transfer::TransferError;
use muster_domain::Refusals;
use muster_store::StoreError;
use serde_json::json;

/// An end that is not a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// All of it.
    Done,
    /// Part of it; the report says which.
    Partly,
    /// None of it, and the report has said why.
    Nothing,
}

impl ExitStatus {
    /// The exit code.
    pub fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Nothing => 1,
            Self::Partly => 2,
        })
    }
}

/// A failure, in words for the person who typed the command.
#[derive(Debug)]
pub struct Failure {
    sentence: String,
    refusals: Option<Refusals>,
}

impl Failure {
    /// With this sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), refusals: None }
    }

    /// Tells it on standard error, and for programs on standard output as well.
    pub fn tell(&self, json: bool) -> ExitCode {
        if json {
            let errors = self.refusals.as_ref().map(|refusals| {
                let each = refusals.0.iter();
                each.map(|r| json!({"field": r.field, "code": r.code.as_str(), "message": r.message}))
                    .collect::<Vec<_>>()
            });
            let answer = json!({"error": self.sentence, "errors": errors.unwrap_or_default()});
            // A reader that is gone still gets the exit code.
            let _ = crate::output::line(&answer.to_string());
        }
        eprintln!("{}", self.sentence);
        ExitCode::FAILURE
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Refused(refusals) => Self { sentence: refusals.to_string(), refusals: Some(refusals) },
            // The operator may see details that clients may not.
            AppError::Internal(text) => Self::new(format!("Something went wrong: {text}. Nothing was saved.")),
            other => Self::new(other.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(match error {
            StoreError::Unavailable(text) => format!("The database cannot be reached: {text}."),
            StoreError::ReadOnly(text) => format!("The database cannot be written: {text}."),
            StoreError::EarlierBuild => error.to_string(),
            other => format!("The database refused: {other}."),
        })
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::App(error) => error.into(),
            other => Self::new(other.to_string()),
        }
    }
}

/// Adds what was attempted to a failure of the system.
pub trait Attempt<T> {
    /// The failure reads “`what`: reason.”
    fn attempt(self, what: impl Display) -> Result<T, Failure>;
}

impl<T> Attempt<T> for std::io::Result<T> {
    fn attempt(self, what: impl Display) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{what}: {error}.")))
    }
}

/// Shows help and version as asked; anything else is a mistake on the command line, told in one sentence. Its exit
/// code is 1: clap's own 2 means “done in part” here.
pub fn of_usage(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
    if matches!(error.kind(), DisplayHelp | DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    if text.contains("Commands:") {
        // Nothing was asked for: the help is the best answer.
        eprint!("{text}");
        return ExitCode::FAILURE;
    }
    let told = text.split("\n\nUsage:").next().unwrap_or(&text);
    let words: Vec<&str> = told.trim_start_matches("error: ").split_whitespace().collect();
    let mut sentence = words.join(" ");
    if let Some(first) = sentence.get(..1).map(str::to_uppercase) {
        sentence.replace_range(..1, &first);
    }
    eprintln!("{}. See --help.", sentence.trim_end_matches('.'));
    ExitCode::FAILURE
}
