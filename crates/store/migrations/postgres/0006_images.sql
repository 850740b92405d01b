-- What a profile shows besides text: the picture, and the signature of therapists and assistants. Always as Muster
-- encoded it, never as it was sent.

CREATE TABLE pictures (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    width BIGINT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);

CREATE TABLE signatures (
    organization_id UUID NOT NULL,
    person_id UUID NOT NULL,
    bytes BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    origin TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, person_id)
);
