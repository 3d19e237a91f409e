#!/usr/bin/env python3
"""The application: its gate, its error pages, and the start of the server.

Run as a program, this file is the module `__main__`. The views for sessions
import it again as `api.v1.app`, so all of it runs twice and there are two
`auth` objects: nothing that they must share may be kept on either of them.
"""
import os

from flask import Flask, abort, jsonify, request
from flask_cors import CORS

from api.v1.views import app_views

EXCLUDED_PATHS = [
    "/api/v1/status/",
    "/api/v1/unauthorized/",
    "/api/v1/forbidden/",
    "/api/v1/auth_session/login/",
]


def choose_auth():
    """Return the authentication that AUTH_TYPE names, or None without it."""
    auth_type = os.getenv("AUTH_TYPE")
    if not auth_type:
        return None
    if auth_type == "basic_auth":
        from api.v1.auth.basic_auth import BasicAuth
        return BasicAuth()
    if auth_type == "session_auth":
        from api.v1.auth.session_auth import SessionAuth
        return SessionAuth()
    if auth_type == "session_exp_auth":
        from api.v1.auth.session_exp_auth import SessionExpAuth
        return SessionExpAuth()
    if auth_type == "session_db_auth":
        from api.v1.auth.session_db_auth import SessionDBAuth
        return SessionDBAuth()
    from api.v1.auth.auth import Auth
    return Auth()


app = Flask(__name__)
app.register_blueprint(app_views)
CORS(app, resources={r"/api/v1/*": {"origins": "*"}})
auth = choose_auth()


@app.before_request
def authenticate():
    """Reject requests to protected paths without a known user."""
    request.current_user = None
    if auth is None or not auth.require_auth(request.path, EXCLUDED_PATHS):
        return
    if (auth.authorization_header(request) is None
            and auth.session_cookie(request) is None):
        abort(401)
    request.current_user = auth.current_user(request)
    if request.current_user is None:
        abort(403)


@app.errorhandler(401)
def unauthorized(error):
    """Answer a request that shows no credentials."""
    return jsonify({"error": "Unauthorized"}), 401


@app.errorhandler(403)
def forbidden(error):
    """Answer a request whose credentials identify nobody."""
    return jsonify({"error": "Forbidden"}), 403


@app.errorhandler(404)
def not_found(error):
    """Answer a request for something that is not there."""
    return jsonify({"error": "Not found"}), 404


if __name__ == "__main__":
    app.run(host=os.getenv("API_HOST", "0.0.0.0"),
            port=int(os.getenv("API_PORT", "5000")))
