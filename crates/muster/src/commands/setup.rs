//! `muster setup`: the first organization and its first manager without a browser.

use clap::Args;
use muster_app::organizations::NewOrganization;
use serde_json::json;

use super::password::PasswordSource;
use crate::cli::{DatabaseArguments, Output};
use crate::exit::{ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::say;

/// Set up the first organization with its company admin, for scripts; refuses a database that has one
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  echo 'Tr4velling-oak-Kestrel' | muster setup --organization 'Harbor Therapy' \\
      --username mara --email mara@harbor.example --password-stdin")]
pub struct SetupArguments {
    /// Name of the practice group
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// User name of the first manager
    #[arg(long, value_name = "NAME")]
    username: String,
    /// Email of the first manager
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    password: PasswordSource,
    /// Given name [default: made from the user name]
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,
    /// Family name [default: made from the user name]
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    /// IANA time zone
    #[arg(long, value_name = "ZONE", default_value = "America/New_York")]
    time_zone: String,
    /// Name of the first clinic [default: that of the organization]
    #[arg(long, value_name = "NAME")]
    clinic: Option<String>,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Sets up.
pub async fn run(place: DatabaseArguments, arguments: SetupArguments) -> Result<ExitStatus, Failure> {
    let password = arguments.password.read()?;
    let (first, last) = names(&arguments.username);
    let new = NewOrganization {
        clinic_name: arguments.clinic.unwrap_or_else(|| arguments.organization.clone()),
        organization_name: arguments.organization,
        time_zone: arguments.time_zone,
        first_name: arguments.first_name.unwrap_or(first),
        last_name: arguments.last_name.unwrap_or(last),
        username: arguments.username,
        email: arguments.email,
        password,
        password_confirmation: None,
    };
    with(place.given(), Schema::Prepare, async |app| {
        let made = app.set_up(&new).await?;
        if arguments.output.json {
            let ids = json!({"organization_id": made.organization, "clinic_id": made.clinic, "person_id": made.person});
            say(&ids.to_string());
        } else {
            say(&format!("{} is set up. {} can sign in now.", new.organization_name, new.username));
        }
        Ok(ExitStatus::Done)
    })
    .await
}

/// Names to begin with: `mara.harlow` is Mara Harlow, `mara` is Mara Admin.
fn names(username: &str) -> (String, String) {
    let local = username.split('@').next().unwrap_or(username);
    let mut words = local.split(['.', '-', '_', ' ']).filter(|word| !word.is_empty()).map(capitalized);
    let first = words.next().unwrap_or_else(|| "First".to_owned());
    let last: Vec<String> = words.collect();
    (first, if last.is_empty() { "Admin".to_owned() } else { last.join(" ") })
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_made_from_the_user_name() {
        assert_eq!(names("mara.harlow"), ("Mara".into(), "Harlow".into()));
        assert_eq!(names("mara"), ("Mara".into(), "Admin".into()));
        assert_eq!(names("élan_van-dijk@x.example"), ("Élan".into(), "Van Dijk".into()));
        assert_eq!(names("._"), ("First".into(), "Admin".into()));
    }
}
