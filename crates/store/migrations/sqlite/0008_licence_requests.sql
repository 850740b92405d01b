-- Asking for licences and giving them back, what they cost, and how pools were used over time.

-- One row a request: who asked, and how it ended. Numbered per practice, so that people can speak of it.
CREATE TABLE licence_requests (
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
CREATE UNIQUE INDEX licence_requests_number ON licence_requests (organization_id, number);
CREATE INDEX licence_requests_state ON licence_requests (organization_id, state, number);
CREATE INDEX licence_requests_pool ON licence_requests (organization_id, clinic_id, pool_group, number);
-- Support's queue over all practices, oldest first.
CREATE INDEX licence_requests_open ON licence_requests (submitted_at, request_id) WHERE state = 'submitted';
CREATE INDEX licence_requests_by_id ON licence_requests (request_id);

-- Which request changed a total, and who did it. Entries are numbered, so that their order never hangs on a clock.
ALTER TABLE licence_ledger ADD COLUMN entry_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE licence_ledger ADD COLUMN request_id BLOB;
ALTER TABLE licence_ledger ADD COLUMN actor_id BLOB;
UPDATE licence_ledger SET entry_number = (
    SELECT count(*) FROM licence_ledger o WHERE o.organization_id = licence_ledger.organization_id
        AND (o.at, o.entry_id) <= (licence_ledger.at, licence_ledger.entry_id));
CREATE UNIQUE INDEX licence_ledger_number ON licence_ledger (organization_id, entry_number);
CREATE INDEX licence_ledger_pool ON licence_ledger (organization_id, clinic_id, pool_group, entry_number);

-- What one licence of a group costs a month, in minor units. One currency a practice.
CREATE TABLE licence_prices (
    organization_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    PRIMARY KEY (organization_id, pool_group)
);

-- How a pool stood at the end of each hour in which it changed, and the fewest seats that were free in it.
-- Hours since 1970, UTC. One row however many people come and go.
CREATE TABLE licence_usage (
    organization_id BLOB NOT NULL,
    clinic_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    hour INTEGER NOT NULL,
    total INTEGER,
    assigned INTEGER NOT NULL,
    fewest_free INTEGER,
    PRIMARY KEY (organization_id, clinic_id, pool_group, hour)
);
INSERT INTO licence_usage (organization_id, clinic_id, pool_group, hour, total, assigned, fewest_free)
    SELECT organization_id, clinic_id, pool_group, CAST(strftime('%s', 'now') AS INTEGER) / 3600, total, assigned, total - assigned FROM licence_pools;

-- Who waits for a licence: few among many.
CREATE INDEX emr_accounts_waiting ON emr_accounts (organization_id, default_clinic_id, person_id)
    WHERE inactive_reason = 'no_licence';
