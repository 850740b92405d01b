-- Background work, one row a job. At least once: a job whose worker dies is taken again when its lease ends.
DROP TABLE outbox;
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
-- The lease of a bulk update is that of its job.
DROP INDEX IF EXISTS bulk_jobs_waiting;
DROP INDEX IF EXISTS bulk_jobs_running;
ALTER TABLE bulk_jobs DROP COLUMN lease_until;
ALTER TABLE bulk_jobs DROP COLUMN lease_owner;
