"""A small API for notes, the target of the 20 requests. It listens on PORT (default: 8640) and keeps everything in memory."""

import email
import email.policy
import hashlib
import json
import os
import re
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NOTES, TOKENS, POLLS = {}, set(), {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, value=None, **fields):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, field in fields.items():
            self.send_header(name.replace("_", "-"), field)
        if value is not None:
            self.send_header("Content-Type", "application/json")
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        cookie = self.headers.get("Cookie", "").removeprefix("session=")
        method = "GET" if self.command == "HEAD" else self.command
        if (method, url.path) == ("GET", "/"):
            return self.reply(200, {"name": "notes", "version": "1.0"})
        if (method, url.path) == ("POST", "/login"):
            form = parse_qs(body.decode())
            if form.get("password") != ["correct horse"]:
                return self.reply(401, {"error": "wrong password"})
            token = str(uuid.uuid4())
            TOKENS.add(token)
            return self.reply(200, {"token": token}, Set_Cookie=f"session={token}; Path=/; HttpOnly")
        if (method, url.path) == ("GET", "/old-me"):
            return self.reply(302, Location="/me")
        if (method, url.path) == ("GET", "/me"):
            return self.reply(200, {"name": "ann"}) if cookie in TOKENS else self.reply(401, {"error": "no session"})
        if bearer not in TOKENS:
            return self.reply(401, {"error": "no token"}, WWW_Authenticate="Bearer")
        if (method, url.path) == ("POST", "/notes"):
            return self.create(body)
        if (method, url.path) == ("GET", "/notes"):
            page, limit = int(query.get("page", 1)), int(query.get("limit", 10))
            found = [note for note in NOTES.values() if query.get("tag") in (None, note.get("tag"))]
            more = {"Link": f'</notes?tag={query.get("tag")}&limit={limit}&page={page + 1}>; rel="next"'} if page * limit < len(found) else {}
            return self.reply(200, found[(page - 1) * limit:page * limit], **more)
        match = re.fullmatch("/notes/([^/]+)(/file|/export)?", url.path)
        if not match or match[1] not in NOTES:
            return self.reply(404, {"error": "no such note"})
        return self.one(method, NOTES[match[1]], match[2], body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

    def create(self, body):
        try:
            given = json.loads(body)
        except ValueError:
            return self.reply(400, {"error": "not JSON"})
        if not given.get("title"):
            return self.reply(400, {"error": "title missing"})
        note = {"id": str(uuid.uuid4()), **given}
        NOTES[note["id"]] = note
        return self.reply(201, note, Location=f"/notes/{note['id']}")

    def one(self, method, note, part, body):
        if (method, part) == ("POST", "/file"):
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            parts = email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts()
            return self.reply(201, {part.get_filename(): len(part.get_payload(decode=True)) for part in parts})
        if (method, part) == ("GET", "/export"):
            POLLS[note["id"]] = POLLS.get(note["id"], 0) + 1
            return self.reply(200, {"state": "done" if POLLS[note["id"]] > 2 else "running"})
        if method == "DELETE":
            del NOTES[note["id"]]
            return self.reply(204)
        if method == "PUT":
            note.update(json.loads(body))
        tag = '"%s"' % hashlib.sha256(json.dumps(note).encode()).hexdigest()[:12]
        if self.headers.get("If-None-Match") == tag:
            return self.reply(304, ETag=tag)
        return self.reply(200, note, ETag=tag)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8640"))), Handler).serve_forever()
