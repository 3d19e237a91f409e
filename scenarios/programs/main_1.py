#!/usr/bin/env python3
"""Create sessions, and print each with the sessions that exist then."""
import os
import sys

sys.path[0] = os.getcwd()

from api.v1.auth.session_auth import SessionAuth  # noqa: E402

auth = SessionAuth()
print("{}: {}".format(type(auth.user_id_by_session_id),
                      auth.user_id_by_session_id))
for user_id in (None, 89, "abcde", "fghij", "abcde"):
    session_id = auth.create_session(user_id)
    print("{} => {}: {}".format(user_id, session_id,
                                auth.user_id_by_session_id))
