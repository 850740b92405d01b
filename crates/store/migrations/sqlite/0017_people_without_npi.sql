-- Who is compared with people who have an NPI: only those of whom none is known.
CREATE INDEX people_without_npi ON people (organization_id, person_id, npi) WHERE npi IS NULL OR npi = '9999999995';
