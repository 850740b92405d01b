-- Old numbers are deleted by value; see store/src/duplicates.rs.
DROP INDEX duplicate_keys_person;
-- New rows wait in a short list and enter the index some hundreds at a time, instead of piece by piece. Searches read
-- that list too, so it is kept short (kB).
ALTER INDEX directory_search SET (fastupdate = on, gin_pending_list_limit = 1024);
-- Who holds a permission that few hold, by name. The bits are those of Permission::bit.
CREATE INDEX directory_view_users ON directory (organization_id, name_key, person_id) WHERE (permissions & 4) <> 0;
CREATE INDEX directory_edit_users ON directory (organization_id, name_key, person_id) WHERE (permissions & 8) <> 0;
CREATE INDEX directory_calendar_admin ON directory (organization_id, name_key, person_id) WHERE (permissions & 128) <> 0;
CREATE INDEX directory_clinic_admin ON directory (organization_id, name_key, person_id) WHERE (permissions & 256) <> 0;
CREATE INDEX directory_company_admin ON directory (organization_id, name_key, person_id) WHERE (permissions & 512) <> 0;
CREATE INDEX directory_billing_report_admin ON directory (organization_id, name_key, person_id) WHERE (permissions & 2048) <> 0;
