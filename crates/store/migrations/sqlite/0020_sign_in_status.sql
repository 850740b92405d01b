-- Whether a person without accounts may sign in.
ALTER TABLE people ADD COLUMN sign_in_status TEXT NOT NULL DEFAULT 'open';
