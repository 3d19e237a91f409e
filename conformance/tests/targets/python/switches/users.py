"""Faults of the users' views and of what users look like."""
import json
import threading
import time
from datetime import datetime, timedelta, timezone

import models
from api import Abort, Api
from connection import Request, Response
from models import User
from switches.swap import answer_with, instead_of, unknown


def me_anyone():
    @instead_of(Api, "show_user")
    def show_user(right, self, request, user_id):
        request.current_user = request.current_user and User.search()[0]
        return right(self, request, user_id)


def me_404():
    Api.show_user = lambda self, request, user_id: self.reply(self.user_with_id(user_id).to_json())


def me_slash_404():
    unknown(lambda path: path == "/api/v1/users/me/")


def me_wrapped():
    @instead_of(Api, "show_user")
    def show_user(right, self, request, user_id):
        if user_id == "me" and request.current_user:
            return self.reply({"user": request.current_user.to_json()})
        return right(self, request, user_id)


def users_only_me():
    @instead_of(Api, "list_users")
    def list_users(right, self, request):
        user = request.current_user
        return self.reply([user.to_json()]) if user else right(self, request)


def users_wrapped():
    Api.list_users = lambda self, request: self.reply({"users": [user.to_json() for user in User.search()]})


def users_slash_404():
    unknown(lambda path: path == "/api/v1/users/")


def user_slash_404():
    unknown(lambda path: path.startswith("/api/v1/users/") and path.endswith("/")
            and path.count("/") == 5 and path != "/api/v1/users/me/")


def user_unknown_null():
    @instead_of(Api, "show_user")
    def show_user(right, self, request, user_id):
        if user_id != "me" and User.get(user_id) is None:
            return self.reply(None)
        return right(self, request, user_id)


def stats_one_more():
    Api.stats = lambda self, request: self.reply({"users": len(User.objects) + 1})


def stats_frozen():
    counted = []

    @instead_of(Api, "stats")
    def stats(right, self, request):
        counted.append(len(User.objects))
        return self.reply({"users": counted[0]})


def post_200():
    answer_with("create_user", 200)


def overlook(name, is_overlooked):
    """Make POST accept users without a member when a function of the body's members says so."""
    @instead_of(Api, "is_missing")
    def is_missing(right, self, members, asked):
        return right(self, members, asked) and not (asked == name and is_overlooked(members))


def post_without_email():
    overlook("email", lambda members: "email" not in members)


def post_empty_email():
    overlook("email", lambda members: members.get("email") == "")


def post_without_password():
    overlook("password", lambda members: "password" not in members)


def post_password_first():
    @instead_of(Api, "create_user")
    def create_user(right, self, request):
        if not self.members(request).get("password"):
            raise Abort(400, "password missing")
        return right(self, request)


def post_any_type():
    right = Request.json.fget

    def read(self):
        self.headers["content-type"] = "application/json"
        return right(self)
    Request.json = property(read)


def post_bad_json_500():
    @instead_of(Api, "create_user")
    def create_user(right, self, request):
        if request.media_type == "application/json" and request.json is None:
            raise TypeError("the body is not JSON")
        return right(self, request)


def post_not_kept():
    @instead_of(Api, "create_user")
    def create_user(right, self, request):
        before = set(User.objects)
        response = right(self, request)
        for user_id in set(User.objects) - before:
            User.get(user_id).remove()
        return response


def post_not_stored():
    User.write = classmethod(lambda cls: None)


def post_ignores_names():
    @instead_of(Api, "create_user")
    def create_user(right, self, request):
        members = {**self.members(request), "first_name": None, "last_name": None}
        request.body = json.dumps(members).encode()
        return right(self, request)


def put_changes_email():
    @instead_of(Api, "change_user")
    def change_user(right, self, request, user_id):
        user = self.user_with_id(user_id)
        user.email = self.members(request).get("email", user.email)
        return right(self, request, user_id)


def put_201():
    answer_with("change_user", 201)


def put_null_clears():
    @instead_of(Api, "change_user")
    def change_user(right, self, request, user_id):
        user = self.user_with_id(user_id)
        for name in ("first_name", "last_name"):
            if self.members(request).get(name, "") is None:
                setattr(user, name, None)
        return right(self, request, user_id)


def put_body_first():
    @instead_of(Api, "change_user")
    def change_user(right, self, request, user_id):
        self.members(request)
        return right(self, request, user_id)


def put_not_kept():
    @instead_of(Api, "change_user")
    def change_user(right, self, request, user_id):
        user = self.user_with_id(user_id)
        names = user.first_name, user.last_name
        response = right(self, request, user_id)
        user.first_name, user.last_name = names
        return response


def put_keeps_updated_at():
    @instead_of(Api, "change_user")
    def change_user(right, self, request, user_id):
        user = self.user_with_id(user_id)
        then = user.updated_at
        right(self, request, user_id)
        user.updated_at = then
        return self.reply(user.to_json())


def delete_204():
    @instead_of(Api, "delete_user")
    def delete_user(right, self, request, user_id):
        right(self, request, user_id)
        return Response(204)


def delete_answers_user():
    @instead_of(Api, "delete_user")
    def delete_user(right, self, request, user_id):
        user = self.user_with_id(user_id)
        right(self, request, user_id)
        return self.reply(user.to_json())


def delete_unknown_200():
    @instead_of(Api, "delete_user")
    def delete_user(right, self, request, user_id):
        return right(self, request, user_id) if User.get(user_id) else self.reply({})


def delete_disturbs_others():
    deleting = threading.Event()
    right_search, right_get = User.search, User.get

    @instead_of(User, "remove")
    def remove(right, self):
        deleting.set()
        time.sleep(0.2)
        try:
            return right(self)
        finally:
            deleting.clear()

    def undisturbed():
        if deleting.is_set():
            raise RuntimeError("dictionary changed size during iteration")

    def search(**wanted):
        undisturbed()
        return right_search(**wanted)

    def get(key):
        undisturbed()
        return right_get(key)
    User.search, User.get = search, get


def delete_keeps():
    @instead_of(Api, "delete_user")
    def delete_user(right, self, request, user_id):
        self.user_with_id(user_id)
        return self.reply({})


def show(change):
    """Change what clients see of a user."""
    @instead_of(User, "to_json")
    def to_json(right, self):
        seen = right(self)
        change(self, seen)
        return seen


def user_leaks_hash():
    show(lambda user, seen: seen.update(_password=user._password))


def user_leaks_password():
    @instead_of(Api, "create_user")
    def create_user(right, self, request):
        response = right(self, request)
        seen = json.loads(response.body)
        response.body = self.reply({**seen, "password": request.json["password"]}).body
        return response


def user_extra_member():
    show(lambda user, seen: seen.update(display_name=user.email))


def user_times_missing():
    show(lambda user, seen: [seen.pop("created_at"), seen.pop("updated_at")])


def user_times_as_numbers():
    show(lambda user, seen: seen.update(
        created_at=int(user.created_at.timestamp()), updated_at=int(user.updated_at.timestamp())))


def user_null_names_omitted():
    show(lambda user, seen: [seen.pop(name) for name in ("first_name", "last_name") if seen[name] is None])


def user_null_names_empty():
    show(lambda user, seen: seen.update(
        {name: "" for name in ("first_name", "last_name") if seen[name] is None}))


def post_type_exact():
    right = Request.json.fget

    def read(self):
        if self.headers.get("content-type") != "application/json":
            return None
        return right(self)
    Request.json = property(read)


def user_times_local():
    models.utc_now = lambda: datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(hours=2)
