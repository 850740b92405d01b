//! Generated people, and the ways in which the same person is entered a second time. Always the same for a seed.
//! Knows nothing but names, so that the domain's own tests can use it too.

use std::collections::{BTreeMap, BTreeSet};

use muster_domain::fixtures;
use muster_domain::people::{Person, nickname_groups};
use muster_domain::text::search_key;
use muster_domain::{OrganizationId, PersonId};

/// How a second entry differs from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    Nickname,
    Typo,
    Phonetic,
    Transposed,
    PreviousName,
    AccentOrCase,
    MarriedOrHyphenated,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Nickname,
        Self::Typo,
        Self::Phonetic,
        Self::Transposed,
        Self::PreviousName,
        Self::AccentOrCase,
        Self::MarriedOrHyphenated,
    ];
}

/// A second entry of someone.
#[derive(Clone, Debug)]
pub struct Variant {
    /// How it differs.
    pub kind: Kind,
    /// The index of the person it is a second entry of.
    pub of: usize,
    /// As entered.
    pub person: Person,
}

/// People with different names, and second entries of some of them.
#[derive(Clone, Debug)]
pub struct Population {
    /// Each someone else.
    pub people: Vec<Person>,
    /// Each one of `people` again.
    pub variants: Vec<Variant>,
}

/// Repeatable chance.
struct SeededRng(u64);

impl SeededRng {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let x = x ^ (x >> 31);
        usize::try_from(x % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn family(dice: &mut SeededRng) -> String {
    const ONSETS: &[&str] = &[
        "b", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "kl", "l", "m", "n", "p", "pr",
        "qu", "r", "s", "sch", "st", "t", "tr", "v", "w", "z",
    ];
    const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "ai", "ea", "ie", "oo"];
    const MIDDLES: &[&str] = &[
        "b", "ck", "d", "ff", "g", "l", "ll", "lm", "lt", "m", "mb", "n", "nd", "ng", "nn", "nt", "p", "r", "rd", "rk",
        "rm", "rn", "rs", "rt", "s", "ss", "st", "t", "v", "z",
    ];
    const ENDS: &[&str] = &[
        "er", "son", "man", "ley", "ton", "field", "ford", "wood", "berg", "stein", "ez", "ini", "ski", "wicz", "enko",
        "ard", "ell", "ham", "by", "ow",
    ];
    let mut word = format!("{}{}{}", dice.of(ONSETS), dice.of(VOWELS), dice.of(MIDDLES));
    if dice.below(2) == 0 {
        word.push_str(dice.of(VOWELS));
        word.push_str(dice.of(MIDDLES));
    }
    word.push_str(dice.of(ENDS));
    capital(&word)
}

fn typo(dice: &mut SeededRng, word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = dice.below(letters.len());
    let letter = char::from(b'a' + u8::try_from(dice.below(26)).unwrap_or(0));
    match dice.below(4) {
        0 => letters[at] = letter,
        1 => letters.insert(at, letter),
        2 => {
            letters.remove(at);
        }
        _ => {
            let at = at.min(letters.len() - 2);
            letters.swap(at, at + 1);
        }
    }
    letters.into_iter().collect()
}

/// As somebody writes it down who only heard it: other letters, the same sound.
fn heard(word: &str) -> String {
    const ENDS: &[(&str, &str)] = &[
        ("son", "sen"),
        ("man", "mann"),
        ("ley", "lee"),
        ("ton", "ten"),
        ("field", "feald"),
        ("ford", "fourd"),
        ("wood", "wud"),
        ("berg", "burg"),
        ("stein", "stine"),
        ("ez", "ezz"),
        ("ini", "iny"),
        ("ski", "sky"),
        ("wicz", "witz"),
        ("enko", "enco"),
        ("ard", "erd"),
        ("ell", "el"),
        ("ham", "hem"),
        ("by", "bee"),
        ("ow", "owe"),
        ("er", "or"),
    ];
    const STARTS: &[(&str, &str)] =
        &[("f", "ph"), ("ka", "ca"), ("ko", "co"), ("ku", "cu"), ("ca", "ka"), ("co", "ko"), ("cu", "ku")];
    const INSIDE: &[(&str, &str)] =
        &[("ck", "k"), ("ff", "f"), ("ll", "l"), ("nn", "n"), ("oo", "u"), ("ea", "ee"), ("ai", "ay")];
    let mut word = word.to_lowercase();
    if let Some((end, other)) = ENDS.iter().find(|(end, _)| word.ends_with(end)) {
        word = format!("{}{other}", &word[..word.len() - end.len()]);
    }
    if let Some((start, other)) = STARTS.iter().find(|(start, _)| word.starts_with(start)) {
        word = format!("{other}{}", &word[start.len()..]);
    }
    if let Some((inside, other)) = INSIDE.iter().find(|(inside, _)| word[1..].contains(inside)) {
        word = format!("{}{}", &word[..1], word[1..].replacen(inside, other, 1));
    }
    capital(&word)
}

fn accented(word: &str) -> String {
    let accent = |c: char| match c {
        'a' => 'á',
        'e' => 'é',
        'i' => 'í',
        'o' => 'ö',
        'u' => 'ü',
        'n' => 'ñ',
        'c' => 'ç',
        other => other,
    };
    word.chars().map(accent).collect()
}

fn named(number: usize, first: &str, last: &str) -> Person {
    let id = PersonId(uuid::Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + number as u128));
    Person {
        id,
        organization: OrganizationId::INSTALLATION,
        email: Some(format!("variant{number}@generated.example")),
        username: format!("variant{number}"),
        ..fixtures::person(0, first, last)
    }
}

