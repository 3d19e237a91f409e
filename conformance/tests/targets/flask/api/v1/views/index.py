#!/usr/bin/env python3
"""Views of the server as a whole."""
from flask import abort, jsonify

from api.v1.views import app_views
from models.user import User


@app_views.route("/status", methods=["GET"], strict_slashes=False)
def status():
    """Report that the server is running."""
    return jsonify({"status": "OK"})


@app_views.route("/stats", methods=["GET"], strict_slashes=False)
def stats():
    """Count the users."""
    return jsonify({"users": User.count()})


@app_views.route("/unauthorized", methods=["GET"], strict_slashes=False)
def unauthorized():
    """Show the error 401."""
    abort(401)


@app_views.route("/forbidden", methods=["GET"], strict_slashes=False)
def forbidden():
    """Show the error 403."""
    abort(403)
