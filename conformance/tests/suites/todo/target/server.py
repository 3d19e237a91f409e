"""A to-do list with bearer tokens, cookies, pages, ETags, uploads and a webhook: another kind of API for the engine.

Keeps everything in memory. Reads its users from users.json in the working directory, listens on TODO_PORT, and prints its version.
TODO_BARE=1 leaves uploads and hooks out.
"""

import base64
import email.message
import email.parser
import email.policy
import hashlib
import json
import os
import queue
import re
import threading
import time
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BARE = os.environ.get("TODO_BARE") == "1"
LOCK = threading.RLock()
VERSION = "1.4"
USERS = {user["name"]: user for user in json.load(open("users.json"))}
TOKENS, SESSIONS, TODOS, FILES, HOOKS, DELIVERIES, WATCHES = {}, {}, {}, {}, {}, [], []


class Refusal(Exception):
    def __init__(self, status, error, **headers):
        self.status, self.error, self.headers = status, error, headers


def form_of(content_type, body):
    """The fields of a form, urlencoded or multipart; a file is its name and its bytes."""
    if content_type.startswith("multipart/form-data"):
        head = b"Content-Type: " + content_type.encode() + b"\r\n\r\n"
        parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        return {
            part.get_param("name", header="content-disposition"): (part.get_filename(), part.get_payload(decode=True))
            for part in parts.iter_parts()
        }
    return {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "todo"

    def log_message(self, *_):
        pass

    def answer(self, status, value=None, headers=(), body=None, content_type="application/json"):
        body = json.dumps(value).encode() if value is not None else body or b""
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        if status not in (204, 304):
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def handle_all(self):
        url = urlsplit(self.path)
        self.query = parse_qs(url.query)
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        try:
            if url.path == "/watch":
                return self.watch()
            with LOCK:
                self.route(self.command, url.path)
        except Refusal as refusal:
            self.answer(refusal.status, {"error": refusal.error}, list(refusal.headers.items()))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = handle_all

    def route(self, method, path):
        routes = [
            ("GET", r"/", lambda: self.answer(200, {"name": "todo", "version": VERSION})),
            ("GET", r"/people", lambda: self.answer(200, [{"id": one["id"], "name": one["name"]} for one in USERS.values()])),
            ("POST", r"/people", self.join),
            ("POST", r"/tokens", self.make_token),
            ("DELETE", r"/tokens/current", self.end_token),
            ("POST", r"/session", self.open_session),
            ("DELETE", r"/session", self.close_session),
            ("GET", r"/session", self.whoami),
            ("GET", r"/old-session", lambda: self.answer(302, headers=[("Location", "/session"), ("Set-Cookie", "seen=1")])),
            ("GET", r"/clock", self.clock),
            ("GET", r"/numbers", self.numbers),
            ("GET", r"/log", self.log),
            ("POST", r"/todos", self.make),
            ("GET", r"/todos", self.list),
            ("GET", r"/todos/([^/]+)", self.show),
            ("PUT", r"/todos/([^/]+)", self.change),
            ("DELETE", r"/todos/([^/]+)", self.delete),
            ("PUT", r"/todos/([^/]+)/photo", self.put_photo),
            ("POST", r"/todos/([^/]+)/photo", self.post_photo),
            ("GET", r"/todos/([^/]+)/photo", self.photo),
            ("POST", r"/todos/([^/]+)/done", self.done),
            ("PUT", r"/hook", self.hook),
            ("GET", r"/deliveries", self.deliveries),
        ]
        allowed = []
        for verb, pattern, view in routes:
            match = re.fullmatch(pattern, path)
            if match and verb == method:
                return view(*match.groups())
            if match:
                allowed.append(verb)
        if allowed:
            raise Refusal(405, "no such method", Allow=", ".join(allowed))
        raise Refusal(404, "no such thing")

    def user(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in TOKENS:
            raise Refusal(401, "no valid token", **{"WWW-Authenticate": 'Bearer realm="todo"'})
        return TOKENS[token]

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refusal(400, "not JSON")

    def log(self):
        entries = [{"n": 1, "at": "2026-01-01T00:00:00Z"}, {"n": 2, "at": "2026-01-02T00:00:00Z", "note": "restarted"}]
        body = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
        self.answer(200, body=body, content_type="application/x-ndjson")

    def join(self):
        given = self.json()
        if given["name"] in USERS:
            raise Refusal(409, "there is one of that name")
        USERS[given["name"]] = {"id": str(uuid.uuid4()), **given}
        self.answer(201, {"id": USERS[given["name"]]["id"], "name": given["name"]})

    def make_token(self):
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            given = dict(zip(("name", "password"), base64.b64decode(credentials).decode().split(":", 1)))
        else:
            given = self.json()
        for name in ("name", "password"):
            if not given.get(name):
                raise Refusal(400, f"{name} missing")
        user = USERS.get(given["name"])
        if not user or user["password"] != given["password"]:
            raise Refusal(401, "wrong name or password")
        token = "tok_" + uuid.uuid4().hex
        TOKENS[token] = given["name"]
        self.answer(201, {"token": token, "expires": formatdate(time.time() + 3600, usegmt=True)})

    def end_token(self):
        self.user()
        del TOKENS[self.headers["Authorization"].split(" ")[1]]
        self.answer(204)

    def open_session(self):
        given = form_of(self.headers.get("Content-Type", ""), self.body)
        if given.get("name") not in USERS:
            raise Refusal(401, "who is that?")
        sid = uuid.uuid4().hex
        SESSIONS[sid] = given["name"]
        cookies = [("Set-Cookie", f"sid={sid}; Path=/session; HttpOnly"), ("Set-Cookie", "theme=dark; Path=/")]
        self.answer(303, headers=[("Location", "/session"), *cookies])

    def cookies(self):
        pairs = (pair.partition("=") for pair in self.headers.get("Cookie", "").split("; "))
        return {name: value for name, _, value in pairs if name}

    def whoami(self):
        name = SESSIONS.get(self.cookies().get("sid"))
        if not name:
            raise Refusal(401, "no session")
        self.answer(200, {"id": USERS[name]["id"], "name": name, "cookies": sorted(self.cookies())})

    def close_session(self):
        SESSIONS.pop(self.cookies().get("sid"), None)
        self.answer(204, headers=[("Set-Cookie", "sid=; Path=/session; Max-Age=0")])

    def clock(self):
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        http = formatdate(now, usegmt=True)
        self.answer(200, {"iso": stamp, "http": http, "unix": int(now), "day": stamp[:10]})

    def numbers(self):
        body = b'{"big": 9007199254740993, "huge": 123456789012345678901234567890, "pi": 3.14159, "word": "r\\u00e9sum\\u00e9"}'
        self.answer(200, body=body)

    def find(self, owner, key):
        todo = TODOS.get(key)
        if not todo or todo["owner"] != owner:
            raise Refusal(404, "no such thing")
        return todo

    def etag(self, todo):
        return '"' + hashlib.sha256(json.dumps(todo, sort_keys=True).encode()).hexdigest()[:16] + '"'

    def make(self):
        owner, given = self.user(), self.json()
        if not isinstance(given.get("title"), str) or not given["title"].strip():
            raise Refusal(422, "a title is needed")
        key = uuid.uuid4().hex[:8]
        TODOS[key] = {"id": key, "title": given["title"], "done": False, "owner": owner, "tags": given.get("tags", [])}
        self.answer(303, headers=[("Location", f"/todos/{key}")])

    def list(self):
        owner = self.user()
        mine = [todo for todo in TODOS.values() if todo["owner"] == owner]
        page, size = int(self.query.get("page", ["1"])[0]), int(self.query.get("size", ["10"])[0])
        part = mine[(page - 1) * size : page * size]
        links = [("Link", f'</todos?page=1&size={size}>; rel="first"')]
        if page * size < len(mine):
            links.append(("Link", f'</todos?page={page + 1}&size={size}>; rel="next"'))
        self.answer(200, {"total": len(mine), "items": part}, links)

    def show(self, key):
        todo = self.find(self.user(), key)
        etag = self.etag(todo)
        if self.headers.get("If-None-Match") == etag:
            return self.answer(304, headers=[("ETag", etag)])
        self.answer(200, todo, [("ETag", etag)])

    def change(self, key):
        owner = self.user()
        todo = self.find(owner, key)
        wanted = self.headers.get("If-Match")
        if wanted and wanted != self.etag(todo):
            raise Refusal(412, "it has changed since")
        todo.update({name: value for name, value in self.json().items() if name in ("title", "tags")})
        for of, changes in WATCHES:
            if of == owner:
                changes.put(dict(todo))
        self.answer(200, todo, [("ETag", self.etag(todo))])

    def watch(self):
        changes = queue.Queue()
        with LOCK:
            WATCHES.append((self.user(), changes))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        number = 0
        while True:
            try:
                number, change = number + 1, changes.get(timeout=1)
                text = f"event: changed\nid: {number}\ndata: {json.dumps(change)}\n\n"
            except queue.Empty:
                text = ": still there\n\n"
            try:
                self.wfile.write(text.encode())
            except OSError:
                return

    def delete(self, key):
        self.find(self.user(), key)
        del TODOS[key]
        self.answer(204)

    def uploads(self):
        if BARE:
            raise Refusal(501, "not here")

    def put_photo(self, key):
        self.uploads()
        self.find(self.user(), key)
        FILES[key] = (self.headers.get("Content-Type", "application/octet-stream"), self.body)
        self.answer(201, {"length": len(self.body), "sha256": hashlib.sha256(self.body).hexdigest()})

    def post_photo(self, key):
        self.uploads()
        self.find(self.user(), key)
        name, content = form_of(self.headers.get("Content-Type", ""), self.body)["photo"]
        FILES[key] = ("image/gif", content)
        self.answer(201, {"name": name, "length": len(content)})

    def photo(self, key):
        self.find(self.user(), key)
        if key not in FILES:
            raise Refusal(404, "no photo")
        content_type, content = FILES[key]
        self.answer(200, body=content, content_type=content_type)

    def hook(self):
        self.uploads()
        HOOKS[self.user()] = self.json()["topic"]
        self.answer(204)

    def done(self, key):
        owner = self.user()
        todo = self.find(owner, key)
        todo["done"] = True
        if owner in HOOKS:
            delivery = {"topic": HOOKS[owner], "todo": key, "owner": owner}
            threading.Timer(0.3, lambda: DELIVERIES.append(delivery)).start()
        self.answer(200, todo)

    def deliveries(self):
        owner = self.user()
        self.answer(200, [one for one in DELIVERIES if one["owner"] == owner])


if __name__ == "__main__":
    print(f"todo {VERSION} is there", flush=True)
    if "TODO_ADMIN_PORT" in os.environ:
        admin = ThreadingHTTPServer(("127.0.0.1", int(os.environ["TODO_ADMIN_PORT"])), Handler)
        threading.Thread(target=admin.serve_forever, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["TODO_PORT"])), Handler).serve_forever()
