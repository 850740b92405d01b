//! Credentials: the worklist of what is missing or expires, professional licenses, and who supervises.

pub(crate) mod professional_licenses;
pub(crate) mod supervisor;
pub(crate) mod worklist;
