-- Who is compared with people who have an NPI: only those of whom none is known.
CREATE INDEX people_without_npi ON people (organization_id, person_id, npi) WHERE npi IS NULL OR npi = '9999999995';
-- How pieces of text are spread takes longest to find out, and no plan asks: one plan serves a search for any of them.
ALTER TABLE directory ALTER COLUMN grams SET STATISTICS 0;
