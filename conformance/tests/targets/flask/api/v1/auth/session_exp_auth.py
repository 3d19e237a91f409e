#!/usr/bin/env python3
"""Authentication with sessions that end after some time."""
import os
from datetime import timedelta

from api.v1.auth.session_auth import SessionAuth
from models.base import utc_now


class SessionExpAuth(SessionAuth):
    """Ends each session SESSION_DURATION seconds after it was made."""

    def __init__(self):
        """Read the duration; anything but an integer counts as 0."""
        try:
            self.session_duration = int(os.getenv("SESSION_DURATION", "0"))
        except ValueError:
            self.session_duration = 0

    def has_ended(self, created_at):
        """Return whether a session of that age is over; 0 is for ever."""
        if self.session_duration <= 0:
            return False
        duration = timedelta(seconds=self.session_duration)
        return created_at + duration < utc_now()

    def create_session(self, user_id=None):
        """Return the id of a new session, whose beginning is noted."""
        session_id = super().create_session(user_id)
        if session_id is not None:
            self.user_id_by_session_id[session_id] = {
                "user_id": user_id,
                "created_at": utc_now(),
            }
        return session_id

    def user_id_for_session_id(self, session_id=None):
        """Return the id of the user of a session that lasts, or None."""
        session = super().user_id_for_session_id(session_id)
        if not isinstance(session, dict) or "created_at" not in session:
            return None
        if self.has_ended(session["created_at"]):
            return None
        return session["user_id"]
