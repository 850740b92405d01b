//! `muster token create`: a personal access token, shown once.

use clap::{Args, Subcommand};
use muster_app::AppError;
use muster_app::sign_in::{NewToken, TokenOwner};
use serde_json::json;

use crate::cli::{DatabaseArguments, Output};
use crate::exit::{ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::say;

/// Personal access tokens
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each command is described at its arguments
pub enum TokenCommand {
    Create(TokenArguments),
}

/// Make a personal access token for somebody and print it, this once
#[derive(Args, Debug)]
#[command(after_help = "\
Scopes: people:read people:write bulk licenses billing reach audit:read check admin

Examples:
  muster token create --username mara --scope people:read --scope check --expires 30d
  TOKEN=$(muster token create --username mara --scope people:read,people:write)")]
pub struct TokenArguments {
    /// User name or email of the person it acts for
    #[arg(long, value_name = "NAME")]
    username: String,
    /// What it may be used for; repeated, or with commas
    #[arg(long, value_name = "SCOPE", required = true, value_delimiter = ',')]
    scope: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "NAME", default_value = "Command line")]
    name: String,
    /// How long it works: 30d, 12w, 1y [default: until it is revoked]
    #[arg(long, value_name = "TIME", value_parser = days)]
    expires: Option<i64>,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Makes one.
pub async fn run(place: DatabaseArguments, arguments: TokenArguments) -> Result<ExitStatus, Failure> {
    let owner = TokenOwner { username: arguments.username };
    let new = NewToken { name: arguments.name, scopes: arguments.scope, expires_in_days: arguments.expires };
    with(place.given(), Schema::Prepare, async |app| {
    let (token, secret) = app.create_token_for(&owner, &new).await.map_err(|error| match error {
        AppError::NotFound => Failure::new(format!("Nobody signs in as “{}”.", owner.username)),
        other => other.into(),
    })?;
    if arguments.output.json {
        let scopes: Vec<&str> = token.scopes.split(' ').collect();
        let expires_at = token.expires_at.map(|at| at.to_string());
        let answer =
            json!({"id": token.id, "token": secret, "name": token.name, "scopes": scopes, "expires_at": expires_at});
        say(&answer.to_string());
    } else {
        say(&secret);
    }
    Ok(ExitStatus::Done)
    })
    .await
}

/// Days of `30d`, `12w` or `1y`.
fn days(text: &str) -> Result<i64, String> {
    let wrong = || "write it as 30d, 12w or 1y".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let each = match unit {
        'd' => 1,
        'w' => 7,
        'y' => 365,
        _ => return Err(wrong()),
    };
    let count: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    count.checked_mul(each).filter(|days| (1..=3650).contains(days)).ok_or_else(|| "1 to 3650 days".to_owned())
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn times_are_written_in_days_weeks_or_years() {
        assert_eq!(days("30d").unwrap(), 30);
        assert_eq!(days("2w").unwrap(), 14);
        assert_eq!(days("1y").unwrap(), 365);
        for wrong in ["", "d", "30", "-1d", "0d", "3651d", "9223372036854775807y", "1é"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
