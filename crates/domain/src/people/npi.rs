//! The National Provider Identifier.
//!
//! Ten digits, the first 1 or 2; the last is the Luhn check digit over "80840" and the other nine (CMS, "NPI check
//! digit"). The prefix adds the constant 24 to the sum.

use crate::refusal::{Code, Refusal};

/// Stands for an NPI that is not known yet; accepted and flagged.
pub const PLACEHOLDER: &str = "9999999995";

/// What an NPI field holds once it was accepted.
pub fn check(text: &str) -> Result<String, Refusal> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if digits == PLACEHOLDER || is_valid(&digits) { Ok(digits) } else { Err(Refusal::new("npi", Code::NpiInvalid)) }
}

/// True when it identifies a provider, that is when it is not the placeholder.
pub fn is_real(npi: &str) -> bool {
    npi != PLACEHOLDER
}

/// The check on form and check digit; the placeholder does not pass (it starts with 9).
pub fn is_valid(npi: &str) -> bool {
    let bytes = npi.as_bytes();
    bytes.len() == 10
        && bytes.iter().all(u8::is_ascii_digit)
        && matches!(bytes[0], b'1' | b'2')
        && check_digit(&bytes[..9]) == bytes[9] - b'0'
}

/// The check digit of nine digits.
pub fn check_digit(nine: &[u8]) -> u8 {
    let sum: u32 = nine
        .iter()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0');
            if at % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum::<u32>()
        + 24;
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Real numbers of public CMS rows, and the worked example of the standard.
    const REAL: [&str; 16] = [
        "1234567893",
        "1003025214",
        "1003069790",
        "1003195140",
        "1003306556",
        "1013198290",
        "1033745609",
        "1033749239",
        "1043467822",
        "1083335566",
        "1083357701",
        "1093107963",
        "1093299869",
        "1003335456",
        "1679576722",
        "2000000002",
    ];
    const BROKEN: [&str; 20] = [
        "",
        "1",
        "123456789",
        "12345678931",
        "1234567890",
        "1234567891",
        "1234567892",
        "1234567894",
        "1234567895",
        "1234567896",
        "1234567897",
        "1234567898",
        "1234567899",
        "0234567893",
        "3234567893",
        "1003025215",
        "1003025241",
        "100302521a",
        "１２３４５６７８９３",
        "9999999999",
    ];

    #[test]
    fn real_numbers_pass_and_broken_ones_do_not() {
        for npi in REAL {
            assert!(is_valid(npi), "{npi}");
        }
        for npi in BROKEN {
            assert!(check(npi).is_err(), "{npi}");
        }
    }

    #[test]
    fn the_placeholder_is_accepted_but_is_not_real() {
        assert_eq!(check("9999999995").unwrap(), PLACEHOLDER);
        assert!(!is_real(PLACEHOLDER));
        assert_eq!(check(" 1234-567 893 ").unwrap(), "1234567893");
    }
}
