#!/usr/bin/env python3
"""Run lines of Python with the modules of an implementation.

The lines come from standard input. The value of each expression is printed
on a line of its own, and so is the exception that an expression raises. A
statement prints nothing; one that raises an exception ends the program. What
the implementation itself prints goes to standard error.

Relative paths lead to an empty folder, so that nothing changes the files of
the running server.
"""
import contextlib
import os
import runpy
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


def application():
    """Return the application as `python3 -m api.v1.app` makes it, without
    starting the server. Views that import the module get a second one."""
    return runpy.run_module("api.v1.app", run_name="application")["app"]


def dispatch(app, path, method="GET", json=None, user=None):
    """Return the response of the view of a path, for a user who has passed
    the checks before it."""
    from flask import request as current
    from werkzeug.exceptions import HTTPException
    with app.test_request_context(path, method=method, json=json):
        current.current_user = user
        try:
            result = app.dispatch_request()
        except HTTPException as error:
            result = app.handle_http_exception(error)
        return app.make_response(result)


def evaluate(line, names, output):
    """Run one line, and write its value if it is an expression."""
    try:
        expression = compile(line, "<line>", "eval")
    except SyntaxError:
        exec(compile(line, "<line>", "exec"), names)
        return
    try:
        print(repr(eval(expression, names)), file=output)
    except Exception as error:
        print("{}: {}".format(type(error).__name__, error), file=output)
        traceback.print_exc()


def main():
    """Run all lines in an empty folder."""
    sys.path[0] = os.getcwd()
    names = {"request": request, "application": application,
             "dispatch": dispatch}
    output = sys.stdout
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with contextlib.redirect_stdout(sys.stderr):
            for line in sys.stdin:
                if line.strip():
                    evaluate(line.strip(), names, output)
        os.chdir("/")


if __name__ == "__main__":
    main()
