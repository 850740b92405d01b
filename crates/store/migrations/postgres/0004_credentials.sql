-- Professional licenses beyond the first, who supervises whom, reminders already sent, and how people left.

-- The worklist and the reminders ask for what runs out, and for the two placeholders.
CREATE INDEX professional_licenses_expiry ON professional_licenses (organization_id, expires_on, person_id) WHERE expires_on IS NOT NULL;
CREATE INDEX professional_licenses_placeholder ON professional_licenses (organization_id, person_id) WHERE number = '00000';
CREATE INDEX people_npi_placeholder ON people (organization_id, person_id) WHERE npi = '9999999995';

CREATE TABLE supervisions (
    organization_id UUID NOT NULL,
    supervision_id UUID NOT NULL,
    person_id UUID NOT NULL,
    supervisor_id UUID NOT NULL,
    since_at BIGINT NOT NULL,
    until_at BIGINT,
    PRIMARY KEY (organization_id, supervision_id)
);
-- One supervisor at a time.
CREATE UNIQUE INDEX supervisions_current ON supervisions (organization_id, person_id) WHERE until_at IS NULL;
CREATE INDEX supervisions_history ON supervisions (organization_id, person_id, supervision_id);
CREATE INDEX supervisions_supervisees ON supervisions (organization_id, supervisor_id) WHERE until_at IS NULL;

-- Each reminder once: threshold 90, 60 or 30 days, 0 once it has run out. A new expiry date starts anew.
CREATE TABLE license_reminders (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    position BIGINT NOT NULL,
    expires_on TEXT COLLATE "C" NOT NULL,
    threshold BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id, position, expires_on, threshold)
);

CREATE TABLE offboardings (
    organization_id UUID NOT NULL,
    offboarding_id UUID NOT NULL,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    actor_id UUID,
    actor_name TEXT NOT NULL,
    steps TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, offboarding_id)
);
CREATE INDEX offboardings_person ON offboardings (organization_id, person_id, offboarding_id);
