//! stub
use crate::cli::{Output, Place};
use crate::ending::{Ending, Failure};
use clap::Args;
/// Stub
#[derive(Args, Debug)]
#[command(after_help = "muster x")]
pub struct Arguments {
    /// What it answers.
    #[command(flatten)]
    pub output: Output,
}
/// Stub
pub async fn run(_: Place, _: Arguments) -> Result<Ending, Failure> {
    Err(Failure::new("Not yet."))
}
