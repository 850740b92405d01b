-- Who may be the same person. duplicate_keys: opaque numbers that look-alikes share (see likeness in the domain).
-- not_duplicates: pairs somebody looked at and found to be two people; person_a is the smaller identity.
-- merges: what was put together, with both profiles as they were, so that it can be undone.

CREATE TABLE duplicate_keys (
    organization_id BLOB NOT NULL,
    dup_key INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, dup_key, person_id)
);
CREATE INDEX duplicate_keys_person ON duplicate_keys (organization_id, person_id);

CREATE TABLE not_duplicates (
    organization_id BLOB NOT NULL,
    person_a BLOB NOT NULL,
    person_b BLOB NOT NULL,
    decided_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_a, person_b)
);

CREATE TABLE merges (
    organization_id BLOB NOT NULL,
    merge_id BLOB NOT NULL,
    kept_id BLOB NOT NULL,
    merged_id BLOB NOT NULL,
    snapshot TEXT NOT NULL,
    kept_version INTEGER NOT NULL,
    merged_version INTEGER NOT NULL,
    merged_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    undone_at INTEGER,
    PRIMARY KEY (organization_id, merge_id)
);
CREATE INDEX merges_at ON merges (organization_id, at);
