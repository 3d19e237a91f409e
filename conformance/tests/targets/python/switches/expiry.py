"""Faults of sessions that end and of sessions that are stored."""
import os
from datetime import timedelta

from api import Abort
from auth import SessionDBAuth, SessionExpAuth
from models import UserSession, utc_now
from switches.swap import instead_of


def expiry_never():
    SessionExpAuth.expired = lambda self, created_at: False


def expiry_at_once():
    SessionExpAuth.expired = lambda self, created_at: self.session_duration > 0


def expiry_slides():
    @instead_of(SessionExpAuth, "user_id_for_session_id")
    def user_id(right, self, session_id):
        found = right(self, session_id)
        if found is not None:
            self.user_id_by_session_id[session_id]["created_at"] = utc_now()
        return found


def expiry_zero_at_once():
    SessionExpAuth.expired = lambda self, created_at: (
        created_at + timedelta(seconds=self.session_duration) < utc_now())


def expiry_needs_duration():
    def start(self):
        self.session_duration = int(os.environ["SESSION_DURATION"])
    SessionExpAuth.__init__ = start


def expiry_401():
    @instead_of(SessionExpAuth, "expired")
    def expired(right, self, created_at):
        if right(self, created_at):
            raise Abort(401)
        return False


def stored_lost_on_restart():
    UserSession.load = classmethod(lambda cls: None)


def stored_login_overwrites():
    right_load = UserSession.load.__func__
    UserSession.load = classmethod(lambda cls: None)

    @instead_of(SessionDBAuth, "user_id_for_session_id")
    def user_id(right, self, session_id):
        right_load(UserSession)
        return right(self, session_id)


def stored_logout_in_memory():
    UserSession.remove = lambda self: self.objects.pop(self.id, None) is not None


def stored_fresh_500():
    right_search, right_init, known = UserSession.search, UserSession.__init__, []

    def start(self, **values):
        right_init(self, **values)
        known.append(self)

    def search(**wanted):
        if not known:
            raise KeyError("UserSession")
        return right_search(**wanted)
    UserSession.__init__, UserSession.search = start, search


def stored_never_expires():
    SessionDBAuth.expired = lambda self, created_at: False


def expiry_reads_fractions():
    def start(self):
        self.session_duration = float(os.environ["SESSION_DURATION"])
    SessionExpAuth.__init__ = start


def stored_zero_at_once():
    SessionDBAuth.expired = lambda self, created_at: (
        created_at + timedelta(seconds=self.session_duration) < utc_now())
