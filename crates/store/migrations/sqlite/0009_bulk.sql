-- Bulk updates: what was asked for, for whom, and what came of it. A draft pins the version of everybody selected; what
-- is judged later against another version is refused. cursor_id is the last person done; lease_owner works on it until
-- lease_until.

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
    lease_owner BLOB,
    lease_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    PRIMARY KEY (organization_id, job_id)
);
CREATE INDEX bulk_jobs_running ON bulk_jobs (lease_until) WHERE state = 'running';
CREATE INDEX bulk_jobs_drafts ON bulk_jobs (created_at) WHERE state = 'draft';

-- One person of a bulk update. asked: changes of this person alone (a row of a file) or, with an undo, what is to be
-- taken back. changed: what was done. refused: what was not, each with its reason.
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

-- Selections (filters) and change sets under a name, to use again.
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
