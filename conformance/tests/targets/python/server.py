#!/usr/bin/env python3
"""Starts the API on API_HOST and API_PORT, with the users of the current directory."""
import os

import faults
from api import Api
from connection import serve
from models import User, UserSession

if __name__ == "__main__":
    faults.switch_on()
    User.load()
    UserSession.load()
    serve(os.getenv("API_HOST", "0.0.0.0"), int(os.getenv("API_PORT", "5000")), Api().answer)
