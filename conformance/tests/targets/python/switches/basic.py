"""Faults of Basic authentication, from the header to the user."""
import base64
from hashlib import md5

from api import Abort
from auth import BasicAuth
from models import User
from switches.swap import instead_of


def basic_last_colon():
    BasicAuth.extract_user_credentials = lambda self, decoded: (
        tuple(decoded.rsplit(":", 1)) if decoded and ":" in decoded else (None, None))


def basic_colon_refused():
    BasicAuth.extract_user_credentials = lambda self, decoded: (
        tuple(decoded.split(":")) if decoded and decoded.count(":") == 1 else (None, None))


def basic_scheme_any_case():
    BasicAuth.extract_base64_authorization_header = lambda self, header: (
        header[6:] if header and header[:6].lower() == "basic " else None)


def basic_any_scheme():
    BasicAuth.extract_base64_authorization_header = lambda self, header: (
        header.partition(" ")[2] if header else None)


def basic_no_space():
    BasicAuth.extract_base64_authorization_header = lambda self, header: (
        header[5:].lstrip() if header and header.startswith("Basic") else None)


def basic_accepts_plain():
    @instead_of(BasicAuth, "decode_base64_authorization_header")
    def decode(right, self, encoded):
        return right(self, encoded) or encoded


def decode_by(encoding):
    """Make the base64 be decoded in another way, with the errors of that way."""
    def decode(self, encoded):
        try:
            decoded = base64.b64decode(encoded, validate=True)
        except (TypeError, ValueError):
            return None
        return decoded.decode(encoding)
    BasicAuth.decode_base64_authorization_header = decode


def basic_bad_utf8_500():
    decode_by("utf-8")


def basic_latin1():
    decode_by("latin-1")


def basic_no_colon_500():
    @instead_of(BasicAuth, "extract_user_credentials")
    def extract(right, self, decoded):
        if decoded is None:
            return None, None
        email, password = decoded.split(":", 1)
        return email, password


def basic_unknown_user_401():
    @instead_of(BasicAuth, "user_object_from_credentials")
    def find(right, self, email, password):
        if not User.search(email=email):
            raise Abort(401)
        return right(self, email, password)


def basic_wrong_password_401():
    @instead_of(BasicAuth, "user_object_from_credentials")
    def find(right, self, email, password):
        user = right(self, email, password)
        if user is None and User.search(email=email):
            raise Abort(401)
        return user


def basic_any_password():
    BasicAuth.user_object_from_credentials = lambda self, email, password: next(
        iter(User.search(email=email)), None)


def basic_email_any_case():
    @instead_of(BasicAuth, "user_object_from_credentials")
    def find(right, self, email, password):
        for user in User.search():
            if user.email and user.email.lower() == email.lower() and user.is_valid_password(password):
                return user
        return None


def basic_ignored_beside_cookie():
    @instead_of(BasicAuth, "current_user")
    def current_user(right, self, request):
        return None if request.cookies else right(self, request)


def basic_never_works():
    BasicAuth.user_object_from_credentials = lambda self, email, password: None


def basic_empty_password_refused():
    @instead_of(BasicAuth, "user_object_from_credentials")
    def find(right, self, email, password):
        return right(self, email, password) if password else None


def password_md5():
    User.hash = lambda self, password: md5(password.encode()).hexdigest()
