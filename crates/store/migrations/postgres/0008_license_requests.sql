-- Asking for licenses and giving them back, what they cost, and how pools were used over time.

-- One row a request: who asked, and how it ended. Numbered per practice, so that people can speak of it.
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
-- Support's queue over all practices, oldest first.
CREATE INDEX license_requests_open ON license_requests (submitted_at, request_id) WHERE state = 'submitted';
CREATE INDEX license_requests_by_id ON license_requests (request_id);

-- Which request changed a total, and who did it. Entries are numbered, so that their order never hangs on a clock.
ALTER TABLE license_ledger ADD COLUMN entry_number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE license_ledger ADD COLUMN request_id UUID;
ALTER TABLE license_ledger ADD COLUMN actor_id UUID;
UPDATE license_ledger SET entry_number = (
    SELECT count(*) FROM license_ledger o WHERE o.organization_id = license_ledger.organization_id
        AND (o.at, o.entry_id) <= (license_ledger.at, license_ledger.entry_id));
CREATE UNIQUE INDEX license_ledger_number ON license_ledger (organization_id, entry_number);
CREATE INDEX license_ledger_pool ON license_ledger (organization_id, clinic_id, pool_group, entry_number);

-- What one license of a group costs a month, in minor units. One currency a practice.
CREATE TABLE license_prices (
    organization_id UUID NOT NULL,
    pool_group TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL,
    PRIMARY KEY (organization_id, pool_group)
);

-- How a pool stood at the end of each hour in which it changed, and the fewest seats that were free in it.
-- Hours since 1970, UTC. One row however many people come and go.
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
INSERT INTO license_usage (organization_id, clinic_id, pool_group, hour, total, assigned, fewest_free)
    SELECT organization_id, clinic_id, pool_group, CAST(floor(extract(epoch FROM now()) / 3600) AS BIGINT), total, assigned, total - assigned FROM license_pools;

-- Who waits for a license: few among many.
CREATE INDEX emr_accounts_waiting ON emr_accounts (organization_id, default_clinic_id, person_id)
    WHERE inactive_reason = 'no_license';
