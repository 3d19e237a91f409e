#!/usr/bin/env python3
"""Create sessions, and print the user ids that session ids lead to."""
import os
import sys

sys.path[0] = os.getcwd()

from api.v1.auth.session_auth import SessionAuth  # noqa: E402

auth = SessionAuth()
first = auth.create_session("abcde")
second = auth.create_session("fghij")
third = auth.create_session("abcde")
for name, session_id in [("None", None), ("89", 89), ("unknown", "unknown"),
                         ("first", first), ("second", second),
                         ("third", third), ("first again", first)]:
    print("{} => {}".format(name, auth.user_id_for_session_id(session_id)))
