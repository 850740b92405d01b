-- duplicate_keys is the widest table by rows: one tree instead of three. The numbers are made anew from the profiles.
DROP TABLE duplicate_keys;
CREATE TABLE duplicate_keys (
    organization_id BLOB NOT NULL,
    dup_key INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, dup_key, person_id)
) WITHOUT ROWID;
DELETE FROM installation WHERE fact = 'duplicate_keys';
