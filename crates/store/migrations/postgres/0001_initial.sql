-- The tables of Muster, area by area.
--
-- Times are microseconds since 1970-01-01T00:00:00Z; 0 means never. Dates are texts like 2026-03-02. Every key begins with
-- organization_id, so that the tables can be sharded by it. Facts of the whole installation are the exception.

-- ---- Organizations ----

CREATE TABLE organizations (
    organization_id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL UNIQUE,
    time_zone TEXT NOT NULL,
    password_preset TEXT NOT NULL,
    password_expiry_days BIGINT,
    idle_minutes BIGINT NOT NULL,
    clinic_count BIGINT NOT NULL DEFAULT 0,
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
-- Few clinics are closed.
CREATE INDEX clinics_closed ON clinics (organization_id, clinic_id) WHERE status <> 'active';

-- ---- People ----

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
    -- Whether a person without accounts may sign in.
    sign_in_status TEXT NOT NULL DEFAULT 'open',
    last_sign_in_at BIGINT NOT NULL DEFAULT 0,
    -- A copy of the sign-in's, written with every password: profiles are read without looking the sign-in up.
    password_state TEXT NOT NULL DEFAULT 'none',
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);
-- An NPI belongs to one person of an organization; the placeholder 9999999995 may belong to many.
CREATE UNIQUE INDEX people_npi ON people (organization_id, npi) WHERE npi IS NOT NULL AND npi <> '9999999995';
CREATE INDEX people_npi_placeholder ON people (organization_id, person_id) WHERE npi = '9999999995';
CREATE INDEX people_without_npi ON people (organization_id, person_id, npi) WHERE npi IS NULL OR npi = '9999999995';

-- The picture of a profile, and the signature of therapists and assistants, as Muster encoded them.
CREATE TABLE pictures (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    width BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);

CREATE TABLE signatures (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    bytes BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    origin TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);

-- ---- EMR accounts ----

-- permissions has one bit a permission, those of Permission::bit.
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
-- The rules about the last admin ask for the holders of these two rare permissions.
CREATE INDEX emr_accounts_company_admins ON emr_accounts (organization_id, person_id) WHERE (permissions & 512) <> 0;
CREATE INDEX emr_accounts_user_managers ON emr_accounts (organization_id, person_id) WHERE (permissions & 8) <> 0;
CREATE INDEX emr_accounts_waiting ON emr_accounts (organization_id, default_clinic_id, person_id) WHERE inactive_reason = 'no_license';

CREATE TABLE emr_account_clinics (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    clinic_id UUID NOT NULL,
    PRIMARY KEY (organization_id, person_id, clinic_id)
);
CREATE INDEX emr_account_clinics_by_clinic ON emr_account_clinics (organization_id, clinic_id, person_id);

-- ---- The people list ----

-- One row a person, written with the profile. user_type and status are empty without an EMR account.
-- grams are the n-grams of the search text, of one and two characters, as opaque numbers.
CREATE TABLE listing (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    username_key TEXT COLLATE "C" NOT NULL,
    search_text TEXT COLLATE "C" NOT NULL,
    user_type TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    permissions BIGINT NOT NULL,
    last_sign_in_at BIGINT NOT NULL DEFAULT 0,
    grams BIGINT[] NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);
