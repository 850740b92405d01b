-- What a profile shows besides text: the picture, and the signature of therapists and assistants. Always as Muster
-- encoded it, never as it was sent.

CREATE TABLE pictures (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    bytes BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    width INTEGER NOT NULL,
    set_by TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);

CREATE TABLE signatures (
    organization_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    bytes BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    origin TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);
