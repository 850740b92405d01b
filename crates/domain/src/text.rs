//! How names are compared, sorted and searched, whatever their script.

use std::collections::BTreeSet;

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest name, user name or email accepted, in characters (contract: "names ≤ 100 chars, any script").
pub const LONGEST_NAME: usize = 100;

/// The form under which user names and emails are unique: NFKC, case folded, outer space gone.
pub fn unique_key(text: &str) -> String {
    if text.is_ascii() {
        // What the general rule makes of plain letters, ten times as fast.
        return text.trim().to_ascii_lowercase();
    }
    text.trim().nfkc().default_case_fold().nfkc().collect()
}

/// The form in which text is searched and sorted: as [`unique_key`], and accents do not matter.
pub fn search_key(text: &str) -> String {
    if text.is_ascii() {
        return text.trim().to_ascii_lowercase();
    }
    text.trim().nfkd().filter(|c| !is_combining_mark(*c)).default_case_fold().nfc().collect()
}

/// Trims and folds runs of white space to one space.
pub fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// True for characters that must not stand in a name: controls, and the marks that reorder what a reader sees.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Up to two initials for an avatar.
pub fn initials(first: &str, last: &str) -> String {
    [first, last]
        .iter()
        .filter_map(|part| part.trim().chars().find(|c| c.is_alphanumeric()))
        .flat_map(char::to_uppercase)
        .collect()
}

/// The one- and two-character pieces of `text`, as opaque numbers tied to `salt`.
///
/// They index "any part of" searches from one character on, in any script. The salt is the organization, so that
/// no posting list ever spans two practices. Sorted, without repeats.
pub fn grams(salt: u128, text: &str) -> Vec<i64> {
    let mut found = Vec::with_capacity(text.len() * 2);
    let mut chars = text.chars().peekable();
    while let Some(first) = chars.next() {
        found.push(gram(salt, first, None));
        if let Some(second) = chars.peek() {
            found.push(gram(salt, first, Some(*second)));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The pieces a stored text must have to contain `query`: its pairs, or the single character it is. Without repeats.
pub fn query_pieces(query: &str) -> Vec<String> {
    let chars: Vec<char> = query.chars().collect();
    let found: BTreeSet<String> = if chars.len() < 2 {
        chars.iter().map(char::to_string).collect()
    } else {
        chars.windows(2).map(String::from_iter).collect()
    };
    found.into_iter().collect()
}

/// The number [`grams`] has for a piece.
pub fn piece_gram(salt: u128, piece: &str) -> i64 {
    let mut chars = piece.chars();
    gram(salt, chars.next().unwrap_or_default(), chars.next())
}

/// A 64-bit mix (constants of splitmix64) of salt and characters; a collision only costs a re-check.
fn gram(salt: u128, first: char, second: Option<char>) -> i64 {
    let pair = (u64::from(u32::from(first)) << 32) | second.map_or(0, |c| u64::from(u32::from(c)) + 1);
    let (high, low) = uuid::Uuid::from_u128(salt).as_u64_pair();
    let mut x = low ^ high.rotate_left(31) ^ pair.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    // Positive, so that it reads the same as text in both databases.
    ((x ^ (x >> 31)) & 0x7FFF_FFFF_FFFF_FFFF).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_that_look_the_same_are_the_same() {
        assert_eq!(unique_key(" MHarlow "), unique_key("mharlow"));
        assert_eq!(unique_key("ﬁona"), unique_key("FIONA"));
        assert_eq!(unique_key("straße"), unique_key("STRASSE"));
        assert_ne!(unique_key("josé"), unique_key("jose"));
    }

    #[test]
    fn the_short_way_for_plain_letters_gives_what_the_rule_gives() {
        let plain: String = (0..=127_u8).map(char::from).collect();
        for text in [plain.as_str(), " Mara HARLOW\t", "", "\u{b}x\u{1c}"] {
            let by_rule: String = text.trim().nfkc().default_case_fold().nfkc().collect();
            assert_eq!(unique_key(text), by_rule);
            let by_rule: String =
                text.trim().nfkd().filter(|c| !is_combining_mark(*c)).default_case_fold().nfc().collect();
            assert_eq!(search_key(text), by_rule);
        }
    }

    #[test]
    fn search_forgets_accents_but_not_letters() {
        assert_eq!(search_key("José Ñandú"), "jose nandu");
        assert_eq!(search_key("محمد"), search_key("مُحَمَّد"));
        assert_ne!(search_key("Harlow"), search_key("Harlov"));
    }

    #[test]
    fn a_text_has_the_grams_of_each_of_its_parts() {
        let all = grams(7, "mara harlow");
        for part in ["m", "ow", "a h", "mara harlow", "rlo"] {
            assert!(query_pieces(part).iter().all(|piece| all.contains(&piece_gram(7, piece))), "{part}");
        }
        assert!(!all.contains(&piece_gram(8, "ma")), "another practice's salt finds nothing");
    }

    #[test]
    fn initials_come_from_any_script() {
        assert_eq!(initials("mara", "harlow"), "MH");
        assert_eq!(initials("李", ""), "李");
        assert_eq!(initials(" ", "…"), "");
    }
}
