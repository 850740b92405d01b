-- When people last signed in and how their password stands, in the row of the person: it is what lists of profiles show, and
-- the last thing they looked up elsewhere.
ALTER TABLE people ADD COLUMN last_sign_in_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN password_state TEXT NOT NULL DEFAULT 'none';
UPDATE people SET
    last_sign_in_at = coalesce((SELECT s.last_sign_in_at FROM sign_ins s WHERE s.subject_id = people.person_id), 0),
    password_state = coalesce((SELECT s.password_state FROM sign_ins s WHERE s.subject_id = people.person_id), 'none');
ALTER TABLE sign_ins DROP COLUMN last_sign_in_at;
