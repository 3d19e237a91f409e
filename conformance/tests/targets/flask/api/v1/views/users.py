#!/usr/bin/env python3
"""Views of the users."""
from flask import abort, jsonify, request

from api.v1.views import app_views
from models.user import User


def wrong(text):
    """Return the answer to a request that cannot be understood."""
    return jsonify({"error": text}), 400


def body_members():
    """Return the JSON object that a request carries, or None."""
    try:
        members = request.get_json(silent=True)
    except RecursionError:
        return None
    return members if isinstance(members, dict) else None


def find_user(user_id):
    """Return the user with an id; without one the request ends with 404."""
    user = User.get(user_id)
    if user is None:
        abort(404)
    return user


@app_views.route("/users", methods=["GET"], strict_slashes=False)
def list_users():
    """Show all users."""
    return jsonify([user.to_json() for user in User.search()])


@app_views.route("/users/<user_id>", methods=["GET"], strict_slashes=False)
def show_user(user_id):
    """Show one user; `me` is the one who asks."""
    if user_id == "me":
        if request.current_user is None:
            abort(404)
        return jsonify(request.current_user.to_json())
    return jsonify(find_user(user_id).to_json())


@app_views.route("/users", methods=["POST"], strict_slashes=False)
def create_user():
    """Make a user with an email, a password and perhaps names."""
    members = body_members()
    if members is None:
        return wrong("Wrong format")
    for name in ("email", "password"):
        if members.get(name, "") == "":
            return wrong("{} missing".format(name))
    try:
        user = User(email=members["email"],
                    first_name=members.get("first_name"),
                    last_name=members.get("last_name"))
        user.password = members["password"]
        user.save()
    except (OSError, ValueError) as error:
        return wrong("Can't create User: {}".format(error))
    return jsonify(user.to_json()), 201


@app_views.route("/users/<user_id>", methods=["PUT"], strict_slashes=False)
def change_user(user_id):
    """Change the names of a user, and nothing else."""
    user = find_user(user_id)
    members = body_members()
    if members is None:
        return wrong("Wrong format")
    for name in ("first_name", "last_name"):
        if members.get(name) is not None:
            setattr(user, name, members[name])
    user.save()
    return jsonify(user.to_json())


@app_views.route("/users/<user_id>", methods=["DELETE"],
                 strict_slashes=False)
def delete_user(user_id):
    """Drop a user."""
    find_user(user_id).remove()
    return jsonify({})
