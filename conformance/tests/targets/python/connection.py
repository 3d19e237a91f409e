"""Reads HTTP/1.1 requests from sockets and writes responses.

Nothing of the API is known here: a request goes to a function, and what the
function returns goes back. Only `socketserver` is used, since `http.server`
takes three times as long to import and a test starts this program often.
"""
import json
import socketserver
import sys
import traceback
from http import HTTPStatus
from urllib.parse import parse_qs, unquote

HTML = "text/html; charset=utf-8"


class Request:
    """One request as it came over the wire, and the user found for it."""

    def __init__(self, method, target, headers, body=b""):
        """Keep the parts; the path is percent-decoded, header names are in lower case."""
        path, _, self.query = target.partition("?")
        self.method, self.path = method, unquote(path)
        self.headers, self.body = headers, body
        self.current_user = None

    @property
    def media_type(self):
        """Return the content type in lower case, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def cookies(self):
        """Return the cookies by name; of two with one name the first counts."""
        found = {}
        for pair in self.headers.get("cookie", "").split(";"):
            name, equals, value = pair.partition("=")
            value = value.strip().encode("latin-1").decode("utf-8", "replace")
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
            if equals:
                found.setdefault(name.strip(), value)
        return found

    @property
    def form(self):
        """Return the fields of a form body by name, in either of the two encodings of forms."""
        if self.media_type == "application/x-www-form-urlencoded":
            text = self.body.decode("utf-8", "replace")
            return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
        if self.media_type == "multipart/form-data":
            from email.parser import BytesParser  # slow to import, and rarely needed
            head = "Content-Type: " + self.headers["content-type"] + "\r\n\r\n"
            parts = BytesParser().parsebytes(head.encode("latin-1") + self.body).get_payload()
            return {
                part.get_param("name", header="content-disposition"):
                    part.get_payload(decode=True).decode("utf-8", "replace")
                for part in parts if not isinstance(part, str)
            }
        return {}

    @property
    def json(self):
        """Return the JSON body; None if it is absent, of another type or not JSON."""
        if self.media_type != "application/json":
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Response:
    """A status, a body and its type, and further headers."""

    def __init__(self, status, body="", content_type=HTML, headers=None):
        """Keep the parts; a body that is text is sent in UTF-8."""
        self.status, self.content_type = status, content_type
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = headers or {}

    def head(self, closes):
        """Return the status line and the headers as they are sent."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
                 f"Content-Type: {self.content_type}",
                 f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["Connection: close"] if closes else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Connection(socketserver.StreamRequestHandler):
    """One client: requests are answered in order until one of the two sides closes."""

    timeout = 60
    disable_nagle_algorithm = True

    def handle(self):
        """Answer requests until the connection ends."""
        try:
            while True:
                line = self.rfile.readline(65536)
                if not line:
                    return
                if not self.exchange(line.decode("latin-1").split()):
                    return
        except (OSError, EOFError):
            return  # the client went away, or said nothing for too long
        except ValueError:
            self.wfile.write(Response(400, "Bad Request\n").head(closes=True))

    def exchange(self, line):
        """Read the rest of a request, send its response, and return whether to go on."""
        method, target, version = line
        headers = self.read_headers()
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request = Request(method, target, headers, self.read_body(headers))
        try:
            response = self.server.answer(request)
        except Exception:
            traceback.print_exc()
            response = Response(500, "<title>500 Internal Server Error</title>\n")
        closes = version == "HTTP/1.0" or headers.get("connection", "").lower() == "close"
        self.send(request, response, closes)
        return not closes

    def send(self, request, response, closes):
        """Write a response in one piece; HEAD gets no body."""
        body = b"" if request.method == "HEAD" else response.body
        self.wfile.write(response.head(closes) + body)

    def read_headers(self):
        """Return the headers by lower-case name; repeated ones are joined."""
        headers = {}
        while True:
            line = self.rfile.readline(65536).decode("latin-1").strip()
            if not line:
                return headers
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            joint = "; " if name == "cookie" else ", "
            headers[name] = headers[name] + joint + value if name in headers else value

    def read_body(self, headers):
        """Return the body, with a given length or in chunks."""
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        body = b""
        while True:
            size = int(self.rfile.readline(65536).partition(b";")[0], 16)
            if size == 0:
                self.read_headers()
                return body
            body += self.rfile.read(size)
            self.rfile.readline()


class Listener(socketserver.ThreadingTCPServer):
    """A thread for each connection, so that a slow client keeps nobody waiting."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Report a failed connection without ending the program."""
        traceback.print_exc()


def serve(host, port, answer):
    """Give every request on the address to `answer`, for ever."""
    Listener.address_family = socketserver.socket.AF_INET6 if ":" in host else socketserver.socket.AF_INET
    with Listener((host, port), Connection) as listener:
        listener.answer = answer
        print(f" * Running on http://{host}:{listener.server_address[1]}/ (Press CTRL+C to quit)", flush=True)
        try:
            listener.serve_forever()
        except KeyboardInterrupt:
            sys.exit(0)
