//! A human being of an organization.

use serde::Serialize;

use super::{check_email, check_phone, check_username, npi};
use crate::ids::{OrganizationId, PersonId};
use crate::refusal::{Code, Refusal, Refusals};
use crate::text::{LONGEST_NAME, is_unprintable, search_key, tidy, unique_key};

/// Previous names that can be typed.
const MOST_PREVIOUS_NAMES: usize = 20;

/// One human being. Field names are those of the JSON contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Identity, also of the sign-in.
    pub id: PersonId,
    /// The practice group.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// The name as shown; made from the two others unless typed.
    pub full_name: String,
    /// Names this person had before.
    pub previous_names: Vec<String>,
    /// Where messages go; none on imported profiles that still need one.
    pub email: Option<String>,
    /// As typed.
    pub phone: Option<String>,
    /// Ten digits; possibly the placeholder.
    pub npi: Option<String>,
    /// What the person signs in with.
    pub username: String,
}

impl Person {
    /// A person without any data yet.
    pub fn blank(organization: OrganizationId, id: PersonId) -> Self {
        Self {
            id,
            organization,
            first_name: String::new(),
            last_name: String::new(),
            full_name: String::new(),
            previous_names: Vec::new(),
            email: None,
            phone: None,
            npi: None,
            username: String::new(),
        }
    }

    /// Sort key: family name, then given name, accents and case aside.
    pub fn sort_key(&self) -> String {
        search_key(&format!("{} {}", self.last_name, self.first_name))
    }

    /// Everything a search looks through, in one folded text: the name both ways round and without its marks (so that
    /// "obri" finds O'Brien), user name, email and NPI.
    pub fn search_text(&self) -> String {
        let turned = format!("{} {}", self.last_name, self.first_name);
        let plain: String = self.full_name.chars().filter(|c| !matches!(c, '\'' | '’' | '-' | '.')).collect();
        let mut parts = vec![self.full_name.as_str(), &turned];
        if plain != self.full_name {
            parts.push(&plain);
        }
        parts.push(&self.username);
        parts.extend(self.email.as_deref());
        parts.extend(self.npi.as_deref());
        search_key(&parts.join("\n"))
    }

    /// The words a password must not contain.
    pub fn personal_words(&self) -> Vec<String> {
        let mut words: Vec<String> = [&self.first_name, &self.last_name, &self.username]
            .into_iter()
            .flat_map(|w| w.split_whitespace().map(str::to_owned))
            .collect();
        words.push(self.username.clone());
        if let Some((local, _)) = self.email.as_deref().and_then(|e| e.split_once('@')) {
            words.push(local.to_owned());
        }
        words
    }
}

/// Who holds a name, email or NPI that someone else wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameOwner {
    /// A person the actor may see; carries the name.
    Visible(String),
    /// Anyone else, here or at another practice.
    Hidden,
}

impl NameOwner {
    /// How the sentence names the owner.
    pub fn described(&self) -> &str {
        match self {
            Self::Visible(name) => name,
            Self::Hidden => "someone you cannot see, perhaps at another practice",
        }
    }
}

/// The fields of a person a change may carry. `None` leaves a field alone, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonPatch {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Shown name; empty means "made from first and last name".
    pub full_name: Option<String>,
    /// Names this person had before.
    pub previous_names: Option<Vec<String>>,
    /// Email.
    pub email: Option<Option<String>>,
    /// Phone.
    pub phone: Option<Option<String>>,
    /// NPI.
    pub npi: Option<Option<String>>,
    /// User name.
    pub username: Option<String>,
}

/// A human name of any script: trimmed, not empty, at most 100 characters, nothing unprintable.
pub fn human_name(field: &'static str, label: &str, text: &str) -> Result<String, Refusal> {
    let name = tidy(text);
    if name.is_empty() {
        return Err(Refusal::new(field, Code::Required).about(&[label]));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(Refusal::new(field, Code::TooLong).about(&[label]));
    }
    if text.trim().chars().any(|c| is_unprintable(c) && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(Refusal::new(field, Code::UnprintableCharacters).about(&[label]));
    }
    Ok(name)
}

