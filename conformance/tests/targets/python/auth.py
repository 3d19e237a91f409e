"""The five ways to find out who sends a request, with the names of the course."""
import base64
import os
import uuid
from datetime import timedelta

from models import User, UserSession, utc_now


class Auth:
    """What every mode shares; alone it knows nobody."""

    def require_auth(self, path, excluded_paths):
        """Return whether the path is protected; the slash at its end does not count."""
        if path is None or not excluded_paths:
            return True
        for excluded in excluded_paths:
            if excluded.endswith("*") and path.startswith(excluded[:-1]):
                return False
            if path.rstrip("/") == excluded.rstrip("/"):
                return False
        return True

    def authorization_header(self, request):
        """Return the Authorization header as it is, or None."""
        return request.headers.get("authorization")

    def session_cookie(self, request):
        """Return the value of the cookie that SESSION_NAME names, or None."""
        return request.cookies.get(os.getenv("SESSION_NAME"))

    def current_user(self, request):
        """Return the user who sends the request, or None."""
        return None

    def create_session(self, user_id):
        """Return None: only the session modes keep sessions."""
        return None

    def destroy_session(self, request):
        """Return False: only the session modes keep sessions."""
        return False


class BasicAuth(Auth):
    """An email and a password in every request."""

    def extract_base64_authorization_header(self, header):
        """Return what follows `Basic` and one space, or None."""
        if not isinstance(header, str) or not header.startswith("Basic "):
            return None
        return header[len("Basic "):]

    def decode_base64_authorization_header(self, encoded):
        """Return the decoded text, or None if it is not base64 of UTF-8."""
        try:
            return base64.b64decode(encoded, validate=True).decode("utf-8")
        except (TypeError, ValueError):
            return None

    def extract_user_credentials(self, decoded):
        """Return the email and the password, which may hold colons itself."""
        if not isinstance(decoded, str) or ":" not in decoded:
            return None, None
        return tuple(decoded.split(":", 1))

    def user_object_from_credentials(self, email, password):
        """Return the user with this email and this password, or None."""
        for user in User.search(email=email):
            if user.is_valid_password(password):
                return user
        return None

    def current_user(self, request):
        """Return the user of the Authorization header, or None."""
        encoded = self.extract_base64_authorization_header(self.authorization_header(request))
        decoded = self.decode_base64_authorization_header(encoded)
        email, password = self.extract_user_credentials(decoded)
        if email is None:
            return None
        return self.user_object_from_credentials(email, password)


class SessionAuth(Auth):
    """A cookie with the id of a session, which ends with the process."""

    user_id_by_session_id = {}

    def new_session_id(self, user_id):
        """Return an id that nobody can guess."""
        return str(uuid.uuid4())

    def create_session(self, user_id):
        """Open one more session of a user and return its id."""
        if not isinstance(user_id, str):
            return None
        session_id = self.new_session_id(user_id)
        self.user_id_by_session_id[session_id] = user_id
        return session_id

    def user_id_for_session_id(self, session_id):
        """Return the id of the user who opened the session, or None."""
        return self.user_id_by_session_id.get(session_id)

    def current_user(self, request):
        """Return the user of the session cookie, or None."""
        return User.get(self.user_id_for_session_id(self.session_cookie(request)))

    def destroy_session(self, request):
        """End the request's session; of several concurrent callers one gets True."""
        session_id = self.session_cookie(request)
        if self.user_id_for_session_id(session_id) is None:
            return False
        return self.user_id_by_session_id.pop(session_id, None) is not None


class SessionExpAuth(SessionAuth):
    """Sessions that end SESSION_DURATION seconds after they began; with 0 or less, never."""

    def __init__(self):
        """Read the duration; what is not an integer counts as 0."""
        try:
            self.session_duration = int(os.getenv("SESSION_DURATION", ""))
        except ValueError:
            self.session_duration = 0

    def expired(self, created_at):
        """Return whether a session that began then is over."""
        return self.session_duration > 0 \
            and created_at + timedelta(seconds=self.session_duration) < utc_now()

    def create_session(self, user_id):
        """Open a session and note when."""
        session_id = super().create_session(user_id)
        if session_id is not None:
            self.user_id_by_session_id[session_id] = {"user_id": user_id, "created_at": utc_now()}
        return session_id

    def user_id_for_session_id(self, session_id):
        """Return the id of the user who opened the session, or None if it is over."""
        session = self.user_id_by_session_id.get(session_id)
        if session is None or self.expired(session["created_at"]):
            return None
        return session["user_id"]


class SessionDBAuth(SessionExpAuth):
    """Sessions that are kept in a file, and so outlive the process."""

    def create_session(self, user_id):
        """Open a session and store it."""
        session_id = super().create_session(user_id)
        if session_id is not None:
            UserSession(user_id=user_id, session_id=session_id).save()
        return session_id

    def user_id_for_session_id(self, session_id):
        """Return the user's id from the stored session, or None."""
        for session in UserSession.search(session_id=session_id):
            if not self.expired(session.created_at):
                return session.user_id
        return None

    def destroy_session(self, request):
        """Remove the stored session of the request's cookie."""
        session_id = self.session_cookie(request)
        if self.user_id_for_session_id(session_id) is None:
            return False
        self.user_id_by_session_id.pop(session_id, None)
        return any([session.remove() for session in UserSession.search(session_id=session_id)])


MODES = {
    "basic_auth": BasicAuth,
    "session_auth": SessionAuth,
    "session_exp_auth": SessionExpAuth,
    "session_db_auth": SessionDBAuth,
}


def chosen():
    """Return the mode that AUTH_TYPE names, `Auth` for any other name, None without one."""
    name = os.getenv("AUTH_TYPE")
    return MODES.get(name, Auth)() if name else None
