#!/usr/bin/env python3
"""Views for login and logout.

Where the mode keeps no sessions there is nothing to open or to end, and
both answer 404 where they would otherwise do so.
"""
import os

from flask import abort, jsonify, request

from api.v1.views import app_views
from models.user import User


def refusal(text, status):
    """Return the answer to a login that fails."""
    return jsonify({"error": text}), status


@app_views.route("/auth_session/login", methods=["POST"],
                 strict_slashes=False)
def login():
    """Open a session for an email and a password."""
    email = request.form.get("email")
    password = request.form.get("password")
    if not email:
        return refusal("email missing", 400)
    if not password:
        return refusal("password missing", 400)
    users = User.search({"email": email})
    if not users:
        return refusal("no user found for this email", 404)
    if not users[0].is_valid_password(password):
        return refusal("wrong password", 401)

    from api.v1.app import auth
    if not hasattr(auth, "create_session"):
        abort(404)
    session_id = auth.create_session(users[0].id)
    answer = jsonify(users[0].to_json())
    session_name = os.getenv("SESSION_NAME")
    if session_name:
        answer.set_cookie(session_name, session_id)
    return answer


@app_views.route("/auth_session/logout", methods=["DELETE"],
                 strict_slashes=False)
def logout():
    """End the session of the request."""
    from api.v1.app import auth
    if not hasattr(auth, "destroy_session"):
        abort(404)
    if not auth.destroy_session(request):
        abort(404)
    return jsonify({})
