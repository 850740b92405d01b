-- What a merge moves: license_keys are the numbers by which look-alikes are found through professional licenses beyond
-- the first (those of the first stand in duplicate_keys, with the profile it is saved with). And a profile shows the
-- merges it was part of.

CREATE TABLE license_keys (
    organization_id BLOB NOT NULL,
    dup_key INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (organization_id, dup_key, person_id, position)
);
CREATE INDEX license_keys_person ON license_keys (organization_id, person_id, position);

CREATE INDEX merges_kept ON merges (organization_id, kept_id);
CREATE INDEX merges_merged ON merges (organization_id, merged_id);
