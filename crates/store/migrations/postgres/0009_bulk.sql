-- Bulk updates: what was asked for, for whom, and what came of it. A draft pins the version of everybody selected; what
-- is judged later against another version is refused. cursor_id is the last person done; lease_owner works on it until
-- lease_until.

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
    lease_owner UUID,
    lease_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    PRIMARY KEY (organization_id, job_id)
);
CREATE INDEX bulk_jobs_running ON bulk_jobs (lease_until) WHERE state = 'running';
CREATE INDEX bulk_jobs_drafts ON bulk_jobs (created_at) WHERE state = 'draft';

-- One person of a bulk update. asked: changes of this person alone (a row of a file) or, with an undo, what is to be
-- taken back. changed: what was done. refused: what was not, each with its reason.
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

-- Selections (filters) and change sets under a name, to use again.
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
