//! How likely two profiles are the same human being, and why.
//!
//! Two steps. [`MatchFeatures::keys`] gives numbers such that profiles that may be the same share at least one: the store
//! looks candidates up by them. [`likeness`] then compares two profiles and says how alike they are. Both are pure;
//! the numbers carry the organization as salt, so that no lookup ever spans two practices.

mod nicknames;
mod sound;
mod words;

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Person, npi};
use crate::emr::{LICENSE_PLACEHOLDER, PrimaryLicense, UserType};
use crate::people::Profile;
use crate::text::unique_key;

pub use nicknames::nickname_groups;
use sound::{close, sounds};
use words::{parts, split, words};

macro_rules! reasons {
    ($($variant:ident $code:literal $sentence:literal;)*) => {
        /// Why two profiles may be the same person.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason { $(#[doc = $sentence] $variant,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];
            /// As programs see it.
            pub fn as_str(self) -> &'static str { match self { $(Reason::$variant => $code,)* } }
            /// In words.
            pub fn sentence(self) -> &'static str { match self { $(Reason::$variant => $sentence,)* } }
        }
    };
}

reasons! {
    SameNpi "same_npi" "Same NPI";
    SameEmail "same_email" "Same email";
    SameLicense "same_license" "Same license number in the same state";
    SameNumber "same_license_number" "Same license number and type; one of them does not say of which state";
    SameName "same_name" "Same name";
    Nickname "nickname" "One given name is a short form of the other";
    SpelledAlike "spelled_alike" "The names differ by a slip of the keyboard";
    SoundsAlike "sounds_alike" "The names sound the same";
    Transposed "transposed" "Given and family name stand the other way round";
    PreviousName "previous_name" "A previous name";
    PartOfFamilyName "part_of_family_name" "One family name is part of the other, as after a marriage";
    SamePhone "same_phone" "Same phone number";
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How alike two profiles are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// Up to 100.
    pub score: u8,
    /// What speaks for it.
    pub reasons: Vec<Reason>,
}

impl Likeness {
    /// The likeness of a person who has the same number or address that belongs to one person only, whatever else
    /// differs.
    pub fn owning(reason: Reason) -> Self {
        Self { score: if reason == Reason::SameNpi { 100 } else { 99 }, reasons: vec![reason] }
    }
}

/// One way a person is called.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NameForm {
    given: Vec<String>,
    family: Vec<String>,
    /// The family name and its telling words.
    parts: Vec<String>,
    previous: bool,
}

impl NameForm {
    fn new(given: Vec<String>, family: Vec<String>, previous: bool) -> Option<Self> {
        let parts = parts(&family);
        (!parts.is_empty() && !given.is_empty()).then_some(Self { given, family, parts, previous })
    }

    fn turned(&self) -> Option<Self> {
        Self::new(self.family.clone(), self.given.clone(), self.previous)
    }
}

/// What of a profile is compared.
#[derive(Clone, Debug)]
pub struct MatchFeatures {
    forms: Vec<NameForm>,
    npi: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    licenses: Vec<(String, Option<String>)>,
    kind: Option<UserType>,
}

/// License number and state as compared; none while the number is not known.
fn comparable_license(license: &PrimaryLicense) -> Option<(String, Option<String>)> {
    let number: String = license.number.as_deref()?.chars().filter(char::is_ascii_alphanumeric).collect();
    let state = license.state.as_deref().map(|s| s.trim().to_ascii_uppercase()).filter(|s| !s.is_empty());
    let telling = !number.is_empty() && number != LICENSE_PLACEHOLDER;
    telling.then(|| (number.to_ascii_uppercase(), state))
}

/// The number under which one professional license is found, whatever its state: one that does not say its state has to
/// be found too. None while the license number is not known. The same as among [`MatchFeatures::keys`].
pub fn license_key(license: &PrimaryLicense, salt: u128) -> Option<i64> {
    comparable_license(license).map(|(number, _)| number_key(salt, &number))
}

fn number_key(salt: u128, number: &str) -> i64 {
    key(salt, b'l', number, "")
}

fn digits(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= 10).then(|| digits[digits.len() - 10..].to_owned())
}

impl MatchFeatures {
    /// Of a profile.
    pub fn of(profile: &Profile) -> Self {
        let license: Vec<PrimaryLicense> = profile.emr.iter().map(|e| e.license.clone()).collect();
        Self::from_parts(&profile.person, &license, profile.emr.as_ref().map(|e| e.user_type))
    }

