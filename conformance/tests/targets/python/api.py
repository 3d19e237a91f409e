"""The API itself: the gate, the routes and the views.

A request passes the gate first and meets the routes after it, so that nobody
without credentials learns which paths there are.
"""
import json
import os
import re

import auth
from connection import Response
from models import User

EXCLUDED = ["/api/v1/status/", "/api/v1/unauthorized/", "/api/v1/forbidden/", "/api/v1/auth_session/login/"]
NAMES = {401: "Unauthorized", 403: "Forbidden", 404: "Not found"}
NOT_ALLOWED = """<!doctype html>
<title>405 Method Not Allowed</title>
<h1>Method Not Allowed</h1>
"""
ROUTES = [
    ("/status", "GET", "status"),
    ("/stats", "GET", "stats"),
    ("/unauthorized", "GET", "unauthorized"),
    ("/forbidden", "GET", "forbidden"),
    ("/users", "GET", "list_users"),
    ("/users", "POST", "create_user"),
    ("/users/([^/]+)", "GET", "show_user"),
    ("/users/([^/]+)", "PUT", "change_user"),
    ("/users/([^/]+)", "DELETE", "delete_user"),
    ("/auth_session/login", "POST", "login"),
    ("/auth_session/logout", "DELETE", "logout"),
]


class Abort(Exception):
    """Ends a request with an error status."""

    def __init__(self, status, message=None):
        """Keep the status and the text for the client."""
        super().__init__(status, message)
        self.status, self.message = status, message or NAMES.get(status)


class Api:
    """All views, and the way of a request to one of them."""

    def __init__(self):
        """Choose the mode once, at the start."""
        self.auth = auth.chosen()

    def answer(self, request):
        """Return the response to a request, whatever it is."""
        try:
            self.gate(request)
            response = self.route(request)
        except Abort as refusal:
            response = self.refuse(refusal)
        if request.path.startswith("/api/v1/"):
            response.headers["Access-Control-Allow-Origin"] = request.headers.get("origin", "*")
        return response

    def reply(self, value, status=200):
        """Return a JSON response."""
        return Response(status, json.dumps(value, sort_keys=True) + "\n", "application/json")

    def refuse(self, refusal):
        """Return the response that an error status has."""
        if refusal.status == 405:
            return Response(405, NOT_ALLOWED, headers={"Allow": refusal.message})
        return self.reply({"error": refusal.message}, refusal.status)

    def gate(self, request):
        """Let nobody but known users through to the protected paths."""
        if self.auth is None or not self.auth.require_auth(request.path, EXCLUDED):
            return
        if self.auth.authorization_header(request) is None and self.auth.session_cookie(request) is None:
            raise Abort(401)
        request.current_user = self.auth.current_user(request)
        if request.current_user is None:
            raise Abort(403)

    def route(self, request):
        """Return what the view for the request's path and method returns."""
        view, values = self.find(request)
        return getattr(self, view)(request, *values)

    def find(self, request):
        """Return the name of a view and the values of its path; 404 or 405 if there is none."""
        views = {}
        for pattern, method, view in ROUTES:
            match = re.fullmatch("/api/v1" + pattern + "/?", request.path)
            if match:
                views[method] = (view, match.groups())
        if not views:
            raise Abort(404)
        allowed = ", ".join(sorted(views) + ["HEAD"] * ("GET" in views) + ["OPTIONS"])
        if request.method == "OPTIONS":
            return "options", (allowed,)
        method = "GET" if request.method == "HEAD" else request.method
        if method not in views:
            raise Abort(405, allowed)
        return views[method]

    def options(self, request, allowed):
        """OPTIONS of any path: list its methods."""
        return Response(200, headers={"Allow": allowed})

    def status(self, request):
        """GET /status: report that the server is running."""
        return self.reply({"status": "OK"})

    def stats(self, request):
        """GET /stats: count the users."""
        return self.reply({"users": len(User.objects)})

    def unauthorized(self, request):
        """GET /unauthorized: always 401."""
        raise Abort(401)

    def forbidden(self, request):
        """GET /forbidden: always 403."""
        raise Abort(403)

    def list_users(self, request):
        """GET /users: all users."""
        return self.reply([user.to_json() for user in User.search()])

    def user_with_id(self, user_id):
        """Return a stored user; an unknown id is 404."""
        user = User.get(user_id)
        if user is None:
            raise Abort(404)
        return user

    def show_user(self, request, user_id):
        """GET /users/<id>: one user; `me` is the one who asks."""
        if user_id == "me" and request.current_user is not None:
            return self.reply(request.current_user.to_json())
        return self.reply(self.user_with_id(user_id).to_json())

    def members(self, request):
        """Return the JSON object of the body; anything else is 400."""
        if not isinstance(request.json, dict):
            raise Abort(400, "Wrong format")
        return request.json

    def is_missing(self, members, name):
        """Return whether a member that a new user needs is absent or empty."""
        return not members.get(name)

    def create_user(self, request):
        """POST /users: a new user."""
        members = self.members(request)
        for name in ("email", "password"):
            if self.is_missing(members, name):
                raise Abort(400, name + " missing")
        try:
            user = User(**{name: members.get(name) for name in ("email", "first_name", "last_name")})
            user.set_password(members.get("password"))
            user.save()
        except (OSError, ValueError) as error:
            raise Abort(400, f"Can't create User: {error}") from error
        return self.reply(user.to_json(), 201)

    def change_user(self, request, user_id):
        """PUT /users/<id>: other names; nothing else can be changed."""
        user = self.user_with_id(user_id)
        members = self.members(request)
        for name in ("first_name", "last_name"):
            if members.get(name) is not None:
                setattr(user, name, members[name])
        user.save()
        return self.reply(user.to_json())

    def delete_user(self, request, user_id):
        """DELETE /users/<id>: the user is gone."""
        self.user_with_id(user_id).remove()
        return self.reply({})

    def identify(self, email, password):
        """Return the user with this email and password, or say what is wrong with them."""
        if not email:
            raise Abort(400, "email missing")
        if not password:
            raise Abort(400, "password missing")
        found = User.search(email=email)
        if not found:
            raise Abort(404, "no user found for this email")
        if not found[0].is_valid_password(password):
            raise Abort(401, "wrong password")
        return found[0]

    def login(self, request):
        """POST /auth_session/login: open a session; 404 in the modes that keep none."""
        user = self.identify(request.form.get("email"), request.form.get("password"))
        session_id = self.auth.create_session(user.id) if self.auth else None
        if session_id is None:
            raise Abort(404)
        return self.with_cookie(self.reply(user.to_json()), session_id)

    def with_cookie(self, response, session_id):
        """Put the session cookie on a response; without SESSION_NAME there is no name for one."""
        name = os.getenv("SESSION_NAME")
        if name:
            response.headers["Set-Cookie"] = f"{name}={session_id}; Path=/"
        return response

    def logout(self, request):
        """DELETE /auth_session/logout: end the session of the cookie."""
        if self.auth is None or not self.auth.destroy_session(request):
            raise Abort(404)
        return self.reply({})
