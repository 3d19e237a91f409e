#!/usr/bin/env python3
"""The views, and the loading of what they show."""
from flask import Blueprint

from models.user import User
from models.user_session import UserSession

app_views = Blueprint("app_views", __name__, url_prefix="/api/v1")

from api.v1.views.index import *  # noqa: E402,F401,F403
from api.v1.views.users import *  # noqa: E402,F401,F403
from api.v1.views.session_auth import *  # noqa: E402,F401,F403

User.load_from_file()
UserSession.load_from_file()
