"""Faults of sessions: their ids, their cookie, and whom they identify."""
import os
import time
import uuid
from copy import copy

from api import Api
from auth import Auth, BasicAuth, SessionAuth
from connection import Request
from models import User
from switches.swap import instead_of


def session_never_found():
    @instead_of(SessionAuth, "create_session")
    def create_session(right, self, user_id):
        session_id = right(self, user_id)
        self.user_id_by_session_id.pop(session_id, None)
        return session_id


def session_accepts_basic():
    @instead_of(SessionAuth, "current_user")
    def current_user(right, self, request):
        return right(self, request) or BasicAuth().current_user(request)


def session_ignored_beside_header():
    @instead_of(SessionAuth, "current_user")
    def current_user(right, self, request):
        return None if self.authorization_header(request) is not None else right(self, request)


def session_any_cookie():
    @instead_of(SessionAuth, "user_id_for_session_id")
    def user_id(right, self, session_id):
        return right(self, session_id) or (session_id and next(iter(User.objects), None))


def session_one_per_user():
    @instead_of(SessionAuth, "create_session")
    def create_session(right, self, user_id):
        for session_id, owner in list(self.user_id_by_session_id.items()):
            if owner == user_id:
                del self.user_id_by_session_id[session_id]
        return right(self, user_id)


def session_id_number():
    SessionAuth.new_session_id = lambda self, user_id: str(uuid.uuid4().int)


def session_id_constant():
    SessionAuth.new_session_id = lambda self, user_id: "11111111-1111-4111-8111-111111111111"


def session_id_is_user_id():
    SessionAuth.new_session_id = lambda self, user_id: user_id


def session_id_from_clock():
    SessionAuth.new_session_id = lambda self, user_id: str(uuid.UUID(int=int(time.time()), version=4))


def session_outlives_user():
    users = {}

    @instead_of(SessionAuth, "create_session")
    def create_session(right, self, user_id):
        session_id = right(self, user_id)
        users[session_id] = User.get(user_id)
        return session_id

    @instead_of(SessionAuth, "current_user")
    def current_user(right, self, request):
        session_id = self.session_cookie(request)
        return users.get(session_id) if self.user_id_for_session_id(session_id) else None


def session_of_deleted_user_500():
    @instead_of(SessionAuth, "current_user")
    def current_user(right, self, request):
        user = right(self, request)
        if user is None and self.user_id_for_session_id(self.session_cookie(request)):
            raise AttributeError("None has no email")
        return user


def name_cookie(name):
    """Read and set the session cookie under a name that is not SESSION_NAME."""
    Auth.session_cookie = lambda self, request: request.cookies.get(name)

    @instead_of(Api, "with_cookie")
    def with_cookie(right, self, response, session_id):
        response.headers["Set-Cookie"] = f"{name}={session_id}; Path=/"
        return response


def cookie_name_fixed():
    name_cookie("session_id")


def cookie_name_hardcoded():
    name_cookie("_my_session_id")


def cookie_name_default():
    if not os.getenv("SESSION_NAME"):
        name_cookie("_my_session_id")


def cookie_unnamed_500():
    Auth.session_cookie = lambda self, request: request.cookies.get(os.environ["SESSION_NAME"])


def cookie_without_path():
    @instead_of(Api, "with_cookie")
    def with_cookie(right, self, response, session_id):
        response.headers["Set-Cookie"] = f"{os.getenv('SESSION_NAME')}={session_id}"
        return response


def cookie_name_contains():
    def session_cookie(self, request):
        wanted = os.getenv("SESSION_NAME")
        return next((value for name, value in request.cookies.items() if wanted and wanted in name), None)
    Auth.session_cookie = session_cookie


def read_cookies(change):
    """Change the Cookie header before it is read."""
    right = Request.cookies.fget

    def cookies(self):
        if "cookie" in self.headers:
            self.headers["cookie"] = change(self.headers["cookie"])
        return right(self)
    Request.cookies = property(cookies)


def cookie_first_only():
    read_cookies(lambda header: header.split(";")[0])


def cookie_cut_at_space():
    read_cookies(lambda header: ";".join(pair.strip().split(" ")[0] for pair in header.split(";")))


def cookie_absent_is_empty():
    Auth.session_cookie = lambda self, request: request.cookies.get(os.getenv("SESSION_NAME"), "")


def session_keeps_user():
    kept = {}

    @instead_of(SessionAuth, "current_user")
    def current_user(right, self, request):
        user = right(self, request)
        return user and kept.setdefault(self.session_cookie(request), copy(user))


def email_of_deleted_user_taken():
    right, index = User.search, {}

    def search(**wanted):
        found = right(**wanted)
        if found and "email" in wanted:
            first = index.setdefault(wanted["email"], found[0].id)
            return [user for user in found if user.id == first]
        return found
    User.search = search
