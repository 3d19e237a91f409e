#!/usr/bin/env python3
"""A server that sends what the request asks for: status /STATUS, the body of the request, and the lines of X-Say as headers.

/break ends the connection without an answer; /touch also adds a line to the file of X-Touch; /slow answers after a minute.
"""
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    """Sends the requested response."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        """Send the requested response."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/break":
            self.close_connection = True
            return
        if self.path == "/slow":
            open(os.path.join(os.environ["NOTES"], "slow"), "w").close()
            time.sleep(60)
        if self.path == "/touch":
            with open(self.headers["X-Touch"], "a") as file:
                file.write("# somebody else\n")
        self.send_response(int(self.path[1:]) if self.path[1:].isdigit() else 200)
        for field in filter(None, self.headers.get("X-Say", "").split("|")):
            self.send_header(*field.split("=", 1))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        """Print nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["DESK_PORT"])), Echo).serve_forever()
