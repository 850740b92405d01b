-- The tables of Muster, area by area.
--
-- Times are microseconds since 1970-01-01T00:00:00Z; 0 means never. Dates are texts like 2026-03-02. Every key begins with
-- organization_id, so that the tables can be sharded by it. Facts of the whole installation are the exception.

-- ---- Organizations ----

CREATE TABLE organizations (
    organization_id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    time_zone TEXT NOT NULL,
    password_preset TEXT NOT NULL,
    password_expiry_days INTEGER,
    idle_minutes INTEGER NOT NULL,
    clinic_count INTEGER NOT NULL DEFAULT 0,
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
-- Few clinics are closed.
CREATE INDEX clinics_closed ON clinics (organization_id, clinic_id) WHERE status <> 'active';

-- ---- People ----

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
    -- Whether a person without accounts may sign in.
    sign_in_status TEXT NOT NULL DEFAULT 'open',
    last_sign_in_at INTEGER NOT NULL DEFAULT 0,
    -- A copy of the sign-in's, written with every password: profiles are read without looking the sign-in up.
    password_state TEXT NOT NULL DEFAULT 'none',
    version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id)
) WITHOUT ROWID;
-- An NPI belongs to one person of an organization; the placeholder 9999999995 may belong to many.
CREATE UNIQUE INDEX people_npi ON people (organization_id, npi) WHERE npi IS NOT NULL AND npi <> '9999999995';
CREATE INDEX people_npi_placeholder ON people (organization_id, person_id) WHERE npi = '9999999995';
CREATE INDEX people_without_npi ON people (organization_id, person_id, npi) WHERE npi IS NULL OR npi = '9999999995';

-- The picture of a profile, and the signature of therapists and assistants, as Muster encoded them.
CREATE TABLE pictures (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    bytes BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    width INTEGER NOT NULL,
    set_by TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);

CREATE TABLE signatures (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    bytes BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    origin TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);

-- ---- EMR accounts ----

-- permissions has one bit a permission, those of Permission::bit.
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
) WITHOUT ROWID;
CREATE INDEX emr_accounts_default_clinic ON emr_accounts (organization_id, default_clinic_id);
-- The rules about the last admin ask for the holders of these two rare permissions.
CREATE INDEX emr_accounts_company_admins ON emr_accounts (organization_id, person_id) WHERE (permissions & 512) <> 0;
CREATE INDEX emr_accounts_user_managers ON emr_accounts (organization_id, person_id) WHERE (permissions & 8) <> 0;
CREATE INDEX emr_accounts_waiting ON emr_accounts (organization_id, default_clinic_id, person_id) WHERE inactive_reason = 'no_license';

CREATE TABLE emr_account_clinics (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    clinic_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, person_id, clinic_id)
) WITHOUT ROWID;
CREATE INDEX emr_account_clinics_by_clinic ON emr_account_clinics (organization_id, clinic_id, person_id);

-- ---- The people list ----

-- One row a person, written with the profile. user_type and status are empty without an EMR account.
-- entry_number ties the row to the search index.
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
-- Holders of rare permissions.
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

-- ---- Duplicates and merges ----

-- Opaque numbers that are equal for people who look alike.
CREATE TABLE duplicate_keys (
    organization_id BLOB NOT NULL,
    dup_key INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, dup_key, person_id)
) WITHOUT ROWID;

-- The same for professional licenses beyond the first, whose number is among those of the profile.
CREATE TABLE license_keys (
    organization_id BLOB NOT NULL,
    dup_key INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (organization_id, dup_key, person_id, position)
);
CREATE INDEX license_keys_person ON license_keys (organization_id, person_id, position);

-- Pairs that were found to be two people. person_a is the smaller identity.
CREATE TABLE not_duplicates (
    organization_id BLOB NOT NULL,
    person_a BLOB NOT NULL,
    person_b BLOB NOT NULL,
    decided_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_a, person_b)
);

-- Merged profiles. snapshot has both as they were, for the undo.
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
CREATE INDEX merges_kept ON merges (organization_id, kept_id);
CREATE INDEX merges_merged ON merges (organization_id, merged_id);

-- ---- Credentials ----

-- Position 0 is the license that is part of the profile.
CREATE TABLE professional_licenses (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    number TEXT,
    state TEXT,
    profession TEXT,
    expires_on TEXT,
    PRIMARY KEY (organization_id, person_id, position)
) WITHOUT ROWID;
CREATE INDEX professional_licenses_expiry ON professional_licenses (organization_id, expires_on, person_id) WHERE expires_on IS NOT NULL;
CREATE INDEX professional_licenses_placeholder ON professional_licenses (organization_id, person_id) WHERE number = '00000';

-- Reminders that were sent: 90, 60 or 30 days before the license expires, 0 once it has. A new expiry date starts anew.
CREATE TABLE license_reminders (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    expires_on TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id, position, expires_on, threshold)
);

CREATE TABLE supervisions (
    organization_id BLOB NOT NULL,
    supervision_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    supervisor_id BLOB NOT NULL,
    since_at INTEGER NOT NULL,
    until_at INTEGER,
    PRIMARY KEY (organization_id, supervision_id)
);
-- One supervisor at a time.
CREATE UNIQUE INDEX supervisions_current ON supervisions (organization_id, person_id) WHERE until_at IS NULL;
CREATE INDEX supervisions_history ON supervisions (organization_id, person_id, supervision_id);
CREATE INDEX supervisions_supervisees ON supervisions (organization_id, supervisor_id) WHERE until_at IS NULL;

CREATE TABLE offboardings (
    organization_id BLOB NOT NULL,
    offboarding_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    steps TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, offboarding_id)
);
CREATE INDEX offboardings_person ON offboardings (organization_id, person_id, offboarding_id);