-- One index an order. Each holds type, status and permissions, so that filters on them read no row.
CREATE INDEX listing_name ON listing (organization_id, name_key, person_id) INCLUDE (user_type, status, permissions);
CREATE INDEX listing_username ON listing (organization_id, username_key, person_id) INCLUDE (user_type, status, permissions);
CREATE INDEX listing_type ON listing (organization_id, user_type, name_key, person_id) INCLUDE (status, permissions, username_key, last_sign_in_at);
CREATE INDEX listing_status ON listing (organization_id, status, name_key, person_id) INCLUDE (user_type, permissions, username_key, last_sign_in_at);
CREATE INDEX listing_last_sign_in ON listing (organization_id, last_sign_in_at, name_key, person_id) INCLUDE (user_type, status, permissions);
-- Inactive people are together at the far end of that order. A sign-in does not write this index.
CREATE INDEX listing_inactive_last_sign_in ON listing (organization_id, last_sign_in_at, name_key, person_id) INCLUDE (user_type, status, permissions) WHERE status = 'inactive';
-- Holders of rare permissions.
CREATE INDEX listing_edit_users ON listing (organization_id, name_key, person_id) INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 8) <> 0;
CREATE INDEX listing_calendar_admin ON listing (organization_id, name_key, person_id) INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 128) <> 0;
CREATE INDEX listing_clinic_admin ON listing (organization_id, name_key, person_id) INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 256) <> 0;
CREATE INDEX listing_company_admin ON listing (organization_id, name_key, person_id) INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 512) <> 0;
CREATE INDEX listing_billing_report_admin ON listing (organization_id, name_key, person_id) INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 2048) <> 0;
-- n-grams enter the index some hundred people at a time. At most one MiB waits, which a search reads besides the index.
CREATE INDEX listing_search ON listing USING gin (grams) WITH (fastupdate = on, gin_pending_list_limit = 1024);
-- No plan asks how n-grams are spread, and to find out takes longest.
ALTER TABLE listing ALTER COLUMN grams SET STATISTICS 0;
-- Without these the planner assumes that nearly everybody holds every permission. One each: a pair would be counted
-- together.
CREATE STATISTICS listing_holders_1 ON (permissions & 1) FROM listing;
CREATE STATISTICS listing_holders_2 ON (permissions & 2) FROM listing;
CREATE STATISTICS listing_holders_4 ON (permissions & 4) FROM listing;
CREATE STATISTICS listing_holders_8 ON (permissions & 8) FROM listing;
CREATE STATISTICS listing_holders_16 ON (permissions & 16) FROM listing;
CREATE STATISTICS listing_holders_32 ON (permissions & 32) FROM listing;
CREATE STATISTICS listing_holders_64 ON (permissions & 64) FROM listing;
CREATE STATISTICS listing_holders_128 ON (permissions & 128) FROM listing;
CREATE STATISTICS listing_holders_256 ON (permissions & 256) FROM listing;
CREATE STATISTICS listing_holders_512 ON (permissions & 512) FROM listing;
CREATE STATISTICS listing_holders_1024 ON (permissions & 1024) FROM listing;
CREATE STATISTICS listing_holders_2048 ON (permissions & 2048) FROM listing;

-- How many people are in the list, by type and status: all of them (permission 0), and the holders of each permission.
CREATE TABLE listing_counts (
    organization_id UUID NOT NULL,
    permission BIGINT NOT NULL,
    user_type TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    people BIGINT NOT NULL,
    PRIMARY KEY (organization_id, permission, user_type, status)
);

-- ---- Duplicates and merges ----

-- Opaque numbers that are equal for people who look alike.
CREATE TABLE duplicate_keys (
    organization_id UUID NOT NULL,
    dup_key BIGINT NOT NULL,
    person_id UUID NOT NULL,
    PRIMARY KEY (organization_id, dup_key, person_id)
);

-- The same for professional licenses beyond the first, whose number is among those of the profile.
CREATE TABLE license_keys (
    organization_id UUID NOT NULL,
    dup_key BIGINT NOT NULL,
    person_id UUID NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (organization_id, dup_key, person_id, position)
);
CREATE INDEX license_keys_person ON license_keys (organization_id, person_id, position);

-- Pairs that were found to be two people. person_a is the smaller identity.
CREATE TABLE not_duplicates (
    organization_id UUID NOT NULL,
    person_a UUID NOT NULL,
    person_b UUID NOT NULL,
    decided_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_a, person_b)
);

-- Merged profiles. snapshot has both as they were, for the undo.
CREATE TABLE merges (
    organization_id UUID NOT NULL,
    merge_id UUID NOT NULL,
    kept_id UUID NOT NULL,
    merged_id UUID NOT NULL,
    snapshot TEXT NOT NULL,
    kept_version BIGINT NOT NULL,
    merged_version BIGINT NOT NULL,
    merged_by TEXT NOT NULL,
    at BIGINT NOT NULL,
    undone_at BIGINT,
    PRIMARY KEY (organization_id, merge_id)
);
CREATE INDEX merges_at ON merges (organization_id, at);
CREATE INDEX merges_kept ON merges (organization_id, kept_id);
CREATE INDEX merges_merged ON merges (organization_id, merged_id);

-- ---- Credentials ----

