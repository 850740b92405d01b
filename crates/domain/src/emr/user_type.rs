//! The fourteen EMR user types and what follows from each.

use serde::{Deserialize, Serialize};

use crate::licenses::Group;

/// What a person is in the EMR. Order and names as in the User Manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, clippy::upper_case_acronyms)] // the trade's own abbreviations, spelled out by `title`
pub enum UserType {
    PT,
    OT,
    SLP,
    RT,
    AT,
    PTA,
    COTA,
    SLPA,
    RTT,
    SPT,
    SOT,
    SSLP,
    Clerical,
    Billing,
}

/// Which credentials a profile of a type carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// NPI and license number, both needed.
    NpiAndLicense,
    /// License number needed, NPI welcome.
    LicenseNpiOptional,
    /// Neither.
    None,
}

impl UserType {
    /// Every type.
    pub const ALL: [Self; 14] = [
        Self::PT,
        Self::OT,
        Self::SLP,
        Self::RT,
        Self::AT,
        Self::PTA,
        Self::COTA,
        Self::SLPA,
        Self::RTT,
        Self::SPT,
        Self::SOT,
        Self::SSLP,
        Self::Clerical,
        Self::Billing,
    ];

    /// What a new user is unless said otherwise.
    pub const DEFAULT: Self = Self::PT;

    /// The code of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PT => "PT",
            Self::OT => "OT",
            Self::SLP => "SLP",
            Self::RT => "RT",
            Self::AT => "AT",
            Self::PTA => "PTA",
            Self::COTA => "COTA",
            Self::SLPA => "SLPA",
            Self::RTT => "RTT",
            Self::SPT => "SPT",
            Self::SOT => "SOT",
            Self::SSLP => "SSLP",
            Self::Clerical => "Clerical",
            Self::Billing => "Billing",
        }
    }

    /// The name in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::PT => "physical therapist",
            Self::OT => "occupational therapist",
            Self::SLP => "speech-language pathologist",
            Self::RT => "respiratory or recreational therapist",
            Self::AT => "athletic trainer",
            Self::PTA => "physical therapist assistant",
            Self::COTA => "occupational therapy assistant",
            Self::SLPA => "speech-language pathology assistant",
            Self::RTT => "respiratory therapy technician",
            Self::SPT => "student physical therapist",
            Self::SOT => "student occupational therapist",
            Self::SSLP => "student speech-language pathologist",
            Self::Clerical => "front office",
            Self::Billing => "biller",
        }
    }

    /// The type a code names, whatever its case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str().eq_ignore_ascii_case(text.trim()))
    }

    /// The license pool its seat comes from.
    pub fn group(self) -> Group {
        match self {
            Self::PT | Self::OT | Self::SLP | Self::RT | Self::AT => Group::Therapist,
            Self::PTA | Self::COTA | Self::SLPA | Self::RTT => Group::Assistant,
            Self::SPT | Self::SOT | Self::SSLP => Group::Student,
            Self::Clerical | Self::Billing => Group::Clerical,
        }
    }

    /// Which credentials its profile carries.
    pub fn credentials(self) -> Credentials {
        match self.group() {
            Group::Therapist => Credentials::NpiAndLicense,
            Group::Assistant => Credentials::LicenseNpiOptional,
            Group::Student | Group::Clerical => Credentials::None,
        }
    }

    /// True for the types whose profile has a signature.
    pub fn has_signature(self) -> bool {
        matches!(self.group(), Group::Therapist | Group::Assistant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_whatever_their_case() {
        for kind in UserType::ALL {
            assert_eq!(UserType::parse(kind.as_str()), Some(kind));
            assert_eq!(UserType::parse(&kind.as_str().to_lowercase()), Some(kind));
        }
        assert_eq!(UserType::parse("MD"), None);
    }
}
