-- What the user list reads: one row a person, written together with the profile, so that no list joins a million
-- rows. grams are one- and two-character pieces as opaque numbers.
CREATE TABLE directory (
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
CREATE INDEX directory_name ON directory (organization_id, name_key, person_id);
CREATE INDEX directory_username ON directory (organization_id, username_key, person_id);
CREATE INDEX directory_type ON directory (organization_id, user_type, name_key, person_id);
CREATE INDEX directory_status ON directory (organization_id, status, name_key, person_id);
CREATE INDEX directory_last_sign_in ON directory (organization_id, last_sign_in_at, name_key, person_id);
CREATE INDEX directory_search ON directory USING gin (grams) WITH (fastupdate = off);