fn emptied(text: Option<&String>) -> Option<&str> {
    text.map(|t| t.trim()).filter(|t| !t.is_empty())
}

impl PersonPatch {
    /// The person after this change; every problem is noted, and what is wrong keeps its old value.
    pub fn apply(&self, before: &Person, refusals: &mut Refusals) -> Person {
        let mut after = before.clone();
        if let Some(name) = &self.first_name {
            after.first_name =
                refusals.take(human_name("first_name", "The first name", name)).unwrap_or(after.first_name);
        }
        if let Some(name) = &self.last_name {
            after.last_name = refusals.take(human_name("last_name", "The last name", name)).unwrap_or(after.last_name);
        }
        self.apply_shown_name(before, &mut after, refusals);
        if let Some(names) = &self.previous_names {
            after.previous_names = names
                .iter()
                .filter(|n| !n.trim().is_empty())
                .filter_map(|n| {
                    // One that Muster noted by itself may be as long as a first and a last name together.
                    let known = before.previous_names.iter().find(|known| **known == tidy(n));
                    known.cloned().or_else(|| refusals.take(human_name("previous_names", "A previous name", n)))
                })
                .collect();
            if after.previous_names.len() > MOST_PREVIOUS_NAMES.max(before.previous_names.len()) {
                let most = MOST_PREVIOUS_NAMES.to_string();
                refusals.push(Refusal::new("previous_names", Code::TooManyPreviousNames).about(&[&most]));
            }
        } else if !before.full_name.is_empty() && unique_key(&before.full_name) != unique_key(&after.full_name) {
            // Kept by itself, so that the person is still found and not entered a second time.
            after.previous_names.retain(|n| unique_key(n) != unique_key(&before.full_name));
            after.previous_names.push(before.full_name.clone());
        }
        if let Some(email) = &self.email {
            after.email = emptied(email.as_ref()).and_then(|e| refusals.take(check_email(e)));
        }
        if let Some(phone) = &self.phone {
            after.phone = emptied(phone.as_ref()).and_then(|p| refusals.take(check_phone(p)));
        }
        if let Some(number) = &self.npi {
            after.npi = emptied(number.as_ref()).and_then(|n| refusals.take(npi::check(n)));
        }
        if let Some(username) = &self.username {
            after.username = refusals.take(check_username(username)).unwrap_or(after.username);
        }
        after
    }

