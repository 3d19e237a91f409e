"""Faults of the gate: who may pass, and what the others are told."""
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
