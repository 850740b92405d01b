-- duplicate_keys is the widest table by rows: one tree instead of three. The numbers are made anew from the profiles.
DROP TABLE duplicate_keys;
CREATE TABLE duplicate_keys (
    organization_id BLOB NOT NULL,
    dup_key INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, dup_key, person_id)
) WITHOUT ROWID;
DELETE FROM installation WHERE fact = 'duplicate_keys';
-- Who holds a permission that few hold, by name. The bits are those of Permission::bit.
CREATE INDEX directory_view_users ON directory (organization_id, name_key, person_id) WHERE (permissions & 4) <> 0;
CREATE INDEX directory_edit_users ON directory (organization_id, name_key, person_id) WHERE (permissions & 8) <> 0;
CREATE INDEX directory_calendar_admin ON directory (organization_id, name_key, person_id) WHERE (permissions & 128) <> 0;
CREATE INDEX directory_clinic_admin ON directory (organization_id, name_key, person_id) WHERE (permissions & 256) <> 0;
CREATE INDEX directory_company_admin ON directory (organization_id, name_key, person_id) WHERE (permissions & 512) <> 0;
CREATE INDEX directory_billing_report_admin ON directory (organization_id, name_key, person_id) WHERE (permissions & 2048) <> 0;
