//! How a person is reached and named for signing in.

use std::str::FromStr;

use crate::refusal::{Code, Refusal};
use crate::text::{LONGEST_NAME, is_unprintable};

/// An email as typed, trimmed; the syntax of RFC 5321, at most 100 characters, no header tricks.
pub fn check_email(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.chars().count() > LONGEST_NAME {
        return Err(Refusal::new("email", Code::TooLong).about(&["The email"]));
    }
    let domain_has_dot = text.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.'));
    let odd = text.chars().any(|c| is_unprintable(c) || c.is_whitespace() || matches!(c, '<' | '>' | '"' | ',' | ';'));
    if odd || !domain_has_dot || email_address::EmailAddress::from_str(text).is_err() {
        return Err(Refusal::new("email", Code::EmailInvalid));
    }
    Ok(text.to_owned())
}

/// A user name: letters and digits of any script and a few marks, 2 to 100 characters, no spaces.
pub fn check_username(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let length = text.chars().count();
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+' | '\'');
    if length == 0 {
        return Err(Refusal::new("username", Code::Required).about(&["A user name"]));
    }
    if !(2..=LONGEST_NAME).contains(&length) || !text.chars().all(allowed) {
        return Err(Refusal::new("username", Code::UsernameInvalid));
    }
    Ok(text.to_owned())
}

/// A phone number as people write it.
pub fn check_phone(text: &str) -> Result<String, Refusal> {
    let text = crate::text::tidy(text);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '.' | '(' | ')' | '/' | 'x' | 'X');
    if !(7..=20).contains(&digits) || !text.chars().all(allowed) || text.len() > 40 {
        return Err(Refusal::new("phone", Code::PhoneInvalid));
    }
    Ok(text)
}

/// US states, the District of Columbia and the territories that license therapists.
const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI";

/// The two-letter abbreviation of a US state or territory, upper case.
pub fn check_state(text: &str) -> Result<String, Refusal> {
    let state = text.trim().to_uppercase();
    if STATES.split(' ').any(|s| s == state) {
        Ok(state)
    } else {
        Err(Refusal::new("license_state", Code::StateInvalid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_people_have_are_accepted_and_tricks_are_not() {
        for good in ["mara@saco.example", "o'neil+pt@a-b.example.org", "josé@clínica.example"] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        let long = format!("{}@saco.example", "a".repeat(100));
        for bad in [
            "",
            "mara",
            "mara@saco",
            "a@b@c.example",
            "mara@saco.example\r\nBcc: x@y.example",
            "Mara <m@s.example>",
            "a,b@c.example",
            &long,
        ] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn user_names_may_be_of_any_script_but_hold_no_spaces() {
        for good in ["mh", "mharlow", "m.harlow@saco", "محمد", "李雷"] {
            assert!(check_username(good).is_ok(), "{good}");
        }
        for bad in ["", "m", "mara harlow", "a\u{202e}b", "<script>", &"x".repeat(101)] {
            assert!(check_username(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn phones_and_states() {
        assert!(check_phone("(207) 555-0142 x12").is_ok());
        assert!(check_phone("555").is_err());
        assert!(check_phone("call me").is_err());
        assert_eq!(check_state(" me ").unwrap(), "ME");
        assert!(check_state("XX").is_err());
    }
}
