//! Words that are nearly the same, to the eye or to the ear.

use rphonetic::DoubleMetaphone;
use strsim::{damerau_levenshtein, normalized_damerau_levenshtein};

/// True when one slip of the keyboard turns one into the other; of long words two.
pub(super) fn close(one: &str, other: &str) -> bool {
    let (a, b) = (one.chars().count(), other.chars().count());
    let (short, long) = (a.min(b), a.max(b));
    if short < 4 || long - short > 1 {
        return false;
    }
    damerau_levenshtein(one, other) <= 1
}

fn speakable(word: &str) -> bool {
    word.len() > 2 && word.len() <= 40 && word.bytes().all(|b| b.is_ascii_lowercase())
}

/// How a word sounds in English, and how else it may; other scripts have no code.
pub(super) fn sounds(word: &str) -> Vec<String> {
    if !speakable(word) {
        return Vec::new();
    }
    let found = DoubleMetaphone::new(Some(6)).double_metaphone(word);
    let (one, other) = (found.primary(), found.alternate());
    if one == other { vec![one] } else { vec![one, other] }
}

/// True when both sound the same and look somewhat alike.
pub(super) fn alike(one: &str, other: &str) -> bool {
    let (a, b) = (sounds(one), sounds(other));
    a.iter().any(|code| code.len() > 1 && b.contains(code)) && normalized_damerau_levenshtein(one, other) >= 0.4
}
