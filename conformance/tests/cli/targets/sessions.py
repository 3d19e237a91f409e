#!/usr/bin/env python3
"""A server that prints each new session before it sends it, and that often fails when several clients use it.

The sessions are noted in the file `sessions` of the folder NOTES.
"""
import os
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BUSY = threading.Semaphore(1)


class Sessions(BaseHTTPRequestHandler):
    """Logs clients in."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Fail if another request of this kind is being answered."""
        alone = BUSY.acquire(blocking=False)
        time.sleep(0.05)
        if alone:
            BUSY.release()
        self.reply(200 if alone else 500)

    def do_POST(self):
        """Create a session."""
        session = str(uuid.uuid4())
        with open(os.path.join(os.environ["NOTES"], "sessions"), "a") as sessions:
            sessions.write(session + "\n")
        print("new session", session, flush=True)
        time.sleep(0.05)
        self.reply(200, session)

    def reply(self, status, session=None):
        """Send a response."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if session:
            self.send_header("Set-Cookie", f"sid={session}; Path=/")
        self.end_headers()

    def log_message(self, *_):
        """Suppress the log of http.server."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["API_PORT"])), Sessions).serve_forever()