-- ---- Licenses ----

-- A total of null is unlimited.
CREATE TABLE license_pools (
    organization_id BLOB NOT NULL,
    clinic_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    total INTEGER,
    assigned INTEGER NOT NULL DEFAULT 0 CHECK (assigned >= 0),
    PRIMARY KEY (organization_id, clinic_id, pool_group)
);
CREATE INDEX license_pools_sums ON license_pools (organization_id, pool_group, total, assigned);

-- The sums of an organization's pools, changed with each of them. limited counts the pools with a total.
CREATE TABLE license_sums (
    organization_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    total INTEGER NOT NULL DEFAULT 0,
    assigned INTEGER NOT NULL DEFAULT 0,
    limited INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, pool_group)
) WITHOUT ROWID;

-- Every change of a total. Entries are numbered, so that their order does not depend on a clock.
CREATE TABLE license_ledger (
    organization_id BLOB NOT NULL,
    entry_id BLOB NOT NULL,
    entry_number INTEGER NOT NULL,
    clinic_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    total_before INTEGER,
    total_after INTEGER,
    request_id BLOB,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, entry_id)
);
CREATE UNIQUE INDEX license_ledger_number ON license_ledger (organization_id, entry_number);
CREATE INDEX license_ledger_pool ON license_ledger (organization_id, clinic_id, pool_group, entry_number);

-- Requests to support for more licenses or fewer, and how they ended. Numbered within the organization.
CREATE TABLE license_requests (
    organization_id BLOB NOT NULL,
    request_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    clinic_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    seats INTEGER NOT NULL CHECK (seats > 0),
    note TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    requester_id BLOB,
    requester_kind TEXT NOT NULL,
    requester_name TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    ended_id BLOB,
    ended_kind TEXT,
    ended_name TEXT,
    ended_note TEXT,
    ended_at INTEGER,
    total_before INTEGER,
    total_after INTEGER,
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
    organization_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    PRIMARY KEY (organization_id, pool_group)
);

-- A pool at the end of each hour in which it changed, and the fewest seats that were free in it. Hours since 1970, UTC.
CREATE TABLE license_usage (
    organization_id BLOB NOT NULL,
    clinic_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    hour INTEGER NOT NULL,
    total INTEGER,
    assigned INTEGER NOT NULL,
    fewest_free INTEGER,
    PRIMARY KEY (organization_id, clinic_id, pool_group, hour)
);

-- ---- Bulk updates ----

-- cursor_id is the last person done.
CREATE TABLE bulk_jobs (
    organization_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    selection TEXT NOT NULL,
    changes TEXT NOT NULL,
    undo_of BLOB,
    undone_by BLOB,
    selected INTEGER NOT NULL,
    tally TEXT NOT NULL,
    stopped_by TEXT,
    cursor_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    PRIMARY KEY (organization_id, job_id)
);
CREATE INDEX bulk_jobs_drafts ON bulk_jobs (created_at) WHERE state = 'draft';

-- One person of a bulk update. version is the one selected; another one is refused later. asked: changes of this person
-- alone (a row of a file) or, with an undo, what is to be taken back. changed: what was done. refused: what was not, each
-- with its reason.
CREATE TABLE bulk_items (
    organization_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    asked TEXT,
    changed TEXT,
    refused TEXT,
    version_after INTEGER,
    PRIMARY KEY (organization_id, job_id, person_id)
);
CREATE INDEX bulk_items_refused ON bulk_items (organization_id, job_id, person_id) WHERE refused IS NOT NULL;

-- Selections (filters) and changes under a name, to use again.
CREATE TABLE bulk_presets (
    organization_id BLOB NOT NULL,
    preset_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    content TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, preset_id),
    UNIQUE (organization_id, kind, name_key)
);

-- ---- Audit ----

-- The end of each organization's chain. Its row is also the organization's write lock. seal is a signature that only the
-- program can make.
CREATE TABLE audit_heads (
    organization_id BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    seal BLOB NOT NULL DEFAULT X''
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

-- ---- Jobs and requests ----

-- Background work, one row a job. At least once: a job whose worker dies is taken again when its lease ends.
CREATE TABLE jobs (
    organization_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    -- Set where a kind has one job only, which comes again and again.
    schedule TEXT,
    payload BLOB NOT NULL,
    state TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    leased_by BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (organization_id, job_id)
);
CREATE UNIQUE INDEX jobs_schedule ON jobs (organization_id, schedule) WHERE schedule IS NOT NULL;
CREATE INDEX jobs_queued ON jobs (kind, due_at) WHERE state = 'queued';
CREATE INDEX jobs_ended ON jobs (state, finished_at) WHERE state <> 'queued';

-- Answers to requests with an Idempotency-Key, given again when the request is repeated.
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

-- ---- Sign-in: facts of the whole installation ----

CREATE TABLE installation (
    fact TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- People of every organization, and operators of the installation.
CREATE TABLE sign_ins (
    subject_id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    organization_id BLOB,
    shown_name TEXT NOT NULL DEFAULT '',
    password_hash TEXT,
    password_state TEXT NOT NULL,
    password_changed_at INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- User names and emails share one space: a person signs in with either, so neither may belong to two people.
CREATE TABLE sign_in_names (
    name_key TEXT NOT NULL PRIMARY KEY,
    subject_id BLOB NOT NULL,
    organization_id BLOB
) WITHOUT ROWID;
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

-- Set-up, invitation and reset links; each works once.
CREATE TABLE links (
    token_hash BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    organization_id BLOB,
    expires_at INTEGER NOT NULL
);
CREATE INDEX links_subject ON links (subject_id);

-- Personal access tokens.
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

-- Failed attempts by user name and address.
CREATE TABLE throttles (
    throttle_key TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_failure_at INTEGER NOT NULL
);
