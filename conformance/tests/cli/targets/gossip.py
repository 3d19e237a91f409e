#!/usr/bin/env python3
"""A server that rejects every request and leaks it: in bodies, in headers, and in its output.

Each answer sets a new session cookie; the ids are noted in the file `sessions` of the folder NOTES.
"""
import os
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Gossip(BaseHTTPRequestHandler):
    """Leaks every request."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        """Send the request back, with a new session."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        session = str(uuid.uuid4())
        with open(os.path.join(os.environ["NOTES"], "sessions"), "a") as sessions:
            sessions.write(session + "\n")
        seen = [self.path, self.headers.get("Authorization", ""), self.headers.get("Cookie", ""), body, session]
        print("gossip:", *seen, flush=True)
        answer = "\n".join(seen).encode()
        self.send_response(418)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Set-Cookie", f"session={session}; Path=/gossip")
        self.send_header("X-Gossip", " ".join(seen).replace("\n", " "))
        self.end_headers()
        self.wfile.write(answer)
        if self.path == "/die":
            os._exit(1)

    do_GET = do_POST = answer

    def log_message(self, *_):
        """Suppress the log of http.server."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["DESK_PORT"])), Gossip).serve_forever()
