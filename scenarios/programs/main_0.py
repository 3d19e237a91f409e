#!/usr/bin/env python3
"""Store a user in the folder of the implementation, and print the id and
the token for Basic authentication."""
import base64
import os
import sys

sys.path[0] = os.getcwd()

from models.user import User  # noqa: E402

EMAIL = "main0@hbtn.io"
PASSWORD = "a password without colon"

user = User()
user.email = EMAIL
user.password = PASSWORD
user.save()
token = "{}:{}".format(EMAIL, PASSWORD).encode("utf-8")
print("New user: {}".format(user.id))
print("Basic Base64: {}".format(base64.b64encode(token).decode("utf-8")))
