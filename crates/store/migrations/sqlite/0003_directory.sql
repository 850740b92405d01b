-- What the user list reads: one row a person, written together with the profile, so that no list joins a million
-- rows. entry_number ties it to the search index and to nothing else.
CREATE TABLE directory (
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
CREATE INDEX directory_name ON directory (organization_id, name_key, person_id);
CREATE INDEX directory_username ON directory (organization_id, username_key, person_id);
CREATE INDEX directory_type ON directory (organization_id, user_type, name_key, person_id);
CREATE INDEX directory_status ON directory (organization_id, status, name_key, person_id);
CREATE INDEX directory_last_sign_in ON directory (organization_id, last_sign_in_at, name_key, person_id);
-- One- and two-character pieces as opaque tokens; no text is kept a second time.
CREATE VIRTUAL TABLE directory_search USING fts5 (grams, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii');
