#!/usr/bin/env python3
"""Sessions that are kept in a file."""
from models.base import Base


class UserSession(Base):
    """One session of one user."""

    attributes = ("user_id", "session_id")
