-- The people list: one row a person, written with the profile. user_type and status are empty without an EMR account.
-- entry_number ties the row to the search index.
DROP TABLE directory_search;
DROP TABLE directory;
CREATE TABLE listing (
    entry_number INTEGER PRIMARY KEY,
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    name_key TEXT NOT NULL,
    username_key TEXT NOT NULL,
    search_text TEXT NOT NULL,
    user_type TEXT NOT NULL,
    status TEXT NOT NULL,
    permissions INTEGER NOT NULL,
    last_sign_in_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (organization_id, person_id)
);
-- One index an order. Each holds type, status and permissions, so that filters on them read no row.
CREATE INDEX listing_name ON listing (organization_id, name_key, person_id, user_type, status, permissions);
CREATE INDEX listing_username ON listing (organization_id, username_key, person_id, user_type, status, permissions);
CREATE INDEX listing_type ON listing (organization_id, user_type, name_key, person_id, status, permissions, username_key, last_sign_in_at);
CREATE INDEX listing_status ON listing (organization_id, status, name_key, person_id, user_type, permissions, username_key, last_sign_in_at);
CREATE INDEX listing_last_sign_in ON listing (organization_id, last_sign_in_at, name_key, person_id, user_type, status, permissions);
-- Inactive people are together at the far end of that order. A sign-in does not write this index.
CREATE INDEX listing_inactive_last_sign_in ON listing (organization_id, last_sign_in_at, name_key, person_id, user_type, status, permissions) WHERE status = 'inactive';
-- Holders of rare permissions. The bits are those of Permission::bit.
CREATE INDEX listing_edit_users ON listing (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 8) <> 0;
CREATE INDEX listing_calendar_admin ON listing (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 128) <> 0;
CREATE INDEX listing_clinic_admin ON listing (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 256) <> 0;
CREATE INDEX listing_company_admin ON listing (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 512) <> 0;
CREATE INDEX listing_billing_report_admin ON listing (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 2048) <> 0;
-- n-grams of one and two characters as opaque words. No text is stored a second time.
CREATE VIRTUAL TABLE listing_search USING fts5 (grams, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii');

-- How many people are in the list, by type and status: all of them (permission 0), and the holders of each permission.
CREATE TABLE listing_counts (
    organization_id BLOB NOT NULL,
    permission INTEGER NOT NULL,
    user_type TEXT NOT NULL,
    status TEXT NOT NULL,
    people INTEGER NOT NULL,
    PRIMARY KEY (organization_id, permission, user_type, status)
) WITHOUT ROWID;
ALTER TABLE organizations DROP COLUMN people_count;