/// `count` people and `second` second entries, as many of each kind.
pub fn population(seed: u64, count: usize, second: usize) -> Population {
    let mut dice = SeededRng(seed);
    let groups: Vec<Vec<&str>> = nickname_groups().collect();
    let mut names = BTreeSet::new();
    let mut home: BTreeMap<usize, usize> = BTreeMap::new();
    let mut people = Vec::with_capacity(count);
    while people.len() < count {
        let group = dice.below(groups.len());
        let (first, last) = (capital(groups[group][0]), family(&mut dice));
        if names.insert((first.clone(), last.clone())) {
            home.insert(people.len(), group);
            people.push(named(people.len(), &first, &last));
        }
    }
    let mut variants: Vec<Variant> = Vec::with_capacity(second);
    for number in 0..second {
        let kind = Kind::ALL[number % Kind::ALL.len()];
        // Everyone is entered twice at most.
        let of = (number * 7919) % count;
        if variants.iter().any(|v| v.of == of) {
            continue;
        }
        let (first, last) = (people[of].first_name.clone(), people[of].last_name.clone());
        let (mut given, mut kin) = (first.clone(), last.clone());
        match kind {
            Kind::Nickname => {
                let others: Vec<&str> = groups[home[&of]].iter().skip(1).copied().collect();
                given = if others.is_empty() { first.to_uppercase() } else { capital(dice.of(&others)) };
            }
            Kind::Typo => {
                let in_given = dice.below(3) == 0 && first.len() > 4;
                let word = if in_given { &mut given } else { &mut kin };
                let before = word.clone();
                while search_key(word) == search_key(&before) {
                    *word = capital(&typo(&mut dice, &before));
                }
            }
            Kind::Phonetic => kin = heard(&last),
            Kind::Transposed => (given, kin) = (last.clone(), first.clone()),
            Kind::PreviousName if number % 2 == 0 => {
                kin = family(&mut dice);
                people[of].previous_names = vec![format!("{first} {kin}")];
            }
            Kind::PreviousName => kin = family(&mut dice),
            Kind::AccentOrCase if number % 2 == 0 => (given, kin) = (first.to_uppercase(), last.to_lowercase()),
            Kind::AccentOrCase => (given, kin) = (accented(&first), accented(&last)),
            Kind::MarriedOrHyphenated => {
                let joined = if number % 2 == 0 { "-" } else { " " };
                kin = format!("{last}{joined}{}", family(&mut dice));
            }
        }
        let mut person = named(count + number, &given, &kin);
        if kind == Kind::PreviousName && number % 2 == 1 {
            person.previous_names = vec![format!("{first} {last}")];
        }
        variants.push(Variant { kind, of, person });
    }
    Population { people, variants }
}
