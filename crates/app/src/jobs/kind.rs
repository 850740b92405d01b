//! Every kind of background work, and how patiently each is tried.

use jiff::SignedDuration;

macro_rules! job_kinds {
    ($($variant:ident $code:literal $label:literal;)*) => {
        /// A kind of background work. Its handler is one file of the program, `background/<kind>.rs`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum JobKind { $(#[doc = $label] $variant,)* }

        impl JobKind {
            /// Every kind.
            pub const ALL: &'static [JobKind] = &[$(JobKind::$variant,)*];
            /// As stored and as operators write it.
            pub fn as_str(self) -> &'static str { match self { $(JobKind::$variant => $code,)* } }
            /// In words.
            pub fn label(self) -> &'static str { match self { $(JobKind::$variant => $label,)* } }
        }
    };
}

job_kinds! {
    SendEmail "send_email" "Sends one email";
    RunBulkUpdate "run_bulk_update" "Carries out a bulk update that was started";
    SendReminders "send_reminders" "Reminds of professional licenses that expire, every hour";
    Sweep "sweep" "Deletes expired sessions, links, tokens and failed attempts, every hour";
    Retention "retention" "Deletes ended jobs, remembered answers and abandoned drafts, every hour";
}

impl JobKind {
    /// The kind a code names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.as_str() == text.trim())
    }

    /// How often it comes again; none for work that is done once.
    pub fn every(self) -> Option<SignedDuration> {
        match self {
            Self::SendEmail | Self::RunBulkUpdate => None,
            Self::SendReminders | Self::Sweep | Self::Retention => Some(SignedDuration::from_hours(1)),
        }
    }

    /// How long a worker may be silent before another one takes its job over.
    pub fn lease(self) -> SignedDuration {
        match self {
            // Progress extends it chunk by chunk.
            Self::RunBulkUpdate => SignedDuration::from_secs(1),
            Self::SendEmail | Self::SendReminders | Self::Sweep | Self::Retention => SignedDuration::from_mins(5),
        }
    }

    /// Failed attempts after which a job is given up; none for work that comes again anyway. An email's waits add up to
    /// about two days.
    pub fn max_attempts(self) -> Option<i64> {
        match self {
            Self::SendEmail => Some(12),
            Self::RunBulkUpdate => Some(20),
            Self::SendReminders | Self::Sweep | Self::Retention => None,
        }
    }

    /// The wait after this many failed attempts: it doubles each time, up to a limit.
    pub fn back_off(self, attempts: i64) -> SignedDuration {
        let doubled = |most: i64| 1_i64 << attempts.clamp(0, most);
        match self {
            Self::SendEmail => SignedDuration::from_mins(doubled(9)),
            Self::RunBulkUpdate => SignedDuration::from_secs(doubled(9)),
            Self::SendReminders | Self::Sweep | Self::Retention => SignedDuration::from_hours(1),
        }
    }
}
