#!/usr/bin/env python3
"""A server that sees how many requests are in progress at the same time. It leaves a file for each start in NOTES.

/alone: 500 if another request is in progress in this process. /together: 500 unless another one is.
/value: PUT stores, GET returns it. /hang: no response. /list?N: a JSON array of the first N numbers.
"""
import http.server
import os
import threading
import time

LOCK = threading.Condition()
IN_PROGRESS = 0
TOGETHER = 0
VALUE = b""


def note(name):
    open(os.path.join(os.environ["NOTES"], name), "w").close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        global IN_PROGRESS, TOGETHER, VALUE
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        with LOCK:
            IN_PROGRESS += 1
            alone = IN_PROGRESS == 1
            if path == "/together":
                TOGETHER += 1
                LOCK.notify_all()
                together = LOCK.wait_for(lambda: TOGETHER > 1, timeout=5)
        if path == "/hang":
            note("hangs")
            time.sleep(600)
        text, good = b"", True
        if path == "/alone":
            time.sleep(0.02)
            with LOCK:
                good = alone and IN_PROGRESS == 1
        elif path == "/together":
            good = together
        elif path == "/value":
            VALUE = body if self.command == "PUT" else VALUE
            text = VALUE
        elif path == "/list":
            text = str(list(range(int(self.path.partition("?")[2])))).encode()
            note("listed")
        with LOCK:
            IN_PROGRESS -= 1
        self.send_response(200 if good else 500)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_DELETE = handle_any

    def log_message(self, *arguments):
        pass


note(f"started-{os.getpid()}")
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["API_PORT"])), Handler).serve_forever()
