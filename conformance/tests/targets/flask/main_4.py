#!/usr/bin/env python3
"""Task 6: a server that finds a user by the session cookie."""
import os

from flask import Flask, request

from api.v1.auth.session_auth import SessionAuth
from models.user import User

app = Flask(__name__)
auth = SessionAuth()


@app.route("/", methods=["GET"], strict_slashes=False)
def show_user():
    """Show the id of the user as text."""
    user = auth.current_user(request)
    if user is None:
        return "No user found\n"
    return "User found: {}\n".format(user.id)


def make_session():
    """Make a user with a session, and print the ids of both."""
    User.load_from_file()
    user = User(email="bobsession@hbtn.io")
    user.password = "fake pwd"
    user.save()
    print("User with ID: {} has a Session ID: {}".format(
        user.id, auth.create_session(user.id)), flush=True)


if __name__ == "__main__":
    make_session()
    app.run(host=os.getenv("API_HOST", "0.0.0.0"),
            port=int(os.getenv("API_PORT", "5000")))
