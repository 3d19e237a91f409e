#!/usr/bin/env python3
"""What all ways of authentication have in common."""
import os


def spaced_cookies(request):
    """Return the cookies of a request that have spaces in them.

    Werkzeug leaves such a cookie out from version 3.1.9 on, but the course
    sends one (task 4) and wants to see it. Of two with one name the first
    counts, as in Werkzeug; cookies without a space are its own business.
    """
    header = request.headers.get("Cookie", "").encode("latin-1")
    pairs = [pair.partition("=")
             for pair in header.decode("utf-8", "replace").split(";")]
    return {name.strip(): value.strip()
            for name, _, value in reversed(pairs) if " " in value.strip()}


class Auth:
    """Reads what a request shows; alone it recognises nobody."""

    def require_auth(self, path, excluded_paths):
        """Return whether a path needs authentication.

        An excluded path counts with and without its final slash; one that
        ends in a star matches all paths with that prefix.
        """
        if path is None or not excluded_paths:
            return True
        with_slash = path if path.endswith("/") else path + "/"
        for excluded in excluded_paths:
            if excluded.endswith("*"):
                if path.startswith(excluded[:-1]):
                    return False
            elif excluded in (path, with_slash):
                return False
        return True

    def authorization_header(self, request=None):
        """Return the Authorization header of a request, or None."""
        if request is None:
            return None
        return request.headers.get("Authorization")

    def session_cookie(self, request=None):
        """Return the cookie named by SESSION_NAME, or None."""
        if request is None:
            return None
        name = os.getenv("SESSION_NAME")
        value = request.cookies.get(name)
        if value is None:
            value = spaced_cookies(request).get(name)
        return value

    def current_user(self, request=None):
        """Return None: credentials are a matter of the subclasses."""
        return None
