#!/usr/bin/env python3
"""Run lines of Python with the modules of an implementation.

The lines come from standard input. The value of each expression is printed
on a line of its own, and so is the exception that an expression raises. A
statement prints nothing; one that raises an exception ends the program.

Relative paths lead to an empty folder, so that nothing changes the files of
the running server.
"""
import os
import sys
import tempfile
import traceback


def request(path="/", headers=None, cookies=None):
    """Return a request as a view gets it."""
    from flask import Request
    from werkzeug.test import EnvironBuilder
    headers = dict(headers or {})
    if cookies:
        pairs = ["{}={}".format(name, value) for name, value in cookies.items()]
        headers["Cookie"] = "; ".join(pairs)
    return Request(EnvironBuilder(path=path, headers=headers).get_environ())


def dispatch(app, path, method="GET", user=None):
    """Return what the view of a path returns for a user who has passed the
    checks before it: a status, for a response or an HTTP error."""
    from flask import request as current
    from werkzeug.exceptions import HTTPException
    with app.test_request_context(path, method=method):
        current.current_user = user
        try:
            return app.make_response(app.dispatch_request()).status_code
        except HTTPException as error:
            return error.code


def evaluate(line, names):
    """Run one line, and print its value if it is an expression."""
    try:
        expression = compile(line, "<line>", "eval")
    except SyntaxError:
        exec(compile(line, "<line>", "exec"), names)
        return
    try:
        print(repr(eval(expression, names)))
    except Exception as error:
        print("{}: {}".format(type(error).__name__, error))
        traceback.print_exc()


def main():
    """Run all lines in an empty folder."""
    sys.path[0] = os.getcwd()
    names = {"request": request, "dispatch": dispatch}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for line in sys.stdin:
            if line.strip():
                evaluate(line.strip(), names)
        os.chdir("/")


if __name__ == "__main__":
    main()
