-- Asking for licenses and giving them back, what they cost, and how pools were used over time.

-- One row a request: who asked, and how it ended. Numbered per practice, so that people can speak of it.
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
-- Support's queue over all practices, oldest first.
CREATE INDEX license_requests_open ON license_requests (submitted_at, request_id) WHERE state = 'submitted';
CREATE INDEX license_requests_by_id ON license_requests (request_id);

-- Which request changed a total, and who did it. Entries are numbered, so that their order never hangs on a clock.
ALTER TABLE license_ledger ADD COLUMN entry_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE license_ledger ADD COLUMN request_id BLOB;
ALTER TABLE license_ledger ADD COLUMN actor_id BLOB;
UPDATE license_ledger SET entry_number = (
    SELECT count(*) FROM license_ledger o WHERE o.organization_id = license_ledger.organization_id
        AND (o.at, o.entry_id) <= (license_ledger.at, license_ledger.entry_id));
CREATE UNIQUE INDEX license_ledger_number ON license_ledger (organization_id, entry_number);
CREATE INDEX license_ledger_pool ON license_ledger (organization_id, clinic_id, pool_group, entry_number);

-- What one license of a group costs a month, in minor units. One currency a practice.
CREATE TABLE license_prices (
    organization_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    PRIMARY KEY (organization_id, pool_group)
);

-- How a pool stood at the end of each hour in which it changed, and the fewest seats that were free in it.
-- Hours since 1970, UTC. One row however many people come and go.
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
INSERT INTO license_usage (organization_id, clinic_id, pool_group, hour, total, assigned, fewest_free)
    SELECT organization_id, clinic_id, pool_group, CAST(strftime('%s', 'now') AS INTEGER) / 3600, total, assigned, total - assigned FROM license_pools;

-- Who waits for a license: few among many.
CREATE INDEX emr_accounts_waiting ON emr_accounts (organization_id, default_clinic_id, person_id)
    WHERE inactive_reason = 'no_license';
