-- The pieces of some hundred people go into the index together; one by one, each is a search of its own. At most one
-- MiB waits, which a search looks through besides the index.
ALTER INDEX directory_search SET (fastupdate = on, gin_pending_list_limit = 1024);
-- One in some thirty holds it: those who manage the users of a clinic.
CREATE INDEX directory_edit_users ON directory (organization_id, name_key, person_id)
    INCLUDE (user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 8) <> 0;
