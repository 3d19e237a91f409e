#!/usr/bin/env python3
"""A server that is slow on purpose. It leaves a file for each start in NOTES.

/slow?STARTS,MS: in the first STARTS starts, 403 after MS ms, as for a session that has expired; later 200 at once.
Any other path: 200.
"""
import http.server
import os
import time

NOTES = os.environ["NOTES"]


class Handler(http.server.BaseHTTPRequestHandler):
    def handle_any(self):
        path, _, query = self.path.partition("?")
        status = 200
        if path == "/slow":
            starts, milliseconds = map(int, query.split(","))
            if len(os.listdir(NOTES)) <= starts:
                time.sleep(milliseconds / 1000)
                status = 403
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = handle_any

    def log_message(self, *arguments):
        pass


open(os.path.join(NOTES, str(os.getpid())), "w").close()
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["API_PORT"])), Handler).serve_forever()
