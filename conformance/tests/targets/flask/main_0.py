#!/usr/bin/env python3
"""Task 0: make a user and print its credentials for Basic authentication."""
import base64

from models.user import User

EMAIL = "bob@hbtn.io"
PASSWORD = "H0lbertonSchool98!"

if __name__ == "__main__":
    User.load_from_file()
    user = User(email=EMAIL)
    user.password = PASSWORD
    user.save()
    credentials = "{}:{}".format(EMAIL, PASSWORD).encode("utf-8")
    print("New user: {}".format(user.id))
    print("Basic Base64: {}".format(base64.b64encode(credentials).decode()))