-- Position 0 is the license that is part of the profile.
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
CREATE INDEX professional_licenses_expiry ON professional_licenses (organization_id, expires_on, person_id) WHERE expires_on IS NOT NULL;
CREATE INDEX professional_licenses_placeholder ON professional_licenses (organization_id, person_id) WHERE number = '00000';

-- Reminders that were sent: 90, 60 or 30 days before the license expires, 0 once it has. A new expiry date starts anew.
CREATE TABLE license_reminders (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    position BIGINT NOT NULL,
    expires_on TEXT COLLATE "C" NOT NULL,
    threshold BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id, position, expires_on, threshold)
);

CREATE TABLE supervisions (
    organization_id UUID NOT NULL,
    supervision_id UUID NOT NULL,
    person_id UUID NOT NULL,
    supervisor_id UUID NOT NULL,
    since_at BIGINT NOT NULL,
    until_at BIGINT,
    PRIMARY KEY (organization_id, supervision_id)
);
-- One supervisor at a time.
CREATE UNIQUE INDEX supervisions_current ON supervisions (organization_id, person_id) WHERE until_at IS NULL;
CREATE INDEX supervisions_history ON supervisions (organization_id, person_id, supervision_id);
CREATE INDEX supervisions_supervisees ON supervisions (organization_id, supervisor_id) WHERE until_at IS NULL;

CREATE TABLE offboardings (
    organization_id UUID NOT NULL,
    offboarding_id UUID NOT NULL,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    steps TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, offboarding_id)
);
CREATE INDEX offboardings_person ON offboardings (organization_id, person_id, offboarding_id);

-- ---- Licenses ----

-- A total of null is unlimited.
CREATE TABLE license_pools (
    organization_id UUID NOT NULL,
    clinic_id UUID NOT NULL,
    pool_group TEXT COLLATE "C" NOT NULL,
    total BIGINT,
    assigned BIGINT NOT NULL DEFAULT 0 CHECK (assigned >= 0),
    PRIMARY KEY (organization_id, clinic_id, pool_group)
);
CREATE INDEX license_pools_sums ON license_pools (organization_id, pool_group, total, assigned);

-- The sums of an organization's pools, changed with each of them. limited counts the pools with a total.
CREATE TABLE license_sums (
    organization_id UUID NOT NULL,
    pool_group TEXT COLLATE "C" NOT NULL,
    total BIGINT NOT NULL DEFAULT 0,
    assigned BIGINT NOT NULL DEFAULT 0,
    limited BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, pool_group)
);

-- Every change of a total. Entries are numbered, so that their order does not depend on a clock.
CREATE TABLE license_ledger (
    organization_id UUID NOT NULL,
    entry_id UUID NOT NULL,
    entry_number BIGINT NOT NULL,
    clinic_id UUID NOT NULL,
    pool_group TEXT COLLATE "C" NOT NULL,
    total_before BIGINT,
    total_after BIGINT,
    request_id UUID,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, entry_id)
);
CREATE UNIQUE INDEX license_ledger_number ON license_ledger (organization_id, entry_number);
CREATE INDEX license_ledger_pool ON license_ledger (organization_id, clinic_id, pool_group, entry_number);

-- Requests to support for more licenses or fewer, and how they ended. Numbered within the organization.
CREATE TABLE license_requests (
    organization_id UUID NOT NULL,
    request_id UUID NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    clinic_id UUID NOT NULL,
    pool_group TEXT COLLATE "C" NOT NULL,
    seats BIGINT NOT NULL CHECK (seats > 0),
    note TEXT NOT NULL DEFAULT '',
    state TEXT COLLATE "C" NOT NULL,
    requester_id UUID,
    requester_kind TEXT NOT NULL,
    requester_name TEXT NOT NULL,
    submitted_at BIGINT NOT NULL,
    ended_id UUID,
    ended_kind TEXT,
    ended_name TEXT,
    ended_note TEXT,
    ended_at BIGINT,
    total_before BIGINT,
    total_after BIGINT,
    PRIMARY KEY (organization_id, request_id)
);
CREATE UNIQUE INDEX license_requests_number ON license_requests (organization_id, number);
CREATE INDEX license_requests_state ON license_requests (organization_id, state, number);
CREATE INDEX license_requests_pool ON license_requests (organization_id, clinic_id, pool_group, number);
-- Support's queue over all organizations, oldest first.
CREATE INDEX license_requests_open ON license_requests (submitted_at, request_id) WHERE state = 'submitted';
CREATE INDEX license_requests_by_id ON license_requests (request_id);

