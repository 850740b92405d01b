-- Who the practice is, where it works, and who belongs to it.
-- Times are microseconds since 1970-01-01T00:00:00Z. Every key begins with organization_id, so that the tables can
-- be sharded by it; facts of the whole installation stand in 0002.

CREATE TABLE organizations (
    organization_id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL UNIQUE,
    time_zone TEXT NOT NULL,
    password_preset TEXT NOT NULL,
    password_expiry_days BIGINT,
    idle_minutes BIGINT NOT NULL,
    people_count BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

CREATE TABLE clinics (
    organization_id UUID NOT NULL,
    clinic_id UUID NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    city TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',
    zip TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    assistants_may_finish TEXT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, clinic_id),
    UNIQUE (organization_id, name_key)
);

CREATE TABLE people (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    full_name TEXT NOT NULL,
    previous_names TEXT NOT NULL DEFAULT '[]',
    email TEXT,
    phone TEXT,
    npi TEXT,
    username TEXT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);
-- One provider never stands in the system twice; the placeholder may.
CREATE UNIQUE INDEX people_npi ON people (organization_id, npi) WHERE npi IS NOT NULL AND npi <> '9999999995';

CREATE TABLE emr_accounts (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    user_type TEXT NOT NULL,
    status TEXT NOT NULL,
    inactive_reason TEXT,
    default_clinic_id UUID NOT NULL,
    permissions BIGINT NOT NULL,
    finish_attested_by UUID,
    finish_attested_at BIGINT,
    PRIMARY KEY (organization_id, person_id)
);
CREATE INDEX emr_accounts_default_clinic ON emr_accounts (organization_id, default_clinic_id);
-- The last-admin rules ask for holders of the two rarest permissions.
CREATE INDEX emr_accounts_company_admins ON emr_accounts (organization_id, person_id) WHERE (permissions & 512) <> 0;
CREATE INDEX emr_accounts_user_managers ON emr_accounts (organization_id, person_id) WHERE (permissions & 8) <> 0;

CREATE TABLE emr_account_clinics (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    clinic_id UUID NOT NULL,
    PRIMARY KEY (organization_id, person_id, clinic_id)
);
CREATE INDEX emr_account_clinics_by_clinic ON emr_account_clinics (organization_id, clinic_id, person_id);

CREATE TABLE professional_licenses (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    position BIGINT NOT NULL,
    number TEXT,
    state TEXT,
    profession TEXT,
    expires_on TEXT COLLATE "C",
    PRIMARY KEY (organization_id, person_id, position)
);

CREATE TABLE license_pools (
    organization_id UUID NOT NULL,
    clinic_id UUID NOT NULL,
    pool_group TEXT COLLATE "C" NOT NULL,
    total BIGINT,
    assigned BIGINT NOT NULL DEFAULT 0 CHECK (assigned >= 0),
    PRIMARY KEY (organization_id, clinic_id, pool_group)
);

CREATE TABLE license_ledger (
    organization_id UUID NOT NULL,
    entry_id UUID NOT NULL,
    clinic_id UUID NOT NULL,
    pool_group TEXT COLLATE "C" NOT NULL,
    total_before BIGINT,
    total_after BIGINT,
    actor_kind TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, entry_id)
);

CREATE TABLE audit_heads (
    organization_id UUID NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE audit_events (
    organization_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    event_id UUID NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    effect TEXT NOT NULL,
    subject_id UUID,
    subject_name TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (organization_id, seq)
);
CREATE INDEX audit_events_subject ON audit_events (organization_id, subject_id, seq);
CREATE INDEX audit_events_actor ON audit_events (organization_id, actor_id, seq);
CREATE INDEX audit_events_action ON audit_events (organization_id, action, seq);
CREATE INDEX audit_events_at ON audit_events (organization_id, at, seq);

CREATE TABLE outbox (
    organization_id UUID NOT NULL,
    message_id UUID NOT NULL,
    recipient TEXT NOT NULL,
    sealed BYTEA,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_error TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (organization_id, message_id)
);
CREATE INDEX outbox_waiting ON outbox (next_at) WHERE state = 'waiting';

CREATE TABLE idempotency_keys (
    organization_id UUID NOT NULL,
    subject_id UUID NOT NULL,
    request_key TEXT COLLATE "C" NOT NULL,
    request_hash BYTEA NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, subject_id, request_key)
);
