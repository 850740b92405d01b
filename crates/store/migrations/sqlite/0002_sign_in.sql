-- Facts of the whole installation: how people sign in. Keyed by themselves, because whoever signs in has not said
-- to which practice they belong.

CREATE TABLE installation (
    fact TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE sign_ins (
    subject_id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    organization_id BLOB,
    shown_name TEXT NOT NULL DEFAULT '',
    password_hash TEXT,
    password_state TEXT NOT NULL,
    password_changed_at INTEGER NOT NULL DEFAULT 0,
    last_sign_in_at INTEGER NOT NULL DEFAULT 0
);

-- User names and emails share one space: either signs in, so neither may belong to two people.
CREATE TABLE sign_in_names (
    name_key TEXT NOT NULL PRIMARY KEY,
    subject_id BLOB NOT NULL,
    organization_id BLOB
);
CREATE INDEX sign_in_names_subject ON sign_in_names (subject_id);

CREATE TABLE sessions (
    token_hash BLOB NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL UNIQUE,
    subject_id BLOB NOT NULL,
    organization_id BLOB,
    csrf TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX sessions_subject ON sessions (subject_id);
CREATE INDEX sessions_started ON sessions (started_at);

CREATE TABLE links (
    token_hash BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    organization_id BLOB,
    expires_at INTEGER NOT NULL
);
CREATE INDEX links_subject ON links (subject_id);

CREATE TABLE throttles (
    throttle_key TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_failure_at INTEGER NOT NULL
);

CREATE TABLE tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    token_id BLOB NOT NULL UNIQUE,
    subject_id BLOB NOT NULL,
    organization_id BLOB,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX tokens_subject ON tokens (subject_id);
