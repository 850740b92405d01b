-- Background work, one row a job. At least once: a job whose worker dies is taken again when its lease ends.
DROP TABLE outbox;
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
-- The lease of a bulk update is that of its job.
DROP INDEX IF EXISTS bulk_jobs_waiting;
DROP INDEX IF EXISTS bulk_jobs_running;
ALTER TABLE bulk_jobs DROP COLUMN lease_until;
ALTER TABLE bulk_jobs DROP COLUMN lease_owner;
