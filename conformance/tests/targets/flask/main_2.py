#!/usr/bin/env python3
"""Task 3: find the users of sessions."""
from api.v1.auth.session_auth import SessionAuth

auth = SessionAuth()


def open_session(user_id):
    """Make a session of a user, print it and return its id."""
    session_id = auth.create_session(user_id)
    print("{} => {}: {}".format(user_id, session_id,
                                auth.user_id_by_session_id))
    return session_id


def find_user(session_id):
    """Print whose session it is."""
    print("{} => {}".format(session_id,
                            auth.user_id_for_session_id(session_id)))


if __name__ == "__main__":
    first = open_session("abcde")
    second = open_session("fghij")
    print("---")
    for unknown in (None, 89, "doesntexist"):
        find_user(unknown)
    print("---")
    find_user(first)
    find_user(second)
    print("---")
    find_user(open_session("abcde"))
    find_user(first)
