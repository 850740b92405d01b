//! Which rows of a batch may be people who are there already. Looks at the plainest signs only, so that a long file
//! does not wait for it.

use std::collections::HashMap;

use muster_domain::OrganizationId;
use muster_domain::emr::Profile;
use muster_domain::people::{Traits, likeness};
use muster_store::{Handle, duplicates};

use crate::Result;

/// The lines of profiles that look like somebody stored, or like an earlier profile of the batch.
pub(super) async fn lines(
    h: &mut impl Handle,
    organization: OrganizationId,
    profiles: &[Profile],
    lines: &[u64],
) -> Result<Vec<u64>> {
    let salt = duplicates::salt(organization);
    let traits: Vec<Traits> = profiles.iter().map(Traits::of).collect();
    let keys: Vec<Vec<i64>> = traits.iter().map(|t| t.plain_keys(salt)).collect();
    let all: Vec<i64> = keys.iter().flatten().copied().collect();
    let stored: Vec<Traits> =
        duplicates::sharing(h, organization, &all).await?.into_iter().map(|near| near.traits).collect();
    let mut by_key: HashMap<i64, Vec<&Traits>> = HashMap::new();
    for one in &stored {
        for key in one.plain_keys(salt) {
            by_key.entry(key).or_default().push(one);
        }
    }
    let mut found = Vec::new();
    for ((mine, keys), line) in traits.iter().zip(&keys).zip(lines) {
        let near = keys.iter().filter_map(|key| by_key.get(key)).flatten();
        if near.into_iter().any(|other| likeness(mine, other).is_some()) {
            found.push(*line);
        }
        for key in keys {
            by_key.entry(*key).or_default().push(mine);
        }
    }
    Ok(found)
}
