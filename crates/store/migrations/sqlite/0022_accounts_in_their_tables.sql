-- Profiles are read from the tables they are made of.
ALTER TABLE people DROP COLUMN account;
ALTER TABLE people DROP COLUMN password_state;
