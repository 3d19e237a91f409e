#!/usr/bin/env python3
"""Users: an email, a password and two names."""
import hashlib

from models.base import Base


class User(Base):
    """Somebody who may use the API."""

    attributes = ("email", "_password", "first_name", "last_name")

    @property
    def password(self):
        """Return what is kept of the password: its hash."""
        return self._password

    @password.setter
    def password(self, password):
        """Keep the hash of a password; what is no string becomes null."""
        self._password = None
        if isinstance(password, str):
            self._password = self._hash(password)

    @staticmethod
    def _hash(password):
        """Return the SHA-256 that the course's files hold."""
        return hashlib.sha256(password.encode("utf-8")).hexdigest()

    def is_valid_password(self, password):
        """Return whether a text is the password of this user."""
        if not isinstance(password, str) or self._password is None:
            return False
        return self._hash(password) == self._password

    def display_name(self):
        """Return the names that are known, else the email, else nothing."""
        names = [name for name in (self.first_name, self.last_name)
                 if name is not None]
        return " ".join(names) if names else self.email or ""
