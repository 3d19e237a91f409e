#!/usr/bin/env python3
"""The small server of task 6: makes a user and a session, and finds the user by the cookie."""
import os

import faults
from auth import SessionAuth
from connection import Response, serve
from models import User

auth = SessionAuth()


def answer(request):
    """Return as text which user the cookie identifies."""
    if request.path != "/":
        return Response(404, "Not Found\n")
    user = auth.current_user(request)
    return Response(200, "No user found\n" if user is None else f"User found: {user.id}\n")


if __name__ == "__main__":
    faults.switch_on()
    User.load()
    user = User(email="bobsession@hbtn.io")
    user.set_password("fake pwd")
    user.save()
    print(f"User with ID: {user.id} has a Session ID: {auth.create_session(user.id)}", flush=True)
    serve(os.getenv("API_HOST", "0.0.0.0"), int(os.getenv("API_PORT", "5000")), answer)
