#!/usr/bin/env python3
"""Task 4: a server that shows the session cookie of a request."""
import os

from flask import Flask, request

from api.v1.auth.auth import Auth

app = Flask(__name__)
auth = Auth()


@app.route("/", methods=["GET"], strict_slashes=False)
def show_cookie():
    """Show the cookie as text."""
    return "Cookie value: {}\n".format(auth.session_cookie(request))


if __name__ == "__main__":
    app.run(host=os.getenv("API_HOST", "0.0.0.0"),
            port=int(os.getenv("API_PORT", "5000")))
