//! A password from standard input: never from the command line, where other users of the machine could read it.

use std::io::Read;

use clap::Args;

use crate::exit::{Attempt, Failure};

/// Longer input is no password.
const LONGEST: u64 = 4096;

/// Where the password comes from.
#[derive(Args, Clone, Copy, Debug)]
pub struct PasswordSource {
    /// Read the password from the first line of standard input
    #[arg(long, required = true)]
    password_stdin: bool,
}

impl PasswordSource {
    /// Reads it, if that is where it is.
    pub fn read(self) -> Result<String, Failure> {
        debug_assert!(self.password_stdin, "the flag is required");
        let mut text = String::new();
        std::io::stdin().take(LONGEST).read_to_string(&mut text).attempt("The password cannot be read")?;
        let password = text.lines().next().unwrap_or("").to_owned();
        if password.is_empty() {
            return Err(Failure::new("Standard input holds no password."));
        }
        Ok(password)
    }
}