-- What one license of a group costs a month, in minor units. One currency an organization.
CREATE TABLE license_prices (
    organization_id UUID NOT NULL,
    pool_group TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    PRIMARY KEY (organization_id, pool_group)
);

-- A pool at the end of each hour in which it changed, and the fewest seats that were free in it. Hours since 1970, UTC.
CREATE TABLE license_usage (
    organization_id UUID NOT NULL,
    clinic_id UUID NOT NULL,
    pool_group TEXT COLLATE "C" NOT NULL,
    hour BIGINT NOT NULL,
    total BIGINT,
    assigned BIGINT NOT NULL,
    fewest_free BIGINT,
    PRIMARY KEY (organization_id, clinic_id, pool_group, hour)
);

-- ---- Bulk updates ----

-- cursor_id is the last person done.
CREATE TABLE bulk_jobs (
    organization_id UUID NOT NULL,
    job_id UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    selection TEXT NOT NULL,
    changes TEXT NOT NULL,
    undo_of UUID,
    undone_by UUID,
    selected BIGINT NOT NULL,
    tally TEXT NOT NULL,
    stopped_by TEXT,
    cursor_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    PRIMARY KEY (organization_id, job_id)
);
CREATE INDEX bulk_jobs_drafts ON bulk_jobs (created_at) WHERE state = 'draft';

-- One person of a bulk update. version is the one selected; another one is refused later. asked: changes of this person
-- alone (a row of a file) or, with an undo, what is to be taken back. changed: what was done. refused: what was not, each
-- with its reason.
CREATE TABLE bulk_items (
    organization_id UUID NOT NULL,
    job_id UUID NOT NULL,
    person_id UUID NOT NULL,
    version BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL DEFAULT 'waiting',
    asked TEXT,
    changed TEXT,
    refused TEXT,
    version_after BIGINT,
    PRIMARY KEY (organization_id, job_id, person_id)
);
CREATE INDEX bulk_items_refused ON bulk_items (organization_id, job_id, person_id) WHERE refused IS NOT NULL;

-- Selections (filters) and changes under a name, to use again.
CREATE TABLE bulk_presets (
    organization_id UUID NOT NULL,
    preset_id UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    content TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, preset_id),
    UNIQUE (organization_id, kind, name_key)
);

-- ---- Audit ----

-- The end of each organization's chain. Its row is also the organization's write lock. seal is a signature that only the
-- program can make.
CREATE TABLE audit_heads (
    organization_id UUID NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    seal BYTEA NOT NULL DEFAULT ''
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

-- ---- Jobs and requests ----

-- Background work, one row a job. At least once: a job whose worker dies is taken again when its lease ends.
CREATE TABLE jobs (
    organization_id UUID NOT NULL,
    job_id UUID NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    -- Set where a kind has one job only, which comes again and again.
    schedule TEXT COLLATE "C",
    payload BYTEA NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    leased_by UUID,
    attempts BIGINT NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (organization_id, job_id)
);
CREATE UNIQUE INDEX jobs_schedule ON jobs (organization_id, schedule) WHERE schedule IS NOT NULL;
CREATE INDEX jobs_queued ON jobs (kind, due_at) WHERE state = 'queued';
CREATE INDEX jobs_ended ON jobs (state, finished_at) WHERE state <> 'queued';

-- Answers to requests with an Idempotency-Key, given again when the request is repeated.
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

-- ---- Sign-in: facts of the whole installation ----

CREATE TABLE installation (
    fact TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- People of every organization, and operators of the installation.
CREATE TABLE sign_ins (
    subject_id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    organization_id UUID,
    shown_name TEXT NOT NULL DEFAULT '',
    password_hash TEXT,
    password_state TEXT NOT NULL,
    password_changed_at BIGINT NOT NULL DEFAULT 0
);

-- User names and emails share one space: a person signs in with either, so neither may belong to two people.
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

-- Set-up, invitation and reset links; each works once.
CREATE TABLE links (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    subject_id UUID NOT NULL,
    organization_id UUID,
    expires_at BIGINT NOT NULL
);
CREATE INDEX links_subject ON links (subject_id);

-- Personal access tokens.
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

-- Failed attempts by user name and address.
CREATE TABLE throttles (
    throttle_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_failure_at BIGINT NOT NULL
);
