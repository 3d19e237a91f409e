#!/usr/bin/env python3
"""Authentication with an email and a password in each request."""
import base64

from api.v1.auth.auth import Auth
from models.user import User

SCHEME = "Basic "


class BasicAuth(Auth):
    """Goes from the Authorization header to a user in four steps."""

    def extract_base64_authorization_header(self, authorization_header):
        """Return what follows the scheme, or None for another scheme."""
        if not isinstance(authorization_header, str):
            return None
        if not authorization_header.startswith(SCHEME):
            return None
        return authorization_header[len(SCHEME):]

    def decode_base64_authorization_header(self,
                                           base64_authorization_header):
        """Return the text that was encoded, or None if there is none."""
        if not isinstance(base64_authorization_header, str):
            return None
        try:
            encoded = base64_authorization_header.encode("ascii")
            return base64.b64decode(encoded, validate=True).decode("utf-8")
        except ValueError:
            return None

    def extract_user_credentials(self, decoded_base64_authorization_header):
        """Return an email and a password; the first colon parts them."""
        if not isinstance(decoded_base64_authorization_header, str):
            return None, None
        email, colon, password = (
            decoded_base64_authorization_header.partition(":"))
        return (email, password) if colon else (None, None)

    def user_object_from_credentials(self, user_email, user_pwd):
        """Return the user with this email and this password, or None.

        Of two users with one email the older is meant, as at the login.
        """
        if not isinstance(user_email, str) or not isinstance(user_pwd, str):
            return None
        users = User.search({"email": user_email})
        if users and users[0].is_valid_password(user_pwd):
            return users[0]
        return None

    def current_user(self, request=None):
        """Return the user whose credentials a request shows, or None."""
        header = self.authorization_header(request)
        encoded = self.extract_base64_authorization_header(header)
        decoded = self.decode_base64_authorization_header(encoded)
        email, password = self.extract_user_credentials(decoded)
        return self.user_object_from_credentials(email, password)
