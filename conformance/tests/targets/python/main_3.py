#!/usr/bin/env python3
"""The cookie server of task 4: shows the session cookie that a request carries."""
import os

import faults
from auth import Auth
from connection import Response, serve

auth = Auth()


def answer(request):
    """Return the value of the cookie as text."""
    if request.path != "/":
        return Response(404, "Not Found\n")
    return Response(200, f"Cookie value: {auth.session_cookie(request)}\n")


if __name__ == "__main__":
    faults.switch_on()
    serve(os.getenv("API_HOST", "0.0.0.0"), int(os.getenv("API_PORT", "5000")), answer)
