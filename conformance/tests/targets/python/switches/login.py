"""Faults of the login: its checks, its form, its answer."""
import json
from urllib.parse import parse_qsl

from api import ROUTES, Abort, Api
from auth import SessionExpAuth
from connection import Request
from models import User
from switches.swap import answer_with, instead_of, restate, unknown


def login_wrong_before_unknown():
    restate(Api, "identify", 404, 401, "wrong password")


def login_unknown_401():
    restate(Api, "identify", 404, 401)


def login_wrong_password_403():
    restate(Api, "identify", 401, 403)


def login_missing_422():
    restate(Api, "identify", 400, 422)


def login_errors_200():
    @instead_of(Api, "login")
    def login(right, self, request):
        try:
            return right(self, request)
        except Abort as refusal:
            return self.reply({"error": refusal.message})


def login_error_text():
    @instead_of(Api, "identify")
    def identify(right, self, email, password):
        try:
            return right(self, email, password)
        except Abort as refusal:
            raise Abort(refusal.status, refusal.message.capitalize()) from refusal


def refuse_first(is_refused, status, message):
    """Check something before all the right checks of the login."""
    @instead_of(Api, "identify")
    def identify(right, self, email, password):
        if is_refused(email, password):
            raise Abort(status, message)
        return right(self, email, password)


def login_password_first():
    refuse_first(lambda email, password: not password, 400, "password missing")


def login_empty_email_unknown():
    @instead_of(Api, "identify")
    def identify(right, self, email, password):
        return right(self, "\0" if email == "" else email, password)


def login_empty_password_wrong():
    refuse_first(lambda email, password: User.search(email=email) and password == "", 401, "wrong password")


def login_any_password():
    @instead_of(Api, "identify")
    def identify(right, self, email, password):
        found = User.search(email=email) if email and password else None
        return found[0] if found else right(self, email, password)


def login_email_any_case():
    @instead_of(Api, "identify")
    def identify(right, self, email, password):
        alike = [user.email for user in User.search()
                 if email and user.email and user.email.lower() == email.lower()]
        return right(self, alike[0] if alike else email, password)


def read_form(read):
    """Read the fields of forms in another way, which is given the right one."""
    right = Request.form.fget
    Request.form = property(lambda self: read(right, self))


def json_fields(request):
    """Return the members of a JSON body."""
    return request.json if isinstance(request.json, dict) else {}


def login_needs_json():
    read_form(lambda right, request: json_fields(request))


def login_also_json():
    read_form(lambda right, request: {**right(request), **json_fields(request)})


def login_reads_query():
    read_form(lambda right, request: {**dict(parse_qsl(request.query)), **right(request)})


def change_form(change):
    """Change the body of a form, once, before it is read."""
    def read(right, request):
        if not hasattr(request, "sent_body"):
            request.sent_body = request.body
            request.body = change(request.body)
        return right(request)
    read_form(read)


def login_plus_kept():
    change_form(lambda body: body.replace(b"+", b"%2B"))


def login_percent_kept():
    change_form(lambda body: body.replace(b"%", b"%25"))


def login_cut_at_space():
    change_form(lambda body: body.partition(b" ")[0])


def login_slash_404():
    unknown(lambda path: path == "/api/v1/auth_session/login/")


def login_answers_get():
    ROUTES.append(("/auth_session/login", "GET", "login"))


def login_201():
    answer_with("login", 201)


def login_201_when_expiring():
    @instead_of(Api, "login")
    def login(right, self, request):
        response = right(self, request)
        if isinstance(self.auth, SessionExpAuth):
            response.status = 201
        return response


def login_leaks_hash_when_expiring():
    @instead_of(Api, "login")
    def login(right, self, request):
        response = right(self, request)
        if isinstance(self.auth, SessionExpAuth):
            seen = json.loads(response.body)
            response.body = self.reply({**seen, "_password": User.get(seen["id"])._password}).body
        return response


def login_answers_id():
    @instead_of(Api, "login")
    def login(right, self, request):
        response = right(self, request)
        # The user may be gone by now: the right answer still has the id.
        response.body = self.reply({"id": json.loads(response.body)["id"]}).body
        return response


def login_no_cookie():
    @instead_of(Api, "with_cookie")
    def with_cookie(right, self, response, session_id):
        return response


def login_cookie_on_refusal():
    @instead_of(Api, "login")
    def login(right, self, request):
        try:
            return right(self, request)
        except Abort as refusal:
            if refusal.status != 401:
                raise
            # The user may be gone by now.
            for user in User.search(email=request.form["email"]):
                return self.with_cookie(self.refuse(refusal), self.auth.create_session(user.id))
            raise


def login_of_deleted_user_500():
    gone = set()

    @instead_of(User, "remove")
    def remove(right, self):
        gone.add(self.email)
        return right(self)

    @instead_of(Api, "identify")
    def identify(right, self, email, password):
        if email in gone and not User.search(email=email):
            raise KeyError(email)
        return right(self, email, password)
