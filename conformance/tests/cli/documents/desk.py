"""The lending desk of library.md, for the tests: what the document prints, and nothing else."""

import json
import os
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

BOOKS = [{"id": 1, "title": "Dune"}]
LOANS = {}
MEMBERS = set()


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value=None, **fields):
        body = b"" if value is None else (json.dumps(value) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, field in fields.items():
            self.send_header(name.replace("_", "-"), field)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def member(self):
        cookie = self.headers.get("Cookie", "")
        return cookie.startswith("desk=") and cookie[5:] in MEMBERS

    def do_GET(self):
        if self.path == "/books":
            return self.answer(200, BOOKS)
        if self.path.startswith("/loans/"):
            if not self.member():
                return self.answer(401, {"error": "log in first"})
            return self.answer(200, LOANS[int(self.path[7:])])
        for book in BOOKS:
            if self.path == "/books/%d" % book["id"]:
                return self.answer(200, book)
        return self.answer(404, {"error": "Not Found"})

    def do_DELETE(self):
        LOANS.pop(int(self.path[7:]))
        self.answer(204)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/login":
            if parse_qs(body) != {"name": ["ann"], "password": ["correct horse"]}:
                return self.answer(401, {"error": "Unauthorized"})
            session = str(uuid.uuid4())
            MEMBERS.add(session)
            answer = {"member": "ann", "since": "2026-01-02T03:04:05Z"}
            return self.answer(200, answer, Set_Cookie="desk=%s; Path=/; HttpOnly" % session)
        loan = {"id": 40 + len(LOANS), "book": json.loads(body)["book"], "due": "2026-02-03"}
        LOANS[loan["id"]] = loan
        return self.answer(201, loan, Location="/loans/%d" % loan["id"])

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["DESK_PORT"])), Desk).serve_forever()
