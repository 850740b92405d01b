//! A name as it is compared: folded, cut into words, with what is not part of it left out.

use crate::text::search_key;

/// What follows a name without being part of it.
const SUFFIXES: &[&str] = &[
    "jr", "sr", "ii", "iii", "iv", "md", "phd", "dpt", "mpt", "otd", "otr", "pt", "ot", "pta", "cota", "slp", "ccc",
    "rn",
];

/// Small words of family names that two families share without being related.
const PARTICLES: &[&str] = &[
    "de", "la", "las", "los", "le", "du", "del", "della", "der", "den", "van", "von", "di", "da", "dos", "das", "do",
    "el", "al", "bin", "ibn", "mac", "mc", "st", "saint", "san", "santa", "ter", "ten", "af", "av", "y", "e",
];

fn letter(c: char, out: &mut String) {
    match c {
        'ø' => out.push('o'),
        'ł' => out.push('l'),
        'đ' | 'ð' => out.push('d'),
        'æ' => out.push_str("ae"),
        'œ' => out.push_str("oe"),
        'þ' => out.push_str("th"),
        'ı' => out.push('i'),
        '\'' | '’' | '‘' | 'ʼ' | '`' | '´' | '.' => {}
        c if c.is_alphanumeric() => out.push(c),
        _ => out.push(' '),
    }
}

/// Folded words of a name, without titles behind it.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut folded = String::with_capacity(text.len());
    search_key(text).chars().for_each(|c| letter(c, &mut folded));
    let mut words: Vec<String> = folded.split_whitespace().map(str::to_owned).collect();
    while words.len() > 1 && words.last().is_some_and(|w| SUFFIXES.contains(&w.as_str())) {
        words.pop();
    }
    words
}

/// Given and family words of a name written in one piece; of one word it is the family name.
pub(super) fn split(text: &str) -> (Vec<String>, Vec<String>) {
    let (text, turned) = match text.split_once(',') {
        Some((family, given)) if !words(given).is_empty() && !words(family).is_empty() => {
            (format!("{given} {family}"), words(family).len())
        }
        _ => (text.to_owned(), 0),
    };
    // A hyphen holds a family name together; other words before the last one are given names and particles.
    let mut pieces: Vec<Vec<String>> = text.split_whitespace().map(words).filter(|w| !w.is_empty()).collect();
    while pieces.len() > 1 && pieces.last().is_some_and(|p| p.len() == 1 && SUFFIXES.contains(&p[0].as_str())) {
        pieces.pop();
    }
    if turned > 0 {
        let all: Vec<String> = pieces.concat();
        let at = all.len().saturating_sub(turned);
        return (all[..at].to_vec(), all[at..].to_vec());
    }
    let mut family = pieces.pop().unwrap_or_default();
    while pieces.len() > 1 && pieces.last().is_some_and(|p| p.len() == 1 && PARTICLES.contains(&p[0].as_str())) {
        if let Some(mut particle) = pieces.pop() {
            particle.append(&mut family);
            family = particle;
        }
    }
    (pieces.concat(), family)
}

/// The family name in one piece, and each of its words that says something by itself.
pub(super) fn parts(family: &[String]) -> Vec<String> {
    let mut parts = vec![family.concat()];
    if family.len() > 1 {
        for word in family.iter().filter(|w| w.chars().count() > 2 && !PARTICLES.contains(&w.as_str())) {
            if !parts.contains(word) {
                parts.push(word.clone());
            }
        }
    }
    parts.retain(|p| !p.is_empty());
    parts
}
