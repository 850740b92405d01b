//! What a password must be, judged live and on saving by the same function.

use serde::Serialize;
use zxcvbn::Score;
use zxcvbn::matching::patterns::{DictionaryPattern, MatchPattern};

use crate::refusal::{Code, Refusal};
use crate::text::search_key;

/// Longest password accepted, in characters (contract, "Limits").
pub const LONGEST_PASSWORD: usize = 256;

/// Which set of rules holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// At least 8 characters of four kinds, and strength Strong.
    Seed,
    /// NIST SP 800-63B: at least 15 characters, no composition rule, none that is commonly tried.
    #[serde(rename = "nist-800-63b")]
    Nist80063b,
}

impl Preset {
    /// As stored and as programs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Nist80063b => "nist-800-63b",
        }
    }

    /// The preset a code names.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Seed, Self::Nist80063b].into_iter().find(|p| p.as_str() == text.trim())
    }

    /// Fewest characters.
    pub fn shortest(self) -> usize {
        match self {
            Self::Seed => 8,
            Self::Nist80063b => 15,
        }
    }
}

/// An organization's password rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The rules.
    pub preset: Preset,
    /// Days until a change is due; none = never.
    pub expiry_days: Option<i64>,
}

/// One line of the live list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Fulfilled.
    pub met: bool,
    /// In words.
    pub label: String,
}

/// What is to be said about a password.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The list shown while typing.
    pub requirements: Vec<Requirement>,
    /// 0 to 4.
    pub score: u8,
    /// Very weak, Weak, Fair, Good, Strong.
    pub strength: &'static str,
    /// Empty when it may be used. All at field `password`.
    pub refusals: Vec<Refusal>,
}

const STRENGTHS: [&str; 5] = ["Very weak", "Weak", "Fair", "Good", "Strong"];

/// Judges a password. `personal` are words it must not contain: names, user name, email, clinics.
pub fn assess(policy: &PasswordPolicy, password: &str, personal: &[String]) -> Assessment {
    let length = password.chars().count();
    if length > LONGEST_PASSWORD {
        // Not looked at any further: the strength meter's cost grows with length.
        return Assessment {
            requirements: vec![Requirement { met: false, label: "At most 256 characters".to_owned() }],
            score: 0,
            strength: STRENGTHS[0],
            refusals: vec![Refusal::new("password", Code::PasswordTooLong)],
        };
    }
    let inputs: Vec<&str> = personal.iter().map(String::as_str).chain(["muster"]).collect();
    let measured = zxcvbn::zxcvbn(password, &inputs);
    let score = score_number(measured.score());
    let common = is_common(password, measured.sequence());
    let named = contains_personal(password, personal);

    let shortest = policy.preset.shortest();
    let mut rules = vec![(length >= shortest, format!("{shortest} characters"), Code::PasswordTooShort)];
    if policy.preset == Preset::Seed {
        let special = |c: char| !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control();
        rules.extend([
            (password.chars().any(char::is_numeric), "a number".to_owned(), Code::PasswordNeedsNumber),
            (password.chars().any(special), "a special character".to_owned(), Code::PasswordNeedsSpecial),
            (password.chars().any(char::is_uppercase), "an upper-case letter".to_owned(), Code::PasswordNeedsUpper),
            (password.chars().any(char::is_lowercase), "a lower-case letter".to_owned(), Code::PasswordNeedsLower),
            (score == 4, "strength Strong".to_owned(), Code::PasswordNotStrong),
        ]);
    }
    rules.push((!common && length > 0, "not a commonly used password".to_owned(), Code::PasswordCommon));
    rules.push((
        !named && length > 0,
        "without your name, user name, email or clinic".to_owned(),
        Code::PasswordContainsName,
    ));

    let strength = STRENGTHS[usize::from(score)];
    let refusals = rules
        .iter()
        .filter(|(met, _, code)| {
            !met && (length > 0 || !matches!(code, Code::PasswordCommon | Code::PasswordContainsName))
        })
        .map(|(_, _, code)| match code {
            Code::PasswordTooShort => Refusal::new("password", *code).about(&[shortest.to_string()]),
            Code::PasswordNotStrong => Refusal::new("password", *code).about(&[strength]),
            code => Refusal::new("password", *code),
        })
        .collect();
    let requirements = rules.into_iter().map(|(met, label, _)| Requirement { met, label }).collect();
    Assessment { requirements, score, strength, refusals }
}

