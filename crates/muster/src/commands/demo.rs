//! stub
use muster_app::App;
use crate::ending::Failure;
/// Stub
pub async fn fill(_: &App) -> Result<(), Failure> {
    Err(Failure::new("Not yet."))
}
