//! What a row of a CSV file means: our own columns, the public CMS clinician columns, ZIP codes, and made-up user names.

mod changes;
mod columns;
mod row;

pub use changes::{ChangeColumns, ChangeField};
pub use columns::{Columns, Field};
pub use row::{ParsedRow, RowKeys};

use crate::emr::UserType;
use crate::text::{search_key, tidy};

/// Something for each field a file has.
#[derive(Clone, Debug)]
pub(crate) struct FieldSet<T>([Option<T>; Field::COUNT]);

impl<T> Default for FieldSet<T> {
    fn default() -> Self {
        Self([const { None }; Field::COUNT])
    }
}

impl<T> FieldSet<T> {
    fn get(&self, field: Field) -> Option<&T> {
        self.0[field as usize].as_ref()
    }

    fn put(&mut self, field: Field, value: T) {
        self.0[field as usize] = Some(value);
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }
}

/// The user type a CMS "Primary Specialty" stands for.
pub fn type_of_specialty(specialty: &str) -> Option<UserType> {
    let text = specialty.to_uppercase();
    let assistant = text.contains("ASSISTANT");
    if text.contains("PHYSICAL THERAP") {
        Some(if assistant { UserType::PTA } else { UserType::PT })
    } else if text.contains("OCCUPATIONAL THERAP") {
        Some(if assistant { UserType::COTA } else { UserType::OT })
    } else if text.contains("SPEECH LANGUAGE PATHOLOG") || text.contains("SPEECH-LANGUAGE PATHOLOG") {
        Some(if assistant { UserType::SLPA } else { UserType::SLP })
    } else if text.contains("RESPIRATORY THERAP") || text.contains("RECREATIONAL THERAP") {
        Some(UserType::RT)
    } else if text.contains("ATHLETIC TRAINER") {
        Some(UserType::AT)
    } else {
        UserType::parse(specialty)
    }
}

/// A ZIP code whose leading zeros a spreadsheet dropped: up to five digits are a ZIP, six to nine a ZIP+4.
pub fn restore_zip(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        0 => String::new(),
        1..=5 => format!("{digits:0>5}"),
        6..=9 => {
            let nine = format!("{digits:0>9}");
            format!("{}-{}", &nine[..5], &nine[5..])
        }
        _ => digits,
    }
}

/// The five-digit part.
pub fn zip5(zip: &str) -> &str {
    zip.get(..5).unwrap_or(zip)
}

/// First and last name of a name written in one piece: the last word is the family name, together with a suffix.
pub fn split_name(full: &str) -> (String, String) {
    let mut words: Vec<&str> = full.split_whitespace().collect();
    let suffix = words.last().is_some_and(|w| {
        words.len() > 2 && matches!(w.trim_end_matches('.').to_uppercase().as_str(), "JR" | "SR" | "II" | "III" | "IV")
    });
    let keep = if suffix { 2 } else { 1 };
    let last = words.split_off(words.len().saturating_sub(keep));
    (words.join(" "), last.join(" "))
}

/// Names that arrive in capitals are written as people write them; mixed case is left alone.
pub fn human_case(text: &str) -> String {
    let text = tidy(text);
    if text.chars().any(char::is_lowercase) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut start = true;
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            word.push(c);
            if start {
                out.push(c);
            } else {
                out.extend(c.to_lowercase());
            }
            start = word == "MC";
        } else {
            word.clear();
            out.push(c);
            start = true;
        }
    }
    out
}

/// The stated rule for user names nobody chose: first letter of the first name and the last name, without accents
/// and marks, lower case; a number is appended where it is taken.
pub fn made_up_username(first: &str, last: &str) -> String {
    let letters = |text: &str| search_key(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let mut name: String = letters(first).chars().take(1).collect();
    name.extend(letters(last).chars().take(40));
    if name.chars().count() < 2 { format!("user{name}") } else { name }
}

/// The clinic name made of an address.
pub fn clinic_name(address: &str, city: &str) -> String {
    format!("{} – {}", human_case(city), human_case(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zip_codes_get_their_zeros_back() {
        assert_eq!(restore_zip("4074"), "04074");
        assert_eq!(restore_zip("49014936"), "04901-4936");
        assert_eq!(restore_zip("049014936"), "04901-4936");
        assert_eq!(restore_zip("04901-4936"), "04901-4936");
        assert_eq!(restore_zip("501"), "00501");
        assert_eq!(restore_zip(""), "");
    }

    #[test]
    fn specialties_name_types() {
        assert_eq!(type_of_specialty("PHYSICAL THERAPIST IN PRIVATE PRACTICE"), Some(UserType::PT));
        assert_eq!(type_of_specialty("OCCUPATIONAL THERAPIST IN PRIVATE PRACTICE"), Some(UserType::OT));
        assert_eq!(type_of_specialty("QUALIFIED SPEECH LANGUAGE PATHOLOGIST"), Some(UserType::SLP));
        assert_eq!(type_of_specialty("Physical Therapist Assistant"), Some(UserType::PTA));
        assert_eq!(type_of_specialty("CARDIOLOGY"), None);
    }

    #[test]
    fn names_are_split_and_written_as_people_write_them() {
        assert_eq!(split_name("KELLY HANSCOM"), ("KELLY".into(), "HANSCOM".into()));
        assert_eq!(split_name("JOHN P DOE JR."), ("JOHN P".into(), "DOE JR.".into()));
        assert_eq!(human_case("SARAH MCLINTOCK"), "Sarah McLintock");
        assert_eq!(human_case("ANNE-MARIE O'NEIL"), "Anne-Marie O'Neil");
        assert_eq!(human_case("van der Berg"), "van der Berg");
    }

    #[test]
    fn made_up_user_names_are_plain() {
        assert_eq!(made_up_username("Mara", "O'Neil-Ito"), "moneilito");
        assert_eq!(made_up_username("José", "Ñandú"), "jnandu");
        assert_eq!(made_up_username("", "X"), "userx");
    }
}
