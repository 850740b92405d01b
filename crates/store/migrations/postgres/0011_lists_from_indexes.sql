-- Every order's index tells type, status and permissions too: a list filtered by them need not read rows. Those that
-- few are gathered from tell what the other orders sort by as well.
DROP INDEX directory_name;
DROP INDEX directory_username;
DROP INDEX directory_type;
DROP INDEX directory_status;
DROP INDEX directory_last_sign_in;
CREATE INDEX directory_name ON directory (organization_id, name_key, person_id) INCLUDE (user_type, status, permissions);
CREATE INDEX directory_username ON directory (organization_id, username_key, person_id) INCLUDE (user_type, status, permissions);
CREATE INDEX directory_type ON directory (organization_id, user_type, name_key, person_id)
    INCLUDE (status, permissions, username_key, last_sign_in_at);
CREATE INDEX directory_status ON directory (organization_id, status, name_key, person_id)
    INCLUDE (user_type, permissions, username_key, last_sign_in_at);
CREATE INDEX directory_last_sign_in ON directory (organization_id, last_sign_in_at, name_key, person_id)
    INCLUDE (user_type, status, permissions);
-- So many hold these that the indexes above find them as quickly.
DROP INDEX directory_view_users;
DROP INDEX directory_edit_users;
DROP INDEX directory_calendar_admin;
DROP INDEX directory_clinic_admin;
DROP INDEX directory_company_admin;
DROP INDEX directory_billing_report_admin;
CREATE INDEX directory_calendar_admin ON directory (organization_id, name_key, person_id)
    INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 128) <> 0;
CREATE INDEX directory_clinic_admin ON directory (organization_id, name_key, person_id)
    INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 256) <> 0;
CREATE INDEX directory_company_admin ON directory (organization_id, name_key, person_id)
    INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 512) <> 0;
CREATE INDEX directory_billing_report_admin ON directory (organization_id, name_key, person_id)
    INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 2048) <> 0;
-- The sums of all pools, at the top of every user list.
CREATE INDEX license_pools_sums ON license_pools (organization_id, pool_group, total, assigned);
-- Without these the planner believes that nearly everybody holds every permission. One each: a pair would be counted
-- together.
CREATE STATISTICS directory_holders_1 ON (permissions & 1) FROM directory;
CREATE STATISTICS directory_holders_2 ON (permissions & 2) FROM directory;
CREATE STATISTICS directory_holders_4 ON (permissions & 4) FROM directory;
CREATE STATISTICS directory_holders_8 ON (permissions & 8) FROM directory;
CREATE STATISTICS directory_holders_16 ON (permissions & 16) FROM directory;
CREATE STATISTICS directory_holders_32 ON (permissions & 32) FROM directory;
CREATE STATISTICS directory_holders_64 ON (permissions & 64) FROM directory;
CREATE STATISTICS directory_holders_128 ON (permissions & 128) FROM directory;
CREATE STATISTICS directory_holders_256 ON (permissions & 256) FROM directory;
CREATE STATISTICS directory_holders_512 ON (permissions & 512) FROM directory;
CREATE STATISTICS directory_holders_1024 ON (permissions & 1024) FROM directory;
CREATE STATISTICS directory_holders_2048 ON (permissions & 2048) FROM directory;