    /// Of a person with professional licenses, and what the person is.
    pub fn from_parts(person: &Person, licenses: &[PrimaryLicense], kind: Option<UserType>) -> Self {
        let given = words(&person.first_name);
        let mut forms: Vec<NameForm> = Vec::new();
        let mut add = |form: Option<NameForm>| {
            if let Some(form) = form
                && !forms.iter().any(|f| f.given == form.given && f.family == form.family)
            {
                forms.push(form);
            }
        };
        add(NameForm::new(given.clone(), words(&person.last_name), false));
        let shown = words(&person.full_name);
        if shown != [given.clone(), words(&person.last_name)].concat() {
            let (first, last) = split(&person.full_name);
            add(NameForm::new(first, last, false));
        }
        for previous in person.previous_names.iter().take(20) {
            let (first, last) = split(previous);
            let first = if first.is_empty() { given.clone() } else { first };
            add(NameForm::new(first, last, true));
        }
        Self {
            forms,
            npi: person.npi.clone().filter(|n| n != npi::PLACEHOLDER),
            email: person.email.as_deref().map(unique_key),
            phone: person.phone.as_deref().and_then(digits),
            licenses: licenses.iter().filter_map(comparable_license).collect(),
            kind,
        }
    }

    /// True when the NPI is known: a person with another one is someone else, whatever else is similar.
    pub fn has_npi(&self) -> bool {
        self.npi.is_some()
    }

    /// The numbers of the plainest signs: the same name, also the other way round, and the same license.
    fn plain_keys(&self, salt: u128) -> BTreeSet<i64> {
        let mut keys = BTreeSet::new();
        for (number, _) in &self.licenses {
            keys.insert(number_key(salt, number));
        }
        for form in &self.forms {
            let (given, family) = (form.given.concat(), form.family.concat());
            let turned = given > family;
            let (one, other) = if turned { (&family, &given) } else { (&given, &family) };
            keys.insert(key(salt, b'T', one, other));
        }
        keys
    }

    /// The numbers under which the profile is found. People who may be the same share one of them.
    pub fn keys(&self, salt: u128) -> Vec<i64> {
        let mut keys = self.plain_keys(salt);
        let mut put = |kind: u8, one: &str, other: &str| {
            keys.insert(key(salt, kind, one, other));
        };
        for form in &self.forms {
            for part in &form.parts {
                for canonical in canonicals(&form.given) {
                    put(b'p', &canonical, &head(part, 3));
                    put(b's', &canonical, &tail(part, 3));
                    if part.chars().count() <= 6 {
                        put(b'e', &canonical, &format!("{}{}", head(part, 1), tail(part, 1)));
                    }
                    for sound in sounds(part) {
                        put(b'd', &canonical, &sound);
                    }
                }
                let first = &form.given[0];
                put(b'g', part, &head(first, 2));
                put(b'h', part, &tail(first, 2));
                if first.chars().count() <= 4 {
                    put(b'i', part, &format!("{}{}", head(first, 1), tail(first, 1)));
                }
            }
        }
        keys.into_iter().collect()
    }
}

/// What stands for a given name and everything it is short for.
fn canonicals(given: &[String]) -> BTreeSet<String> {
    let whole = given.concat();
    let mut found = BTreeSet::new();
    for name in given.iter().filter(|w| w.chars().count() > 1).chain([&whole]) {
        let groups = nicknames::groups(name);
        if groups.is_empty() {
            found.insert(name.clone());
        }
        found.extend(groups.iter().map(|g| format!("#{g}")));
    }
    found
}

fn head(word: &str, count: usize) -> String {
    word.chars().take(count).collect()
}

fn tail(word: &str, count: usize) -> String {
    let chars = word.chars().count();
    word.chars().skip(chars.saturating_sub(count)).collect()
}

/// FNV-1a over salt and parts, then mixed (splitmix64); a collision only costs a comparison.
fn key(salt: u128, kind: u8, one: &str, other: &str) -> i64 {
    let bytes = salt.to_be_bytes().into_iter().chain([kind]).chain(one.bytes()).chain([0]).chain(other.bytes());
    let mut x = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) & 0x7FFF_FFFF_FFFF_FFFF).cast_signed()
}

/// How two names agree; a firm agreement counts more than a fuzzy one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agreement {
    points: u8,
    fuzzy: bool,
    reason: Option<Reason>,
}

const fn firm(points: u8, reason: Option<Reason>) -> Agreement {
    Agreement { points, fuzzy: false, reason }
}

const fn fuzzy(points: u8, reason: Reason) -> Agreement {
    Agreement { points, fuzzy: true, reason: Some(reason) }
}

