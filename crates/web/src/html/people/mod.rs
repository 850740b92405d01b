//! Pages about people as such: possible duplicates, merging, off-boarding, and the field that names a person.

pub(crate) mod duplicates;
pub(crate) mod merge;
pub(crate) mod offboarding;
pub(crate) mod person_choice;
