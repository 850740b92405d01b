-- Who the practice is, where it works, and who belongs to it.
-- Times are microseconds since 1970-01-01T00:00:00Z. Every key begins with organization_id, so that the tables can
-- be sharded by it; facts of the whole installation stand in 0002.

CREATE TABLE organizations (
    organization_id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    time_zone TEXT NOT NULL,
    password_preset TEXT NOT NULL,
    password_expiry_days INTEGER,
    idle_minutes INTEGER NOT NULL,
    people_count INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL
);

CREATE TABLE clinics (
    organization_id BLOB NOT NULL,
    clinic_id BLOB NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    city TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',
    zip TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    assistants_may_finish TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, clinic_id),
    UNIQUE (organization_id, name_key)
);

CREATE TABLE people (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    full_name TEXT NOT NULL,
    previous_names TEXT NOT NULL DEFAULT '[]',
    email TEXT,
    phone TEXT,
    npi TEXT,
    username TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);
-- One provider never stands in the system twice; the placeholder may.
CREATE UNIQUE INDEX people_npi ON people (organization_id, npi) WHERE npi IS NOT NULL AND npi <> '9999999995';

CREATE TABLE emr_accounts (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    user_type TEXT NOT NULL,
    status TEXT NOT NULL,
    inactive_reason TEXT,
    default_clinic_id BLOB NOT NULL,
    permissions INTEGER NOT NULL,
    finish_attested_by BLOB,
    finish_attested_at INTEGER,
    PRIMARY KEY (organization_id, person_id)
);
CREATE INDEX emr_accounts_default_clinic ON emr_accounts (organization_id, default_clinic_id);
-- The last-admin rules ask for holders of the two rarest permissions.
CREATE INDEX emr_accounts_company_admins ON emr_accounts (organization_id, person_id) WHERE (permissions & 512) <> 0;
CREATE INDEX emr_accounts_user_managers ON emr_accounts (organization_id, person_id) WHERE (permissions & 8) <> 0;

CREATE TABLE emr_account_clinics (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    clinic_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, person_id, clinic_id)
);
CREATE INDEX emr_account_clinics_by_clinic ON emr_account_clinics (organization_id, clinic_id, person_id);

CREATE TABLE professional_licenses (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    number TEXT,
    state TEXT,
    profession TEXT,
    expires_on TEXT,
    PRIMARY KEY (organization_id, person_id, position)
);

CREATE TABLE license_pools (
    organization_id BLOB NOT NULL,
    clinic_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    total INTEGER,
    assigned INTEGER NOT NULL DEFAULT 0 CHECK (assigned >= 0),
    PRIMARY KEY (organization_id, clinic_id, pool_group)
);

CREATE TABLE license_ledger (
    organization_id BLOB NOT NULL,
    entry_id BLOB NOT NULL,
    clinic_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    total_before INTEGER,
    total_after INTEGER,
    actor_kind TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, entry_id)
);

CREATE TABLE audit_heads (
    organization_id BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE audit_events (
    organization_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    effect TEXT NOT NULL,
    subject_id BLOB,
    subject_name TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (organization_id, seq)
);
CREATE INDEX audit_events_subject ON audit_events (organization_id, subject_id, seq);
CREATE INDEX audit_events_actor ON audit_events (organization_id, actor_id, seq);
CREATE INDEX audit_events_action ON audit_events (organization_id, action, seq);
CREATE INDEX audit_events_at ON audit_events (organization_id, at, seq);

CREATE TABLE outbox (
    organization_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    recipient TEXT NOT NULL,
    sealed BLOB,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (organization_id, message_id)
);
CREATE INDEX outbox_waiting ON outbox (next_at) WHERE state = 'waiting';

CREATE TABLE idempotency_keys (
    organization_id BLOB NOT NULL,
    subject_id BLOB NOT NULL,
    request_key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, subject_id, request_key)
);
