//! Enums that are stored, and shown to programs, as short codes.

/// Declares an enum with the code of each variant: `as_str` gives it, `parse` reads it.
macro_rules! code_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident $code:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// The code: as stored and as programs see it.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $code,)* } }

            /// The value a code names.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                [$(Self::$variant,)*].into_iter().find(|v| v.as_str() == text)
            }
        }
    };
}
