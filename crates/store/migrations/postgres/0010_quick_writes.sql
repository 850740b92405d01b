-- Old numbers are deleted by value; see store/src/duplicates.rs.
DROP INDEX duplicate_keys_person;
-- New rows wait in a short list and enter the index some hundreds at a time, instead of piece by piece. Searches read
-- that list too, so it is kept short (kB).
ALTER INDEX directory_search SET (fastupdate = on, gin_pending_list_limit = 1024);
