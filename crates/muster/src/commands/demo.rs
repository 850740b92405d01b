//! What `serve --demo` puts into its throw-away database, and the sign-ins it shows.

use muster_app::App;
use muster_app::generate::DemoSignIn;

use crate::exit::Failure;
use crate::output::say;

/// Fills the database and gives the table of sign-ins.
pub async fn fill(app: &App) -> Result<String, Failure> {
    Ok(table(&app.demo().await?.sign_ins))
}

/// Shows the table.
pub fn show(table: &str) {
    say("This is a demo: nobody in it exists, and it is gone when Muster stops. Sign in as:\n");
    say(table);
}

fn table(sign_ins: &[DemoSignIn]) -> String {
    let wide = |cell: fn(&DemoSignIn) -> &str, head: &str| {
        sign_ins.iter().map(|s| cell(s).chars().count()).max().unwrap_or(0).max(head.len())
    };
    let (names, passwords) = (wide(|s| &s.username, "User name"), wide(|s| &s.password, "Password"));
    let line = |name: &str, password: &str, what: &str| format!("  {name:names$}  {password:passwords$}  {what}\n");
    let mut out = line("User name", "Password", "Who");
    for one in sign_ins {
        out.push_str(&line(&one.username, &one.password, one.what));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_stand_under_each_other() {
        let somebody = |name: &str, what| DemoSignIn { username: name.into(), password: "secret".into(), what };
        let shown = table(&[somebody("mara", "Manager"), somebody("maximiliane", "Therapist")]);
        assert_eq!(
            shown,
            "  User name    Password  Who\n  mara         secret    Manager\n  maximiliane  secret    Therapist\n"
        );
    }
}
