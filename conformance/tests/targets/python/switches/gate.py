"""Faults of the gate: which requests pass, and how others are rejected."""
import os
import sys
import time

import api
import auth
from api import Abort, Api
from auth import Auth, SessionAuth
from switches.swap import instead_of, restate


def gate_slash_exact():
    Auth.require_auth = lambda self, path, excluded: path not in excluded


def gate_prefix():
    Auth.require_auth = lambda self, path, excluded: not any(
        path.startswith(one.rstrip("/")) for one in excluded)


def gate_ignores_case():
    @instead_of(Auth, "require_auth")
    def require_auth(right, self, path, excluded):
        return right(self, path.lower(), excluded)


def gate_compares_query():
    @instead_of(Api, "gate")
    def gate(right, self, request):
        path = request.path
        try:
            request.path += "?" + request.query if request.query else ""
            right(self, request)
        finally:
            request.path = path


def gate_403_for_401():
    restate(Api, "gate", 401, 403)


def gate_401_for_403():
    restate(Api, "gate", 403, 401)


def missing_is_401(is_missing):
    """Make the gate answer 401 on protected paths, too, when a function says so."""
    @instead_of(Api, "gate")
    def gate(right, self, request):
        protected = self.auth and self.auth.require_auth(request.path, api.EXCLUDED)
        if protected and is_missing(self.auth, request):
            raise Abort(401)
        right(self, request)


def gate_ignores_header():
    missing_is_401(lambda auth, request: auth.session_cookie(request) is None)


def gate_ignores_cookie():
    missing_is_401(lambda auth, request: auth.authorization_header(request) is None)


def gate_cookie_only_in_session():
    missing_is_401(lambda auth, request: not isinstance(auth, SessionAuth)
                   and auth.authorization_header(request) is None)


def gate_after_routing():
    @instead_of(Api, "gate")
    def gate(right, self, request):
        self.find(request)
        right(self, request)


def gate_options_open():
    @instead_of(Api, "gate")
    def gate(right, self, request):
        if request.method != "OPTIONS":
            right(self, request)


def gate_login_protected():
    api.EXCLUDED.remove("/api/v1/auth_session/login/")


def gate_forbidden_protected():
    api.EXCLUDED.remove("/api/v1/forbidden/")


def gate_stats_open():
    api.EXCLUDED.append("/api/v1/stat*")


def gate_skips_identity():
    @instead_of(Api, "gate")
    def gate(right, self, request):
        try:
            right(self, request)
        except Abort as refusal:
            if refusal.status != 403:
                raise


def auth_type_ignored():
    auth.chosen = lambda: None


def closed_without_auth_type(mode):
    """Choose a mode where AUTH_TYPE chooses none."""
    right = auth.chosen
    auth.chosen = lambda: right() or mode()


def auth_type_unset_closed():
    closed_without_auth_type(Auth)


def auth_type_unset_basic():
    closed_without_auth_type(auth.BasicAuth)


def open_by_prefix(modes):
    """Make excluded paths prefixes in some modes."""
    @instead_of(Auth, "require_auth")
    def require_auth(right, self, path, excluded):
        if not isinstance(self, modes):
            return right(self, path, excluded)
        return not any(path.startswith(one.rstrip("/")) for one in excluded)


def gate_prefix_in_basic():
    open_by_prefix(auth.BasicAuth)


def gate_prefix_in_session():
    open_by_prefix(SessionAuth)


def missing(*names):
    """End the program where AUTH_TYPE is one of these names, as an import that fails does."""
    if os.getenv("AUTH_TYPE") in names:
        sys.exit(f"ModuleNotFoundError: No module named 'api.v1.auth.{os.getenv('AUTH_TYPE')}'")


def basic_mode_missing():
    missing("basic_auth")


def session_mode_missing():
    missing("session_auth")


def advanced_modes_missing():
    missing("session_exp_auth", "session_db_auth")


def advanced_modes_unknown():
    del auth.MODES["session_exp_auth"], auth.MODES["session_db_auth"]


def current_user_shared():
    @instead_of(Api, "gate")
    def gate(right, self, request):
        right(self, request)
        self.shared_user = request.current_user
        time.sleep(0.02)

    @instead_of(Api, "show_user")
    def show_user(right, self, request, user_id):
        request.current_user = self.shared_user
        return right(self, request, user_id)
