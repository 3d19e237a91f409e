#!/usr/bin/env python3
"""Authentication with a session, which a cookie names."""
import uuid

from api.v1.auth.auth import Auth
from models.user import User


class SessionAuth(Auth):
    """Keeps sessions in memory until the program ends.

    The dictionary belongs to the class, since a running server has two
    instances: the login uses one of them and the gate the other.
    """

    user_id_by_session_id = {}

    def create_session(self, user_id=None):
        """Return the id of a new session of a user, or None for no user."""
        if not isinstance(user_id, str):
            return None
        session_id = str(uuid.uuid4())
        self.user_id_by_session_id[session_id] = user_id
        return session_id

    def user_id_for_session_id(self, session_id=None):
        """Return the id of the user that a session belongs to, or None."""
        if not isinstance(session_id, str):
            return None
        return self.user_id_by_session_id.get(session_id)

    def current_user(self, request=None):
        """Return the user of the request's cookie, or None."""
        session_id = self.session_cookie(request)
        return User.get(self.user_id_for_session_id(session_id))

    def destroy_session(self, request=None):
        """End the session of a request; return whether there was one.

        Only taking it out decides: of two who do so at once, one is late.
        """
        session_id = self.session_cookie(request)
        if self.user_id_for_session_id(session_id) is None:
            return False
        ended = self.user_id_by_session_id.pop(session_id, None)
        return ended is not None
