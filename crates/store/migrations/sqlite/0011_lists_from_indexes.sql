-- Every order's index tells type, status and permissions too: a list filtered by them never reads a row.
DROP INDEX directory_name;
DROP INDEX directory_username;
DROP INDEX directory_type;
DROP INDEX directory_status;
DROP INDEX directory_last_sign_in;
CREATE INDEX directory_name ON directory (organization_id, name_key, person_id, user_type, status, permissions);
CREATE INDEX directory_username ON directory (organization_id, username_key, person_id, user_type, status, permissions);
CREATE INDEX directory_type ON directory (organization_id, user_type, name_key, person_id, status, permissions);
CREATE INDEX directory_status ON directory (organization_id, status, name_key, person_id, user_type, permissions);
CREATE INDEX directory_last_sign_in ON directory (organization_id, last_sign_in_at, name_key, person_id, user_type, status, permissions);
-- So many hold these that the indexes above find them as quickly.
DROP INDEX directory_view_users;
DROP INDEX directory_edit_users;
-- The sums of all pools, at the top of every user list.
CREATE INDEX license_pools_sums ON license_pools (organization_id, pool_group, total, assigned);
