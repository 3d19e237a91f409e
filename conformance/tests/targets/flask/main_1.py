#!/usr/bin/env python3
"""Task 2: make sessions, and show what is kept of them."""
from api.v1.auth.session_auth import SessionAuth

if __name__ == "__main__":
    auth = SessionAuth()
    sessions = auth.user_id_by_session_id
    print("{}: {}".format(type(sessions), sessions))
    for user_id in (None, 89, "abcde", "fghij", "abcde"):
        session_id = auth.create_session(user_id)
        print("{} => {}: {}".format(user_id, session_id, sessions))
