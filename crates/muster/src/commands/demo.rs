//! stub
use crate::ending::Failure;
use muster_app::App;
/// Stub
pub async fn fill(_: &App) -> Result<(), Failure> {
    Err(Failure::new("Not yet."))
}
