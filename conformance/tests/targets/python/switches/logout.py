"""Faults of the logout."""
import time

from api import EXCLUDED, ROUTES, Abort, Api
from auth import SessionAuth
from connection import Response
from switches.swap import instead_of, unknown


def logout_deletes_nothing():
    SessionAuth.destroy_session = lambda self, request: (
        self.user_id_for_session_id(self.session_cookie(request)) is not None)


def end_also(is_ended):
    """Make the logout end all sessions for which a function of two users' ids says so."""
    @instead_of(SessionAuth, "destroy_session")
    def destroy_session(right, self, request):
        user_id = self.user_id_for_session_id(self.session_cookie(request))
        destroyed = right(self, request)
        for session_id, owner in list(self.user_id_by_session_id.items()):
            if destroyed and is_ended(owner, user_id):
                self.user_id_by_session_id.pop(session_id, None)
        return destroyed


def logout_ends_all_of_user():
    end_also(lambda owner, user_id: owner == user_id)


def logout_ends_everyone():
    end_also(lambda owner, user_id: True)


def logout_204():
    @instead_of(Api, "logout")
    def logout(right, self, request):
        right(self, request)
        return Response(204)


def logout_message():
    @instead_of(Api, "logout")
    def logout(right, self, request):
        right(self, request)
        return self.reply({"message": "logged out"})


def logout_twice_200():
    @instead_of(Api, "gate")
    def gate(right, self, request):
        try:
            right(self, request)
        except Abort as refusal:
            ends_session = request.method == "DELETE" and request.path.startswith("/api/v1/auth_session/logout")
            if refusal.status != 403 or not ends_session:
                raise

    @instead_of(Api, "logout")
    def logout(right, self, request):
        self.auth.destroy_session(request)
        return self.reply({})


def logout_open():
    EXCLUDED.append("/api/v1/auth_session/logout/")


def logout_by_get():
    ROUTES.append(("/auth_session/logout", "GET", "logout"))


def logout_by_post():
    ROUTES.remove(("/auth_session/logout", "DELETE", "logout"))
    ROUTES.append(("/auth_session/logout", "POST", "logout"))


def logout_slash_404():
    unknown(lambda path: path == "/api/v1/auth_session/logout/")


def logout_race():
    @instead_of(SessionAuth, "destroy_session")
    def destroy_session(right, self, request):
        if self.user_id_for_session_id(self.session_cookie(request)) is None:
            return False
        time.sleep(0.05)
        right(self, request)
        return True