fn score_number(score: Score) -> u8 {
    match score {
        Score::Zero => 0,
        Score::One => 1,
        Score::Two => 2,
        Score::Three => 3,
        _ => 4,
    }
}

/// True when one entry of a list of often used passwords or words explains (nearly) the whole of it, also with
/// letters swapped for look-alikes or written backwards.
fn is_common(password: &str, sequence: &[zxcvbn::Match]) -> bool {
    let length = password.chars().count();
    sequence.iter().any(|found| {
        let covered = found.j + 1 - found.i;
        let listed = matches!(&found.pattern, MatchPattern::Dictionary(DictionaryPattern { .. }));
        listed && covered * 10 >= length * 8
    })
}

fn contains_personal(password: &str, personal: &[String]) -> bool {
    let password = search_key(password);
    personal.iter().map(|w| search_key(w)).any(|w| w.chars().count() >= 3 && password.contains(&w))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: PasswordPolicy = PasswordPolicy { preset: Preset::Seed, expiry_days: None };
    const NIST: PasswordPolicy = PasswordPolicy { preset: Preset::Nist80063b, expiry_days: None };

    fn codes(policy: &PasswordPolicy, password: &str) -> Vec<Code> {
        let personal = ["Mara".to_owned(), "Harlow".to_owned(), "mharlow".to_owned(), "Saco Clinic".to_owned()];
        assess(policy, password, &personal).refusals.into_iter().map(|r| r.code).collect()
    }

    #[rstest::rstest]
    #[case("Tr4velling-oak-Ridge", &[])]
    #[case("Пароль-Dvor77!", &[])]
    #[case("short1!", &[Code::PasswordTooShort, Code::PasswordNeedsUpper, Code::PasswordNotStrong])]
    #[case("traveling-Oak-ridge", &[Code::PasswordNeedsNumber])]
    #[case("Tr4vellingoak9", &[Code::PasswordNeedsSpecial])]
    #[case("tr4velling-oak-ridge", &[Code::PasswordNeedsUpper])]
    #[case("TR4VELLING-OAK-RIDGE", &[Code::PasswordNeedsLower])]
    #[case("Harlow-4-ever-blue", &[Code::PasswordContainsName])]
    #[case("Saco clinic 42 stones", &[Code::PasswordContainsName])]
    fn the_seed_rules(#[case] password: &str, #[case] expected: &[Code]) {
        let found = codes(&SEED, password);
        for code in expected {
            assert!(found.contains(code), "{password}: {found:?}");
        }
        if expected.is_empty() {
            assert!(found.is_empty(), "{password}: {found:?}");
        }
    }

    #[test]
    fn good_is_not_enough() {
        let judged = assess(&SEED, "Kx7!pwqz", &[]);
        assert!(judged.score < 4, "{judged:?}");
        assert!(judged.refusals.iter().any(|r| r.code == Code::PasswordNotStrong));
        assert!(judged.refusals.iter().any(|r| r.message.contains(judged.strength)));
    }

    #[test]
    fn passwords_attackers_try_first_are_refused_by_both_presets() {
        for password in ["password", "P@ssw0rd", "qwertyuiop", "trustno1"] {
            assert!(codes(&SEED, password).contains(&Code::PasswordCommon), "{password}");
            assert!(codes(&NIST, password).contains(&Code::PasswordCommon), "{password}");
        }
    }

    #[test]
    fn nist_wants_length_and_nothing_else() {
        assert!(codes(&NIST, "correct bicycle lantern").is_empty());
        assert_eq!(codes(&NIST, "lantern bicycl"), [Code::PasswordTooShort]);
    }

    #[test]
    fn an_endless_password_is_refused_without_being_measured() {
        assert_eq!(codes(&SEED, &"aA1!".repeat(100_000)), [Code::PasswordTooLong]);
    }
}
