//! Which rows of a batch may be people who are there already. Looks at the plainest signs only, so that a long file
//! does not wait for it.

use std::collections::HashMap;

use muster_domain::OrganizationId;
use muster_domain::people::{Traits, likeness};
use muster_store::{Handle, duplicates};

use super::run::Judged;
use crate::Result;

/// Marks the lines whose profiles look like somebody stored, like one of the batch being saved, or like an earlier one
/// of their own batch.
pub(super) async fn mark(
    h: &mut impl Handle,
    organization: OrganizationId,
    before: &[Traits],
    judged: &mut Judged,
) -> Result<()> {
    let salt = duplicates::salt(organization);
    let traits: Vec<Traits> = judged.profiles.iter().map(Traits::of).collect();
    let keys: Vec<Vec<i64>> = traits.iter().map(|t| t.plain_keys(salt)).collect();
    let all: Vec<i64> = keys.iter().flatten().copied().collect();
    let stored: Vec<Traits> =
        duplicates::sharing(h, organization, &all).await?.into_iter().map(|near| near.traits).collect();
    let mut by_key: HashMap<i64, Vec<&Traits>> = HashMap::new();
    for one in stored.iter().chain(before) {
        for key in one.plain_keys(salt) {
            by_key.entry(key).or_default().push(one);
        }
    }
    for ((mine, keys), line) in traits.iter().zip(&keys).zip(&judged.lines) {
        let near = keys.iter().filter_map(|key| by_key.get(key)).flatten();
        if near.into_iter().any(|other| likeness(mine, other).is_some()) {
            judged.alike.push(*line);
        }
        for key in keys {
            by_key.entry(*key).or_default().push(mine);
        }
    }
    judged.pending.traits = traits;
    Ok(())
}
