-- Professional licenses beyond the first, who supervises whom, reminders already sent, and how people left.

-- The worklist and the reminders ask for what runs out, and for the two placeholders.
CREATE INDEX professional_licenses_expiry ON professional_licenses (organization_id, expires_on, person_id) WHERE expires_on IS NOT NULL;
CREATE INDEX professional_licenses_placeholder ON professional_licenses (organization_id, person_id) WHERE number = '00000';
CREATE INDEX people_npi_placeholder ON people (organization_id, person_id) WHERE npi = '9999999995';

CREATE TABLE supervisions (
    organization_id BLOB NOT NULL,
    supervision_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    supervisor_id BLOB NOT NULL,
    since_at INTEGER NOT NULL,
    until_at INTEGER,
    PRIMARY KEY (organization_id, supervision_id)
);
-- One supervisor at a time.
CREATE UNIQUE INDEX supervisions_current ON supervisions (organization_id, person_id) WHERE until_at IS NULL;
CREATE INDEX supervisions_history ON supervisions (organization_id, person_id, supervision_id);
CREATE INDEX supervisions_supervisees ON supervisions (organization_id, supervisor_id) WHERE until_at IS NULL;

-- Each reminder once: threshold 90, 60 or 30 days, 0 once it has run out. A new expiry date starts anew.
CREATE TABLE license_reminders (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    expires_on TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id, position, expires_on, threshold)
);

CREATE TABLE offboardings (
    organization_id BLOB NOT NULL,
    offboarding_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    steps TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, offboarding_id)
);
CREATE INDEX offboardings_person ON offboardings (organization_id, person_id, offboarding_id);