    fn apply_shown_name(&self, before: &Person, after: &mut Person, refusals: &mut Refusals) {
        let made = |p: &Person| tidy(&format!("{} {}", p.first_name, p.last_name));
        match self.full_name.as_deref().map(str::trim) {
            Some("") => after.full_name = made(after),
            // An untouched form field: it follows a changed first or last name, and may be as long as both together.
            Some(name) if tidy(name) == before.full_name && before.full_name != made(before) => {}
            Some(name) if [&before.full_name, &made(after)].contains(&&tidy(name)) => after.full_name = made(after),
            Some(name) => {
                if let Some(name) = refusals.take(human_name("full_name", "The full name", name)) {
                    after.full_name = name;
                }
            }
            None if before.full_name == made(before) || before.full_name.is_empty() => after.full_name = made(after),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> Person {
        Person::blank(OrganizationId::INSTALLATION, PersonId(uuid::Uuid::nil()))
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let mut refusals = Refusals::default();
        let patch = PersonPatch {
            first_name: Some("  ".into()),
            last_name: Some("x".repeat(300)),
            email: Some(Some("nope".into())),
            phone: Some(Some("12".into())),
            npi: Some(Some("1234567890".into())),
            username: Some("a b".into()),
            ..PersonPatch::default()
        };
        patch.apply(&nobody(), &mut refusals);
        let fields: Vec<_> = refusals.0.iter().filter_map(|r| r.field).collect();
        assert_eq!(fields, ["first_name", "last_name", "email", "phone", "npi", "username"]);
    }

    #[test]
    fn two_long_names_make_a_longer_one_that_can_be_saved_again() {
        let saved = |patch: PersonPatch, before: &Person| {
            let mut refusals = Refusals::default();
            let after = patch.apply(before, &mut refusals);
            assert!(refusals.is_empty(), "{refusals:?}");
            after
        };
        let long = |letter: &str| Some(letter.repeat(LONGEST_NAME));
        let two = PersonPatch { first_name: long("a"), last_name: long("b"), ..PersonPatch::default() };
        let before = saved(two.clone(), &nobody());
        assert_eq!(before.full_name.len(), 2 * LONGEST_NAME + 1);
        // As a form sends it, and as a file of an export does to another practice.
        let as_shown = PersonPatch { full_name: Some(before.full_name.clone()), ..two };
        assert_eq!(saved(as_shown.clone(), &before), before);
        assert_eq!(saved(as_shown, &nobody()), before);
        let married =
            PersonPatch { last_name: long("c"), full_name: Some(before.full_name.clone()), ..PersonPatch::default() };
        let after = saved(married, &before);
        assert!(after.full_name.ends_with('c') && after.previous_names == [before.full_name.clone()]);
        let again = PersonPatch { previous_names: Some(after.previous_names.clone()), ..PersonPatch::default() };
        assert_eq!(saved(again, &after), after);
        let mut refusals = Refusals::default();
        let typed = PersonPatch { full_name: Some("d".repeat(LONGEST_NAME + 1)), ..PersonPatch::default() };
        assert_eq!(typed.apply(&after, &mut refusals).full_name, after.full_name);
        assert_eq!(refusals.0[0].code, Code::TooLong);
    }

    #[test]
    fn more_previous_names_than_there_is_room_for_are_refused_not_forgotten() {
        let names = |n: usize| Some((0..n).map(|n| format!("Name {n}")).collect::<Vec<_>>());
        let mut refusals = Refusals::default();
        let patch = |n| PersonPatch { previous_names: names(n), ..PersonPatch::default() };
        assert_eq!(patch(20).apply(&nobody(), &mut refusals).previous_names.len(), 20);
        assert!(refusals.is_empty());
        patch(21).apply(&nobody(), &mut refusals);
        assert_eq!(refusals.0[0].code, Code::TooManyPreviousNames);
    }

    #[test]
    fn a_changed_name_is_remembered_and_shown() {
        let mut refusals = Refusals::default();
        let first =
            PersonPatch { first_name: Some("Mara".into()), last_name: Some("Harlow".into()), ..Default::default() };
        let mara = first.apply(&nobody(), &mut refusals);
        assert_eq!(mara.full_name, "Mara Harlow");
        assert!(mara.previous_names.is_empty());
        let married = PersonPatch { last_name: Some("Harlow-Ito".into()), ..Default::default() };
        let after = married.apply(&mara, &mut refusals);
        assert_eq!(
            (after.full_name.as_str(), after.previous_names.as_slice()),
            ("Mara Harlow-Ito", &["Mara Harlow".to_owned()][..])
        );
        assert!(refusals.is_empty());
    }

    #[test]
    fn a_name_is_found_both_ways_round_and_without_its_marks() {
        let person = Person {
            first_name: "Bo".into(),
            last_name: "O'Brien-Park".into(),
            full_name: "Bo O'Brien-Park".into(),
            ..nobody()
        };
        for wanted in ["bo o'br", "o'brien-park bo", "obri", "obrienpark"] {
            assert!(person.search_text().contains(wanted), "{wanted}");
        }
    }

    #[test]
    fn names_of_any_script_are_kept_and_hidden_marks_are_not() {
        assert_eq!(human_name("first_name", "x", " محمد ").unwrap(), "محمد");
        assert!(human_name("first_name", "x", "Ma\u{202e}ra").is_err());
        assert!(human_name("first_name", "x", &"ё".repeat(100)).is_ok());
        assert!(human_name("first_name", "x", &"ё".repeat(101)).is_err());
    }
}
