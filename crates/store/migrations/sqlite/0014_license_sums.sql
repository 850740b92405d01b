-- What a practice's pools add up to, a group each, so that no page adds up thousands of pools: kept with every seat taken
-- or given back and every total set. How many clinics there are in all, for the same reason.
CREATE TABLE license_sums (
    organization_id BLOB NOT NULL,
    pool_group TEXT NOT NULL,
    total INTEGER NOT NULL DEFAULT 0,
    assigned INTEGER NOT NULL DEFAULT 0,
    limited INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, pool_group)
) WITHOUT ROWID;
INSERT INTO license_sums (organization_id, pool_group, total, assigned, limited)
SELECT organization_id, pool_group, coalesce(sum(total), 0), sum(assigned), count(total) FROM license_pools
GROUP BY organization_id, pool_group;
ALTER TABLE organizations ADD COLUMN clinic_count INTEGER NOT NULL DEFAULT 0;
UPDATE organizations SET clinic_count = (SELECT count(*) FROM clinics c WHERE c.organization_id = organizations.organization_id);
-- Few clinics are closed.
CREATE INDEX clinics_closed ON clinics (organization_id, clinic_id) WHERE status <> 'active';
