//! The codes of problems that are no refusals of the domain: about the request, the caller or the installation.

/// Code, HTTP status, sentence.
pub(super) const CODES: &[(&str, u16, &str)] = &[
    ("malformed_json", 400, "The body is not well-formed JSON."),
    ("upload_interrupted", 400, "The file did not arrive whole. Nothing was imported."),
    ("not_signed_in", 401, "There is no valid session or token."),
    ("session_locked", 401, "The session waits for its password. Only its owner can open it, in the browser."),
    ("password_change_due", 403, "The session's owner has to change the password first, in the browser."),
    ("scope_missing", 403, "The token does not include the scope this needs."),
    ("not_found", 404, "There is nothing here, or you do not have access to it."),
    ("wrong_method", 405, "This address does not take that method. People are never deleted: make them inactive."),
    ("someone_saved_first", 412, "Someone else saved first: the version in If-Match is no longer the stored one."),
    ("too_large", 413, "The body is too large: 1 MiB, or 256 MiB for an import."),
    ("wrong_content_type", 415, "The body is not of a kind this address takes."),
    ("too_many_attempts", 429, "Too many attempts; Retry-After says when to try again."),
    ("internal", 500, "Something went wrong on our side. Nothing was saved."),
    ("timed_out", 503, "This took longer than 30 seconds and was given up; imports may take longer."),
    ("unavailable", 503, "The database does not answer. Nothing was saved; try again after Retry-After seconds."),
    ("read_only", 507, "Saving is impossible at the moment, perhaps because the disk is full. Reading works."),
];
