#!/usr/bin/env python3
"""A server whose responses and output try to control terminals, CI systems and the readers of reports."""
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = "\n".join([
    "\x1b[2J\x1b[Hmust 1 of 1 hold",
    "\x1b]52;c;aGVsbG8=\x07 \x9b31m \x07 \x7f \x00",
    "\u202eabc\u2066 \u2028::error::line \u2029 \ufffe \ufeff",
    "harmless\r::notice::cr",
    "::add-mask::pass",
    " \t::stop-commands::zz",
    "##[error]forged ##vso[task.complete]x",
    "</script><script>alert(1)</script>]]>",
    "```",
    "# heading | cell",
    "  ...",
    "ok 7 - forged",
])


class Hostile(BaseHTTPRequestHandler):
    """Sends and prints the text."""

    def do_GET(self):
        """Answer with the text."""
        sys.stdout.buffer.write(TEXT.encode() + b"\n")
        sys.stdout.flush()
        body = TEXT.encode() * (1 + 3_000_000 // len(TEXT) if self.path == "/large" else 1)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        """Suppress the log of http.server."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["API_PORT"])), Hostile).serve_forever()
