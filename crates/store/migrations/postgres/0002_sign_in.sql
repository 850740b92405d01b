-- Facts of the whole installation: how people sign in. Keyed by themselves, because whoever signs in has not said
-- to which practice they belong.

CREATE TABLE installation (
    fact TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE sign_ins (
    subject_id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    organization_id UUID,
    shown_name TEXT NOT NULL DEFAULT '',
    password_hash TEXT,
    password_state TEXT NOT NULL,
    password_changed_at BIGINT NOT NULL DEFAULT 0,
    last_sign_in_at BIGINT NOT NULL DEFAULT 0
);

-- User names and emails share one space: either signs in, so neither may belong to two people.
CREATE TABLE sign_in_names (
    name_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    subject_id UUID NOT NULL,
    organization_id UUID
);
CREATE INDEX sign_in_names_subject ON sign_in_names (subject_id);

CREATE TABLE sessions (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    session_id UUID NOT NULL UNIQUE,
    subject_id UUID NOT NULL,
    organization_id UUID,
    csrf TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX sessions_subject ON sessions (subject_id);
CREATE INDEX sessions_started ON sessions (started_at);

CREATE TABLE links (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    subject_id UUID NOT NULL,
    organization_id UUID,
    expires_at BIGINT NOT NULL
);
CREATE INDEX links_subject ON links (subject_id);

CREATE TABLE throttles (
    throttle_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_failure_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    token_id UUID NOT NULL UNIQUE,
    subject_id UUID NOT NULL,
    organization_id UUID,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_subject ON tokens (subject_id);
