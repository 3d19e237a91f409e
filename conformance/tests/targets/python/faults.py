#!/usr/bin/env python3
"""The table of the deliberate errors, and the switch for one of them.

`FAULT=<name>` in the environment makes the right server wrong in exactly one
way. The table says what a fault does, which sentence of the specification it
breaks, and in which profile a client can see it; the code that does it is the
function of the same name in the package `switches`. Run as a program, this
module prints the table, one line for each fault, with tabs between the columns.
"""
import os
import sys
from collections import namedtuple

Fault = namedtuple("Fault", "does breaks profile")

FAULTS = {
    # The gate
    "gate-slash-exact": Fault(
        "compares excluded paths without slash tolerance",
        "BASIC task 4: an excluded path counts with and without its final slash", "auth"),
    "gate-prefix": Fault(
        "lets every path pass that begins like an excluded one",
        "BASIC task 4: a path that only begins like an entry is not excluded", "auth"),
    "gate-ignores-case": Fault(
        "compares excluded paths without regard to case",
        "BASIC task 4: any path but those in the list is protected", "auth"),
    "gate-compares-query": Fault(
        "compares excluded paths together with the query string",
        "BASIC task 5: excluded paths need no credentials", "auth"),
    "gate-403-for-401": Fault(
        "answers 403 when nothing was shown",
        "SESSION task 5: no header and no cookie is 401", "session"),
    "gate-401-for-403": Fault(
        "answers 401 when what was shown identifies nobody",
        "BASIC task 5: a current_user of None is 403", "session"),
    "gate-ignores-header": Fault(
        "answers 401 to an Authorization header without a cookie",
        "SESSION task 5: 401 only when header and cookie are both absent", "basic"),
    "gate-ignores-cookie": Fault(
        "answers 401 to a cookie without an Authorization header",
        "SESSION task 5: 401 only when header and cookie are both absent", "session"),
    "gate-cookie-only-in-session": Fault(
        "looks for the cookie in the session modes only, so that a cookie alone is 401 elsewhere",
        "SESSION task 5: 401 only when header and cookie are both absent, whatever the mode", "basic"),
    "gate-after-routing": Fault(
        "answers 404 and 405 before 401 and 403",
        "BASIC task 5: the gate runs before every request, unknown paths and wrong methods too", "auth"),
    "gate-options-open": Fault(
        "lets OPTIONS pass without credentials",
        "BASIC task 5: the gate runs before every request, OPTIONS too", "auth"),
    "gate-login-protected": Fault(
        "forgets the login among the excluded paths",
        "SESSION task 5: auth_session/login is an excluded path", "session"),
    "gate-forbidden-protected": Fault(
        "forgets /forbidden among the excluded paths",
        "BASIC task 5: forbidden/ is an excluded path", "auth"),
    "gate-stats-open": Fault(
        "excludes all that begins with /stat",
        "BASIC task 5: status, unauthorized and forbidden are the excluded paths, stats is not", "auth"),
    "gate-skips-identity": Fault(
        "lets every header and every cookie pass, whomever it identifies",
        "BASIC task 5: a current_user of None is 403", "auth"),
    "auth-type-ignored": Fault(
        "requires no authentication, whatever AUTH_TYPE is",
        "BASIC task 5: with AUTH_TYPE set the gate requires credentials", "auth"),
    "auth-type-unset-closed": Fault(
        "requires credentials without AUTH_TYPE, too",
        "BASIC task 5: auth is None unless AUTH_TYPE is set", "open"),
    "auth-type-unset-basic": Fault(
        "takes Basic credentials without AUTH_TYPE, too",
        "BASIC task 5: auth is None unless AUTH_TYPE is set", "open"),
    "gate-prefix-in-basic": Fault(
        "lets every path pass that begins like an excluded one, with basic_auth alone",
        "BASIC task 4: a path that only begins like an entry is not excluded", "basic"),
    "gate-prefix-in-session": Fault(
        "lets every path pass that begins like an excluded one, with session_auth and the advanced modes alone",
        "BASIC task 4: a path that only begins like an entry is not excluded", "session"),
    "basic-mode-missing": Fault(
        "does not start with basic_auth",
        "BASIC task 6: the mode basic_auth", "basic"),
    "session-mode-missing": Fault(
        "does not start with session_auth",
        "SESSION task 1: the mode session_auth", "session"),
    "advanced-modes-missing": Fault(
        "does not start with session_exp_auth and session_db_auth",
        "SESSION tasks 9 and 10: these modes", "stored"),
    "advanced-modes-unknown": Fault(
        "takes session_exp_auth and session_db_auth for names that it does not know, as auth",
        "SESSION tasks 9 and 10: these modes", "stored"),
    "current-user-shared": Fault(
        "keeps the current user in one place for all requests, so that requests at once cross",
        "SESSION task 0: me answers the user who sends the request", "session"),

    # Basic authentication
    "basic-last-colon": Fault(
        "splits the credentials at the last colon",
        "BASIC task 12: a password may contain colons, the first one separates", "basic"),
    "basic-colon-refused": Fault(
        "refuses credentials with more than one colon",
        "BASIC task 12: a password may contain colons", "basic"),
    "basic-scheme-any-case": Fault(
        "accepts the scheme in any case",
        "BASIC task 7: the header begins with Basic and one space, case counts", "basic"),
    "basic-any-scheme": Fault(
        "accepts the credentials under any other scheme",
        "BASIC task 7: a header that does not begin with Basic gives None", "basic"),
    "basic-no-space": Fault(
        "accepts the credentials without a space after Basic",
        "BASIC task 7: Basic1234 gives None", "basic"),
    "basic-accepts-plain": Fault(
        "takes credentials that are not base64 as they are",
        "BASIC task 8: what is not valid base64 gives None", "basic"),
    "basic-bad-utf8-500": Fault(
        "fails with 500 on bytes that are not UTF-8",
        "BASIC task 8: bytes that are not UTF-8 give None, as `Basic test` shows", "basic"),
    "basic-no-colon-500": Fault(
        "fails with 500 on credentials without a colon",
        "BASIC task 9: no colon gives no credentials", "basic"),
    "basic-latin1": Fault(
        "decodes the credentials as Latin-1",
        "BASIC task 8: the text is decoded as UTF-8", "basic"),
    "basic-unknown-user-401": Fault(
        "answers 401 to an unknown email",
        "BASIC task 5: a current_user of None is 403", "basic"),
    "basic-wrong-password-401": Fault(
        "answers 401 to a wrong password",
        "BASIC task 5: a current_user of None is 403", "basic"),
    "basic-any-password": Fault(
        "does not check the password",
        "BASIC task 10: None if is_valid_password says no", "basic"),
    "basic-never-works": Fault(
        "refuses every credential",
        "BASIC task 11: the right email and password identify the user", "basic"),
    "basic-empty-password-refused": Fault(
        "refuses an empty password",
        "open: the model allows the empty password, and the API refuses to make it", "basic"),
    "basic-email-any-case": Fault(
        "finds the user by email without regard to case",
        "BASIC task 10: None if no stored user has that email", "basic"),
    "basic-ignored-beside-cookie": Fault(
        "does not read the Authorization header when the request has a cookie",
        "BASIC task 11: current_user is found from the Authorization header", "basic"),
    "password-md5": Fault(
        "hashes passwords with MD5, so that the users of the file cannot come in",
        "BASIC starter, User: a password is kept as its SHA-256 in lower-case hex", "basic"),

    # Sessions and their cookie
    "session-never-found": Fault(
        "keeps a new session where it is never looked for",
        "SESSION task 3: user_id_for_session_id gives the user of a session", "session"),
    "session-accepts-basic": Fault(
        "accepts Basic credentials in session mode",
        "SESSION task 5: Basic credentials do not work when AUTH_TYPE is session_auth", "session"),
    "session-ignored-beside-header": Fault(
        "does not read the cookie when the request has an Authorization header",
        "SESSION task 6: current_user is found from the cookie", "session"),
    "session-any-cookie": Fault(
        "takes every unknown session id for the first user's",
        "SESSION task 5: no user is linked to an unknown Session ID, 403", "session"),
    "session-one-per-user": Fault(
        "ends the user's other sessions when a new one opens",
        "SESSION task 2: the same user can have several Session IDs", "session"),
    "session-id-number": Fault(
        "makes session ids that are numbers",
        "SESSION task 2: a Session ID is a uuid4", "session"),
    "session-id-constant": Fault(
        "gives every session the same id",
        "SESSION task 2: each session has a Session ID of its own", "session"),
    "session-id-is-user-id": Fault(
        "uses the user's id as session id",
        "SESSION task 2: a Session ID is a new uuid4", "session"),
    "session-id-from-clock": Fault(
        "makes session ids from the second of the clock",
        "SESSION task 2: each session has a Session ID of its own", "session"),
    "session-outlives-user": Fault(
        "keeps the user object in the session, so that a deleted user stays in",
        "SESSION task 6: the user is retrieved from the database, where it is no more", "session"),
    "session-keeps-user": Fault(
        "keeps the user as it was at the login with the session",
        "SESSION task 6: the user is retrieved from the database by the User ID", "session"),
    "session-of-deleted-user-500": Fault(
        "fails with 500 on the session of a deleted user",
        "BASIC task 5: a current_user of None is 403", "session"),
    "email-of-deleted-user-taken": Fault(
        "looks emails up in an index from which a deletion takes nothing",
        "SESSION task 7: the user is retrieved from the database by the email", "session"),
    "cookie-name-fixed": Fault(
        "calls the cookie session_id whatever SESSION_NAME says",
        "SESSION task 4: SESSION_NAME defines the name of the cookie", "session"),
    "cookie-name-hardcoded": Fault(
        "calls the cookie _my_session_id whatever SESSION_NAME says",
        "SESSION task 4: SESSION_NAME defines the name of the cookie", "unnamed"),
    "cookie-name-default": Fault(
        "calls the cookie _my_session_id when SESSION_NAME is not set",
        "open: SESSION_NAME defines the name of the cookie, and no transcript shows what is so without it", "unnamed"),
    "cookie-unnamed-500": Fault(
        "fails with 500 when SESSION_NAME is not set",
        "SESSION task 1 is run without SESSION_NAME: a cookie lookup gives None, not an error", "unnamed"),
    "cookie-without-path": Fault(
        "sets the cookie without Path=/",
        "SESSION task 7: Set-Cookie: <name>=<id>; Path=/", "session"),
    "cookie-name-contains": Fault(
        "reads a cookie whose name only contains SESSION_NAME",
        "SESSION task 4: the value of the cookie named by SESSION_NAME", "session"),
    "cookie-first-only": Fault(
        "looks at the first cookie of the header only",
        "SESSION task 4: the value of the cookie named by SESSION_NAME", "session"),
    "cookie-cut-at-space": Fault(
        "ends a cookie's value at the first space",
        "SESSION task 4: the cookie `C is fun` is printed whole", "main-3"),
    "cookie-absent-is-empty": Fault(
        "takes an absent cookie for an empty one",
        "SESSION task 4: without the cookie the value is None", "main-3"),

    # Login
    "login-wrong-before-unknown": Fault(
        "answers `wrong password` to an unknown email",
        "SESSION task 7: no user for the email is 404 `no user found for this email`", "session"),
    "login-unknown-401": Fault(
        "answers 401 with the right text to an unknown email",
        "SESSION task 7: no user for the email is 404", "session"),
    "login-wrong-password-403": Fault(
        "answers 403 to a wrong password",
        "SESSION task 7: wrong password is 401", "session"),
    "login-missing-422": Fault(
        "answers 422 to a missing field",
        "SESSION task 7: a missing email or password is 400", "session"),
    "login-errors-200": Fault(
        "sends the error bodies of the login with status 200",
        "SESSION task 7: the status codes 400, 401 and 404 of the login", "session"),
    "login-error-text": Fault(
        "begins the error texts of the login with a capital",
        "SESSION task 7: the texts of the login's errors", "session"),
    "login-password-first": Fault(
        "asks for the password before the email",
        "SESSION task 7: the email is looked at first", "session"),
    "login-empty-email-unknown": Fault(
        "takes an empty email for an unknown one",
        "SESSION task 7: an empty email is 400 `email missing`", "session"),
    "login-empty-password-wrong": Fault(
        "takes an empty password for a wrong one",
        "SESSION task 7: an empty password is 400 `password missing`", "session"),
    "login-any-password": Fault(
        "does not check the password",
        "SESSION task 7: wrong password is 401", "session"),
    "login-email-any-case": Fault(
        "finds the user by email without regard to case",
        "SESSION task 7: no user for the email is 404", "session"),
    "login-needs-json": Fault(
        "reads the fields from a JSON body only",
        "SESSION task 7: email and password are parameters of a form", "session"),
    "login-also-json": Fault(
        "reads the fields from a JSON body, too",
        "SESSION task 7: email and password are parameters of a form", "session"),
    "login-reads-query": Fault(
        "reads the fields from the query string, too",
        "SESSION task 7: email and password are parameters of a form", "session"),
    "login-plus-kept": Fault(
        "leaves a plus of a form as it is",
        "SESSION task 7: form parameters, where a plus is a space", "session"),
    "login-percent-kept": Fault(
        "leaves percent-encoded characters of a form as they are",
        "SESSION task 7: form parameters, which may be percent-encoded", "session"),
    "login-cut-at-space": Fault(
        "ends a form body at the first space",
        "SESSION task 7: `password=fake pwd` is sent with its space as it is", "session"),
    "login-slash-404": Fault(
        "does not know the login with a final slash",
        "SESSION task 7: the login is slash tolerant", "session"),
    "login-answers-get": Fault(
        "lets GET reach the login",
        "SESSION task 7: GET auth_session/login is 405", "session"),
    "login-201": Fault(
        "answers a login with 201",
        "SESSION task 7: the login answers 200", "session"),
    "login-201-when-expiring": Fault(
        "answers a login with 201, with session_exp_auth and session_db_auth alone",
        "SESSION task 9: only the end of a session is new", "lasting"),
    "login-leaks-hash-when-expiring": Fault(
        "shows the hash of the password at a login, with session_exp_auth and session_db_auth alone",
        "BASIC starter, User: an answer has exactly six members", "stored"),
    "login-answers-id": Fault(
        "answers a login with the user's id only",
        "SESSION task 7: the login answers the whole user", "session"),
    "login-of-deleted-user-500": Fault(
        "fails with 500 at the login of a user who has just been deleted",
        "SESSION task 7: a login of nobody is 404", "session"),
    "login-no-cookie": Fault(
        "sets no cookie",
        "SESSION task 7: the login sets the session cookie", "session"),
    "login-cookie-on-refusal": Fault(
        "opens a session and sets the cookie though the password is wrong",
        "SESSION task 7: a session is created only after the checks", "session"),

    # Logout
    "logout-deletes-nothing": Fault(
        "answers {} and leaves the session",
        "SESSION task 8: the Session ID is deleted, after which it is 403", "session"),
    "logout-ends-all-of-user": Fault(
        "ends all sessions of the user",
        "SESSION task 8: the Session ID of the request is deleted, no other", "session"),
    "logout-ends-everyone": Fault(
        "ends the sessions of all users",
        "SESSION task 8: the Session ID of the request is deleted, no other", "session"),
    "logout-204": Fault(
        "answers 204 without a body",
        "SESSION task 8: the logout answers {} with 200", "session"),
    "logout-message": Fault(
        "answers a message instead of {}",
        "SESSION task 8: the logout answers an empty dictionary", "session"),
    "logout-twice-200": Fault(
        "answers {} to a second logout with the same cookie",
        "SESSION task 5: a cookie that is linked to no user is 403", "session"),
    "logout-open": Fault(
        "excludes the logout from the gate",
        "SESSION task 5: the login is excluded, the logout is not", "session"),
    "logout-by-get": Fault(
        "lets GET log out",
        "SESSION task 8: GET auth_session/logout is 405", "session"),
    "logout-by-post": Fault(
        "wants POST for the logout instead of DELETE",
        "SESSION task 8: the route is DELETE auth_session/logout", "session"),
    "logout-slash-404": Fault(
        "does not know the logout with a final slash",
        "SESSION task 8: the logout is slash tolerant", "session"),
    "logout-race": Fault(
        "answers 200 to several concurrent logouts of one session",
        "SESSION task 8: a Session ID that is linked to no user is not destroyed again", "session"),

    # Expiry and stored sessions
    "expiry-never": Fault(
        "never ends a session",
        "SESSION task 9: None once created_at and the duration lie before now", "expiry"),
    "expiry-at-once": Fault(
        "takes every session for ended when there is a duration",
        "SESSION task 9: the user until the duration is over", "expiry"),
    "expiry-slides": Fault(
        "restarts the duration on every use",
        "SESSION task 9: the duration counts from created_at", "expiry"),
    "expiry-zero-at-once": Fault(
        "ends sessions at once when the duration is 0",
        "SESSION task 9: with a duration of 0 or less a session never ends", "endless"),
    "expiry-needs-duration": Fault(
        "does not start without a SESSION_DURATION that is an integer",
        "SESSION task 9: the duration is 0 if it is unset or not an integer", "endless"),
    "expiry-401": Fault(
        "answers 401 to an ended session",
        "SESSION task 9: an ended session is 403", "expiry"),
    "expiry-reads-fractions": Fault(
        "takes a duration of half a second for one",
        "SESSION task 9: the duration is 0 if it is not an integer", "endless-fraction"),
    "stored-zero-at-once": Fault(
        "ends stored sessions at once when there is no duration",
        "SESSION task 10: SessionDBAuth is a SessionExpAuth, with a duration of 0 its sessions never end", "stored-endless"),
    "stored-lost-on-restart": Fault(
        "does not load the stored sessions",
        "SESSION task 10: sessions outlive the process", "stored"),
    "stored-login-overwrites": Fault(
        "writes its first new session over the file it has not read",
        "SESSION task 10: sessions outlive the process", "stored"),
    "stored-logout-in-memory": Fault(
        "removes a session from memory and not from the file, so that a restart revives it",
        "SESSION task 10: destroy_session removes the stored session", "stored"),
    "stored-fresh-500": Fault(
        "fails with 500 on a cookie before any session was loaded or made",
        "SESSION task 10: an unknown session is 403 on a fresh server", "stored"),
    "stored-never-expires": Fault(
        "does not end stored sessions",
        "SESSION task 10: SessionDBAuth is a SessionExpAuth, its sessions end", "stored"),

    # Users
    "me-anyone": Fault(
        "returns the first user for `me`, whatever the credentials are",
        "SESSION task 0: me answers the authenticated user", "basic"),
    "me-404": Fault(
        "does not know me",
        "SESSION task 0: me answers the authenticated user", "basic"),
    "me-slash-404": Fault(
        "does not know me with a final slash",
        "BASIC starter: all routes tolerate a final slash", "basic"),
    "me-wrapped": Fault(
        "puts the user of me under a member `user`",
        "SESSION task 0: me answers like GET /users/<id>", "basic"),
    "users-only-me": Fault(
        "lists the user who asks and no other",
        "BASIC task 11: GET /users lists all users", "basic"),
    "users-wrapped": Fault(
        "puts the list of users under a member `users`",
        "BASIC starter: GET /users answers a list", "open"),
    "users-slash-404": Fault(
        "does not know the list of users with a final slash",
        "BASIC starter: all routes tolerate a final slash", "open"),
    "user-slash-404": Fault(
        "does not know a user's path with a final slash",
        "BASIC starter: all routes tolerate a final slash", "open"),
    "user-unknown-null": Fault(
        "answers 200 and null to an unknown id",
        "BASIC starter: GET of an unknown id is 404", "open"),
    "stats-one-more": Fault(
        "counts one user too many",
        "BASIC starter: stats answers the number of users", "open"),
    "stats-frozen": Fault(
        "counts the users once and never again",
        "BASIC starter: stats answers the number of users", "open"),
    "post-200": Fault(
        "answers 200 to a new user",
        "BASIC starter: POST /users answers 201", "open"),
    "post-without-email": Fault(
        "makes users without an email",
        "BASIC starter: POST without email is 400 `email missing`", "open"),
    "post-empty-email": Fault(
        "makes users with an empty email",
        "BASIC starter: POST with an empty email is 400 `email missing`", "open"),
    "post-without-password": Fault(
        "makes users without a password",
        "BASIC starter: POST without password is 400 `password missing`", "open"),
    "post-password-first": Fault(
        "asks for the password before the email",
        "BASIC starter: POST looks at the email first", "open"),
    "post-any-type": Fault(
        "reads a JSON body of any content type",
        "BASIC starter: POST with another content type is 400 `Wrong format`", "open"),
    "post-type-exact": Fault(
        "takes a body for JSON only when its content type is application/json letter by letter",
        "BASIC task 0: a JSON body", "open"),
    "post-bad-json-500": Fault(
        "fails with 500 on a body that is not JSON",
        "BASIC starter: POST of what is not JSON is 400 `Wrong format`", "open"),
    "post-not-kept": Fault(
        "answers a new user and forgets it",
        "BASIC starter: a user that was made is found by its id", "open"),
    "post-not-stored": Fault(
        "does not write users to the file, so that a restart loses them",
        "BASIC starter, storage: save() rewrites the file", "open"),
    "post-ignores-names": Fault(
        "leaves the names of a new user null",
        "BASIC starter: POST takes first_name and last_name", "open"),
    "put-changes-email": Fault(
        "lets PUT change the email",
        "BASIC starter: PUT changes only first_name and last_name", "open"),
    "put-201": Fault(
        "answers 201 to a change",
        "BASIC starter: PUT answers 200", "open"),
    "put-null-clears": Fault(
        "clears a name that is null in the body",
        "BASIC starter: PUT changes a name only when it is not null", "open"),
    "put-body-first": Fault(
        "looks at the body before the id",
        "BASIC starter: PUT of an unknown id is 404 before the body is looked at", "open"),
    "put-not-kept": Fault(
        "answers the changed user and keeps the old one",
        "BASIC starter: PUT changes first_name and last_name", "open"),
    "put-keeps-updated-at": Fault(
        "leaves updated_at as it was",
        "BASIC starter, storage: save() sets updated_at to now", "open"),
    "delete-204": Fault(
        "answers 204 without a body to a deletion",
        "BASIC starter: DELETE answers {} with 200", "open"),
    "delete-answers-user": Fault(
        "answers a deletion with the user",
        "BASIC starter: DELETE answers {}", "open"),
    "delete-unknown-200": Fault(
        "answers {} to the deletion of an unknown id",
        "BASIC starter: DELETE of an unknown id is 404", "open"),
    "delete-disturbs-others": Fault(
        "fails with 500 on whatever looks for a user while one is deleted",
        "open: no text speaks of requests at the same moment", "session"),
    "delete-keeps": Fault(
        "answers {} and keeps the user",
        "BASIC starter: a user that was deleted is not found", "open"),
    "user-leaks-hash": Fault(
        "shows the hash of the password",
        "BASIC starter, User: attributes whose name begins with _ are not shown", "open"),
    "user-leaks-password": Fault(
        "shows the password in the answer to POST",
        "BASIC starter, User: an answer has exactly six members", "open"),
    "user-extra-member": Fault(
        "adds a display_name to users",
        "BASIC starter, User: an answer has exactly six members", "open"),
    "user-times-missing": Fault(
        "leaves out the times of users",
        "BASIC starter, User: an answer has created_at and updated_at", "open"),
    "user-times-as-numbers": Fault(
        "shows times as numbers of seconds",
        "BASIC starter, storage: times are texts with date and time", "open"),
    "user-times-local": Fault(
        "notes times in a zone of its own, two hours ahead",
        "BASIC starter: times are UTC", "open"),
    "user-null-names-omitted": Fault(
        "leaves out names that are null",
        "BASIC starter, User: an answer has exactly six members", "open"),
    "user-null-names-empty": Fault(
        "shows names that are null as empty texts",
        "SESSION task 0: names that were not given are null", "open"),

    # Every answer
    "wrong-method-404": Fault(
        "answers 404 to a wrong method",
        "BASIC starter: a known path with another method is 405", "open"),
    "unknown-path-405": Fault(
        "answers 405 to an unknown path",
        "BASIC starter: any other path is 404", "open"),
    "not-found-html": Fault(
        "answers 404 with an HTML page",
        "BASIC starter: 404 has the body {\"error\": \"Not found\"}", "open"),
    "error-key-message": Fault(
        "calls the member of error bodies `message`",
        "BASIC tasks 1 and 2: error bodies have the member `error`", "open"),
    "json-as-html": Fault(
        "sends JSON as text/html",
        "BASIC task 0: answers are application/json", "open"),
    "json-as-text": Fault(
        "sends JSON as text/plain",
        "BASIC task 0: answers are application/json", "open"),
    "json-as-python": Fault(
        "sends Python literals instead of JSON",
        "BASIC task 0: answers are JSON", "open"),
    "cors-missing": Fault(
        "sends no Access-Control-Allow-Origin",
        "BASIC starter: every answer carries Access-Control-Allow-Origin", "open"),
    "cors-origin-ignored": Fault(
        "sends * also when the request has an Origin",
        "BASIC starter: with an Origin it is echoed", "open"),
    "status-lower-case": Fault(
        "answers `ok` instead of `OK`",
        "BASIC task 0: status answers {\"status\": \"OK\"}", "open"),
    "unauthorized-missing": Fault(
        "has no route /unauthorized",
        "BASIC task 1: GET /unauthorized is 401", "open"),
    "forbidden-401": Fault(
        "answers 401 on /forbidden",
        "BASIC task 2: GET /forbidden is 403", "open"),

    # Answers that are none
    "crash-on-wrong-password": Fault(
        "ends the process on a wrong password",
        "SESSION task 7: wrong password is 401", "session"),
    "hang-on-stats": Fault(
        "never answers /stats",
        "BASIC starter: stats answers the number of users", "open"),
    "garbage-on-me": Fault(
        "answers me with bytes that are not HTTP",
        "SESSION task 0: me answers the authenticated user", "basic"),
    "drop-on-logout": Fault(
        "closes the connection instead of answering a logout",
        "SESSION task 8: the logout answers {} with 200", "session"),
    "cut-users-short": Fault(
        "closes the connection in the middle of the list of users",
        "BASIC starter: GET /users answers a list", "open"),
}


def switch_on():
    """Switch on the fault that the environment names, if it names one."""
    name = os.getenv("FAULT")
    if not name:
        return
    if name not in FAULTS:
        sys.exit(f"FAULT={name}: no such fault; `python3 faults.py` prints the table")
    import switches  # only a wrong server needs them
    switches.function(name)()


if __name__ == "__main__":
    for fault_name, fault in FAULTS.items():
        print(fault_name, *fault, sep="\t")
