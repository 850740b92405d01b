-- Tables that are read person by person: each row stands in its key, found by one search instead of two, and a new one
-- is one entry less to write.
CREATE TABLE new_people (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    full_name TEXT NOT NULL,
    previous_names TEXT NOT NULL DEFAULT '[]',
    email TEXT,
    phone TEXT,
    npi TEXT,
    username TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id)
) WITHOUT ROWID;
INSERT INTO new_people (organization_id, person_id, first_name, last_name, full_name, previous_names, email, phone, npi,
    username, version, created_at, updated_at)
SELECT organization_id, person_id, first_name, last_name, full_name, previous_names, email, phone, npi,
    username, version, created_at, updated_at FROM people ORDER BY organization_id, person_id;
DROP TABLE people;
ALTER TABLE new_people RENAME TO people;
CREATE UNIQUE INDEX people_npi ON people (organization_id, npi) WHERE npi IS NOT NULL AND npi <> '9999999995';
CREATE INDEX people_npi_placeholder ON people (organization_id, person_id) WHERE npi = '9999999995';

CREATE TABLE new_emr_accounts (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    user_type TEXT NOT NULL,
    status TEXT NOT NULL,
    inactive_reason TEXT,
    default_clinic_id BLOB NOT NULL,
    permissions INTEGER NOT NULL,
    finish_attested_by BLOB,
    finish_attested_at INTEGER,
    PRIMARY KEY (organization_id, person_id)
) WITHOUT ROWID;
INSERT INTO new_emr_accounts (organization_id, person_id, user_type, status, inactive_reason, default_clinic_id,
    permissions, finish_attested_by, finish_attested_at)
SELECT organization_id, person_id, user_type, status, inactive_reason, default_clinic_id,
    permissions, finish_attested_by, finish_attested_at FROM emr_accounts ORDER BY organization_id, person_id;
DROP TABLE emr_accounts;
ALTER TABLE new_emr_accounts RENAME TO emr_accounts;
CREATE INDEX emr_accounts_default_clinic ON emr_accounts (organization_id, default_clinic_id);
CREATE INDEX emr_accounts_company_admins ON emr_accounts (organization_id, person_id) WHERE (permissions & 512) <> 0;
CREATE INDEX emr_accounts_user_managers ON emr_accounts (organization_id, person_id) WHERE (permissions & 8) <> 0;
CREATE INDEX emr_accounts_waiting ON emr_accounts (organization_id, default_clinic_id, person_id)
    WHERE inactive_reason = 'no_license';

CREATE TABLE new_emr_account_clinics (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    clinic_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, person_id, clinic_id)
) WITHOUT ROWID;
INSERT INTO new_emr_account_clinics (organization_id, person_id, clinic_id)
SELECT organization_id, person_id, clinic_id FROM emr_account_clinics ORDER BY organization_id, person_id, clinic_id;
DROP TABLE emr_account_clinics;
ALTER TABLE new_emr_account_clinics RENAME TO emr_account_clinics;
CREATE INDEX emr_account_clinics_by_clinic ON emr_account_clinics (organization_id, clinic_id, person_id);

CREATE TABLE new_professional_licenses (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    number TEXT,
    state TEXT,
    profession TEXT,
    expires_on TEXT,
    PRIMARY KEY (organization_id, person_id, position)
) WITHOUT ROWID;
INSERT INTO new_professional_licenses (organization_id, person_id, position, number, state, profession, expires_on)
SELECT organization_id, person_id, position, number, state, profession, expires_on FROM professional_licenses
ORDER BY organization_id, person_id, position;
DROP TABLE professional_licenses;
ALTER TABLE new_professional_licenses RENAME TO professional_licenses;
CREATE INDEX professional_licenses_expiry ON professional_licenses (organization_id, expires_on, person_id) WHERE expires_on IS NOT NULL;
CREATE INDEX professional_licenses_placeholder ON professional_licenses (organization_id, person_id) WHERE number = '00000';

CREATE TABLE new_sign_ins (
    subject_id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    organization_id BLOB,
    shown_name TEXT NOT NULL DEFAULT '',
    password_hash TEXT,
    password_state TEXT NOT NULL,
    password_changed_at INTEGER NOT NULL DEFAULT 0,
    last_sign_in_at INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO new_sign_ins (subject_id, kind, organization_id, shown_name, password_hash, password_state,
    password_changed_at, last_sign_in_at)
SELECT subject_id, kind, organization_id, shown_name, password_hash, password_state,
    password_changed_at, last_sign_in_at FROM sign_ins ORDER BY subject_id;
DROP TABLE sign_ins;
ALTER TABLE new_sign_ins RENAME TO sign_ins;

CREATE TABLE new_sign_in_names (
    name_key TEXT NOT NULL PRIMARY KEY,
    subject_id BLOB NOT NULL,
    organization_id BLOB
) WITHOUT ROWID;
INSERT INTO new_sign_in_names (name_key, subject_id, organization_id)
SELECT name_key, subject_id, organization_id FROM sign_in_names ORDER BY name_key;
DROP TABLE sign_in_names;
ALTER TABLE new_sign_in_names RENAME TO sign_in_names;
CREATE INDEX sign_in_names_subject ON sign_in_names (subject_id);

-- Those that few are gathered from tell what every order sorts by: then no row is read.
DROP INDEX directory_type;
DROP INDEX directory_status;
DROP INDEX directory_calendar_admin;
DROP INDEX directory_clinic_admin;
DROP INDEX directory_company_admin;
DROP INDEX directory_billing_report_admin;
CREATE INDEX directory_type ON directory (organization_id, user_type, name_key, person_id, status, permissions, username_key, last_sign_in_at);
CREATE INDEX directory_status ON directory (organization_id, status, name_key, person_id, user_type, permissions, username_key, last_sign_in_at);
CREATE INDEX directory_edit_users ON directory (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 8) <> 0;
CREATE INDEX directory_calendar_admin ON directory (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 128) <> 0;
CREATE INDEX directory_clinic_admin ON directory (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 256) <> 0;
CREATE INDEX directory_company_admin ON directory (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 512) <> 0;
CREATE INDEX directory_billing_report_admin ON directory (organization_id, name_key, person_id, user_type, status, permissions, username_key, last_sign_in_at) WHERE (permissions & 2048) <> 0;
