-- The people list: one row a person, written with the profile. user_type and status are empty without an EMR account.
-- grams are the n-grams of the search text, of one and two characters, as opaque numbers.
DROP TABLE directory;
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
-- One index an order. Each holds type, status and permissions, so that filters on them need not read rows.
CREATE INDEX listing_name ON listing (organization_id, name_key, person_id) INCLUDE (user_type, status, permissions);
CREATE INDEX listing_username ON listing (organization_id, username_key, person_id) INCLUDE (user_type, status, permissions);
CREATE INDEX listing_type ON listing (organization_id, user_type, name_key, person_id) INCLUDE (status, permissions, username_key, last_sign_in_at);
CREATE INDEX listing_status ON listing (organization_id, status, name_key, person_id) INCLUDE (user_type, permissions, username_key, last_sign_in_at);
CREATE INDEX listing_last_sign_in ON listing (organization_id, last_sign_in_at, name_key, person_id) INCLUDE (user_type, status, permissions);
-- Inactive people are together at the far end of that order. A sign-in does not write this index.
CREATE INDEX listing_inactive_last_sign_in ON listing (organization_id, last_sign_in_at, name_key, person_id) INCLUDE (user_type, status, permissions) WHERE status = 'inactive';
-- Holders of rare permissions. The bits are those of Permission::bit.
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
ALTER TABLE organizations DROP COLUMN people_count;
