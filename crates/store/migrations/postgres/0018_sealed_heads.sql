-- The end of each audit chain carries a seal that only the program can make: without it, whoever writes the database
-- could cut a chain off and move its head back. Heads of before have none; `muster audit seal` gives it to them.
ALTER TABLE audit_heads ADD COLUMN seal BYTEA NOT NULL DEFAULT '';
