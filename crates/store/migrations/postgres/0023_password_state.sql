-- A copy of the sign-in's, written with every password: profiles are read without looking the sign-in up.
ALTER TABLE people ADD COLUMN password_state TEXT NOT NULL DEFAULT 'none';