fn given_agreement(a: &[String], b: &[String]) -> Option<Agreement> {
    let same = a.concat() == b.concat() || a[0] == b[0];
    let long = |w: &&String| w.chars().count() > 2;
    if same && long(&&a[0]) || a == b {
        return Some(firm(49, None));
    }
    if a.iter().filter(long).any(|w| b.contains(w)) {
        return Some(firm(46, None));
    }
    let related =
        |x: &[String], y: &[String]| nicknames::related(&x.concat(), &y[0]) || nicknames::related(&x[0], &y[0]);
    if related(a, b) || related(b, a) {
        return Some(firm(45, Some(Reason::Nickname)));
    }
    let (one, other) = (&a[0], &b[0]);
    if nicknames::is_known(one) && nicknames::is_known(other) {
        return None;
    }
    if close(one, other) {
        return Some(fuzzy(41, Reason::SpelledAlike));
    }
    sound::alike(one, other).then(|| fuzzy(38, Reason::SoundsAlike))
}

fn family_agreement(a: &NameForm, b: &NameForm) -> Option<Agreement> {
    let (one, other) = (&a.parts[0], &b.parts[0]);
    if one == other {
        return Some(firm(49, None));
    }
    if a.parts.iter().any(|p| b.parts.contains(p)) {
        return Some(firm(44, Some(Reason::PartOfFamilyName)));
    }
    if close(one, other) {
        return Some(fuzzy(41, Reason::SpelledAlike));
    }
    sound::alike(one, other).then(|| fuzzy(39, Reason::SoundsAlike))
}

/// Points and reasons of two names, if they may be the same person's. At most one side may be fuzzy.
fn names_agree(a: &NameForm, b: &NameForm) -> Option<(u8, Vec<Reason>)> {
    let given = given_agreement(&a.given, &b.given)?;
    let family = family_agreement(a, b)?;
    if given.fuzzy && family.fuzzy {
        return None;
    }
    let mut reasons: Vec<Reason> = [given.reason, family.reason].into_iter().flatten().collect();
    if reasons.is_empty() {
        reasons.push(Reason::SameName);
    }
    let mut points = given.points + family.points;
    if a.previous || b.previous {
        reasons.push(Reason::PreviousName);
        points -= 4;
    }
    Some((points, reasons))
}

fn turned_agree(a: &NameForm, b: &NameForm) -> Option<(u8, Vec<Reason>)> {
    let exactly = a.given.concat() == b.family.concat() && a.family.concat() == b.given.concat();
    let related =
        || b.turned().is_some_and(|t| t.parts[0] == a.parts[0] && nicknames::related(&a.given[0], &t.given[0]));
    (exactly || related()).then(|| (90, vec![Reason::Transposed]))
}

/// How alike two profiles are; none when nothing speaks for it, or when their numbers prove them to be two people.
pub fn likeness(a: &MatchFeatures, b: &MatchFeatures) -> Option<Likeness> {
    let same_email = a.email.is_some() && a.email == b.email;
    if let (Some(one), Some(other)) = (&a.npi, &b.npi) {
        let mut same = (one == other).then(|| Likeness::owning(Reason::SameNpi))?;
        same.reasons.extend(same_email.then_some(Reason::SameEmail));
        return Some(same);
    }
    if same_email {
        return Some(Likeness::owning(Reason::SameEmail));
    }
    let pairs = || a.licenses.iter().flat_map(|one| b.licenses.iter().map(move |other| (one, other)));
    let shared = pairs().any(|(one, other)| one.1.is_some() && one == other);
    if !shared && pairs().any(|(one, other)| one.1.is_some() && one.1 == other.1) {
        return None;
    }
    let same_number = !shared
        && a.kind.is_some()
        && a.kind == b.kind
        && pairs().any(|(one, other)| one.0 == other.0 && (one.1.is_none() || other.1.is_none()));
    let named = a
        .forms
        .iter()
        .flat_map(|x| b.forms.iter().flat_map(move |y| [names_agree(x, y), turned_agree(x, y)].into_iter().flatten()));
    let best = named.max_by_key(|(points, _)| *points);
    let (mut score, mut reasons) = best.unwrap_or_default();
    if shared {
        score = score.max(90) + 5;
        reasons.insert(0, Reason::SameLicense);
    }
    if same_number {
        score = score.max(72) + 3;
        reasons.insert(0, Reason::SameNumber);
    }
    if reasons.is_empty() {
        return None;
    }
    if a.phone.is_some() && a.phone == b.phone {
        score += 2;
        reasons.push(Reason::SamePhone);
    }
    Some(Likeness { score: score.min(98), reasons })
}

#[cfg(test)]
mod tests;
