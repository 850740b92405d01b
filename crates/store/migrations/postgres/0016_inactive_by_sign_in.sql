-- Who is inactive stands together at the far end of the order by last sign-in. No sign-in writes this index.
CREATE INDEX directory_inactive_last_sign_in ON directory (organization_id, last_sign_in_at, name_key, person_id)
    INCLUDE (user_type, status, permissions) WHERE status = 'inactive';
