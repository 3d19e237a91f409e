"""Faults of every answer, and answers that are none."""
import os
import time

from api import ROUTES, Abort, Api
from connection import Connection, Response
from switches.swap import instead_of, restate


def wrong_method_404():
    restate(Api, "find", 405, 404, "Not found")


def unknown_path_405():
    restate(Api, "find", 404, 405, "GET")


def not_found_html():
    @instead_of(Api, "refuse")
    def refuse(right, self, refusal):
        if refusal.message == "Not found":
            return Response(404, "<h1>Not Found</h1>\n")
        return right(self, refusal)


def error_key_message():
    @instead_of(Api, "refuse")
    def refuse(right, self, refusal):
        if refusal.status == 405:
            return right(self, refusal)
        return self.reply({"message": refusal.message}, refusal.status)


def send_as(content_type):
    """Send JSON with another content type."""
    @instead_of(Api, "reply")
    def reply(right, self, *values):
        response = right(self, *values)
        response.content_type = content_type
        return response


def json_as_html():
    send_as("text/html; charset=utf-8")


def json_as_text():
    send_as("text/plain; charset=utf-8")


def json_as_python():
    Api.reply = lambda self, value, status=200: Response(status, f"{value}\n", "application/json")


def cors_missing():
    @instead_of(Api, "answer")
    def answer(right, self, request):
        response = right(self, request)
        response.headers.pop("Access-Control-Allow-Origin", None)
        return response


def cors_origin_ignored():
    @instead_of(Api, "answer")
    def answer(right, self, request):
        request.headers.pop("origin", None)
        return right(self, request)


def status_lower_case():
    Api.status = lambda self, request: self.reply({"status": "ok"})


def unauthorized_missing():
    ROUTES.remove(("/unauthorized", "GET", "unauthorized"))


def forbidden_401():
    Api.forbidden = Api.unauthorized


def crash_on_wrong_password():
    @instead_of(Api, "identify")
    def identify(right, self, email, password):
        try:
            return right(self, email, password)
        except Abort as refusal:
            if refusal.status == 401:
                os._exit(1)
            raise


def hang_on_stats():
    Api.stats = lambda self, request: time.sleep(3600)


def send_badly(path, bad):
    """Write the answers of one path in another way, and close."""
    @instead_of(Connection, "send")
    def send(right, self, request, response, closes):
        if not request.path.startswith(path) or response.status != 200:
            return right(self, request, response, closes)
        self.wfile.write(bad(response))
        raise EOFError("closed too early")


def garbage_on_me():
    send_badly("/api/v1/users/me", lambda response: b"\x00\xff\xfe this is no HTTP\r\n\r\n")


def drop_on_logout():
    send_badly("/api/v1/auth_session/logout", lambda response: b"")


def cut_users_short():
    def half(response):
        return response.head(closes=True) + response.body[:len(response.body) // 2]

    @instead_of(Connection, "send")
    def send(right, self, request, response, closes):
        if request.path.rstrip("/") != "/api/v1/users" or request.method != "GET":
            return right(self, request, response, closes)
        self.wfile.write(half(response))
        raise EOFError("closed too early")
