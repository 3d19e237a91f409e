#!/usr/bin/env python3
"""Authentication with sessions that outlive the program."""
from api.v1.auth.session_exp_auth import SessionExpAuth
from models.user_session import UserSession


class SessionDBAuth(SessionExpAuth):
    """Keeps sessions in a file; memory is never asked."""

    def create_session(self, user_id=None):
        """Return the id of a new session that is stored."""
        session_id = super().create_session(user_id)
        if session_id is not None:
            UserSession(user_id=user_id, session_id=session_id).save()
        return session_id

    def user_id_for_session_id(self, session_id=None):
        """Return the id of the user of a stored session, or None."""
        if not isinstance(session_id, str):
            return None
        for session in UserSession.search({"session_id": session_id}):
            if not self.has_ended(session.created_at):
                return session.user_id
        return None

    def destroy_session(self, request=None):
        """Remove the stored session of a request, if there is one."""
        session_id = self.session_cookie(request)
        if self.user_id_for_session_id(session_id) is None:
            return False
        self.user_id_by_session_id.pop(session_id, None)
        stored = UserSession.search({"session_id": session_id})
        return any([session.remove() for session in stored])
