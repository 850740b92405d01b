-- What lists of profiles show of an account, with its clinics and first license, once more in the row of the person: a
-- JSON array, read by one search instead of four. Written whenever one of its parts is.
ALTER TABLE people ADD COLUMN account TEXT;
UPDATE people SET account = (SELECT json_build_array(x.user_type, x.status, x.inactive_reason,
        x.default_clinic_id::text, x.permissions, x.finish_attested_by::text,
        x.finish_attested_at, x.clinics, x.number, x.state, x.expires_on)::text
    FROM (SELECT a.user_type, a.status, a.inactive_reason, a.default_clinic_id, a.permissions, a.finish_attested_by,
            a.finish_attested_at, l.number, l.state, l.expires_on,
            (SELECT string_agg(m.clinic_id::text, ',') FROM emr_account_clinics m
                WHERE m.organization_id = a.organization_id AND m.person_id = a.person_id) AS clinics
        FROM emr_accounts a LEFT JOIN professional_licenses l ON l.organization_id = a.organization_id
            AND l.person_id = a.person_id AND l.position = 0
        WHERE a.organization_id = people.organization_id AND a.person_id = people.person_id) x);
