//! `muster openapi`: the description of the JSON interface.

use clap::Args;

use crate::exit::{Attempt, ExitStatus, Failure};
use crate::output::line;

/// Print the OpenAPI document of the JSON interface
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  muster openapi > openapi.json")]
pub struct OpenApiArguments {}

/// Prints it.
pub fn run(_: &OpenApiArguments) -> Result<ExitStatus, Failure> {
    line(muster_web::openapi_json().trim_end()).attempt("The document cannot be written")?;
    Ok(ExitStatus::Done)
}
