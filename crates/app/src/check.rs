//! Whether what is stored is consistent: sums against what they add up, copies against what they were made of.

use muster_store::{licenses, listing};

use crate::{App, Result};

impl App {
    /// What is inconsistent in the stored data; empty when all is well.
    pub async fn check(&self) -> Result<Vec<String>> {
        let mut h = self.db.read().await?;
        let mut problems = licenses::miscounted(&mut h).await?;
        problems.extend(licenses::unproven(&mut h).await?);
        problems.extend(listing::check(&mut h).await?);
        Ok(problems)
    }
}
