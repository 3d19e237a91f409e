#!/usr/bin/env python3
"""A server that sends back and prints the member `say` of a request in every encoding of common web stacks.

The encoded texts are noted in the file `forms` of the folder NOTES, as JSON, one a line.
"""
import base64
import html
import json
import os
import quopri
import sys
import textwrap
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def forms(text):
    """Return the text in every encoding."""
    data = text.encode()
    quoted = json.dumps(text)[1:-1]
    percent = urllib.parse.quote(text, safe="")
    form = urllib.parse.quote_plus(text)
    entities = html.escape(text)
    all_forms = [
        text, quoted, json.dumps(text, ensure_ascii=False)[1:-1], quoted.replace("/", "\\/"),
        json.dumps(quoted)[1:-1], json.dumps(json.dumps(quoted)[1:-1])[1:-1],
        "".join(f"\\u{ord(c):04X}" if not c.isalnum() and ord(c) < 65536 else c for c in text),
        percent, percent.lower() if percent.upper() == percent else percent.replace("%C3%BC", "%c3%bc"), form,
        urllib.parse.quote(text), urllib.parse.quote(percent), urllib.parse.quote(form),
        entities, entities.replace("&#x27;", "&#39;").replace("&quot;", "&#34;").replace("ü", "&uuml;"),
        html.escape(quoted), json.dumps(entities)[1:-1],
        "".join(f"&#{ord(c)};" for c in text), "".join(f"&#x{ord(c):X};" for c in text),
        repr(text)[1:-1], repr(data)[2:-1], quopri.encodestring(data, quotetabs=True).decode(),
        data.hex(), data.hex().upper(),
        text.replace("'", "''"), text.replace('"', '""'), text.replace("'", "''").replace('"', '""'),
        json.dumps(text.replace('"', '""'))[1:-1],
    ]
    for before in (b"", b"u", b"us", b"user:"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            all_forms.append(encode(before + data).decode())
            all_forms.append(encode(before + data + b"!").decode().rstrip("="))
            all_forms.append(urllib.parse.quote(encode(before + data).decode(), safe=""))
    all_forms.append("\r\n".join(textwrap.wrap(base64.b64encode(b"x" * 100 + data * 2).decode(), 76)))
    return all_forms


class Leaky(BaseHTTPRequestHandler):
    """Leaks what it is sent."""

    def do_GET(self):
        """Answer with what was sent."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
        if self.path == "/ready":
            return self.reply(200, "")
        if self.path.startswith("/numbers"):
            return self.reply(200, '{"password": 987654321, "pin": 44440044, "data": {"PIN": [55550055, {"a": "66660066"}]}}')
        if self.path.startswith("/hop"):
            return self.reply(302, "", Location=f"http://ann:v1s1tor-pw@{self.headers['Host']}/hopped?password=qu3ry-pw&x=1")
        lines = [self.path, str(self.headers), body]
        if body.startswith('{"say"'):
            made = forms(json.loads(body)["say"])
            with open(os.path.join(os.environ["NOTES"], "forms"), "a", encoding="utf-8") as notes:
                notes.writelines(json.dumps(form) + "\n" for form in made)
            lines += [f"value |{form}|" for form in made]
        text = "\n".join(lines)
        sys.stdout.buffer.write(text.encode() + b"\n")
        sys.stdout.flush()
        return self.reply(418, text, **{"Set-Cookie": "id=c00k1e%2Fvalue%3D1; Path=/", "X-Path": self.path})

    do_POST = do_GET

    def reply(self, status, text, **fields):
        """Send a response."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        """Suppress the log of http.server."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["API_PORT"])), Leaky).serve_forever()
