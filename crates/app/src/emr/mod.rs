//! What can be done to EMR accounts beyond a plain change: copying access from colleagues, and support's change of a
//! user type.

mod copy_access;
mod type_change;

pub use copy_access::CopyReport;
pub use type_change::TypeChangePreview;
