#!/usr/bin/env python3
"""A server with one oddity, which the arguments select.

`slow SECONDS` listens after so long, `hangs` never answers, `stalls` answers once and never again, `reloads` serves from a child that it starts again, `loud` prints megabytes, `six` listens on IPv6
only, `anywhere` on every address, `closes` ends each connection after one answer without a word, `old` speaks HTTP/1.0,
`left` starts only as the left half, `lacks` needs a package that nobody has, `fixed PORT` listens on that port, `apart`
prints a word, `empty` holds no guest, `renumbered` holds Ann under another id, `crowded` holds others too, `tls CERTIFICATE`
speaks TLS, `demanding CERTIFICATE AUTHORITY` demands a client certificate, `hesitant CERTIFICATE` begins each handshake after 4 s, `keyed` wants a key of a gateway, `below PREFIX` lives under a path, `unpainted` lacks the paint.
"""
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import time

MOOD = sys.argv[1] if len(sys.argv) > 1 else "fine"
WORD = "sesame"


def guests():
    """Return the guests."""
    try:
        with open("guests.json") as file:
            held = json.load(file)
    except FileNotFoundError:
        held = []
    return {
        "empty": [],
        "renumbered": [{"id": 77, "name": "Ann"}],
        "crowded": held + [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bo"}, {"id": 9, "name": "Cy"}],
    }.get(MOOD, held)


class Desk(http.server.BaseHTTPRequestHandler):
    """Handles requests."""

    protocol_version = "HTTP/1.0" if MOOD == "old" else "HTTP/1.1"

    def setup(self):
        if MOOD == "hesitant":
            time.sleep(4)
        super().setup()

    def do_GET(self):
        path, status, body = self.path, 200, {"open": True}
        if MOOD == "hangs" or (MOOD == "stalls" and os.path.exists("greeted")):
            time.sleep(300)
        if MOOD == "stalls":
            open("greeted", "w").close()
        if MOOD == "below":
            path = path.removeprefix(sys.argv[2]) if path.startswith(sys.argv[2] + "/") else "/nowhere"
        if path.startswith("http://"):
            print("a proxy was asked for", path, flush=True)
            path = "/" + path.split("/", 3)[3]
        if MOOD == "loud":
            print("x" * 1_000_000, flush=True)
        if MOOD == "keyed" and self.headers.get("X-Key") != "open sesame":
            status, body = 407, {"error": "no key"}
        elif path == "/nowhere" or (MOOD == "unpainted" and path == "/paint"):
            status, body = 404, {"error": "nothing here"}
        elif path == "/guests":
            body = guests()
        elif path.startswith("/guests/"):
            found = [guest for guest in guests() if str(guest["id"]) == path.split("/")[2]]
            status, body = (200, found[0]) if found else (404, {"error": "nobody"})
        elif path.startswith("/word/"):
            status = 200 if path == "/word/" + WORD else 404
        elif path == "/die" and not os.path.exists("died"):
            open("died", "w").close()
            os._exit(9)
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if MOOD == "closes":
            self.close_connection = True

    def log_message(self, *_):
        pass


class Listener(http.server.ThreadingHTTPServer):
    """Listens on the given address."""

    address_family = socket.AF_INET6 if MOOD == "six" else socket.AF_INET


def main():
    """Run with the selected oddity."""
    if MOOD == "lacks":
        import a_package_that_nobody_has  # noqa: F401
    if MOOD == "left" and os.environ.get("DESK_HALF") != "left":
        sys.exit("OSError: the right half is locked")
    if MOOD == "slow":
        time.sleep(float(sys.argv[2]))
    if MOOD == "reloads" and "DESK_CHILD" not in os.environ:
        sys.exit(subprocess.call([sys.executable, *sys.argv], env={**os.environ, "DESK_CHILD": "1"}))
    if MOOD == "apart":
        print("the word is " + WORD, flush=True)
    if MOOD == "loud":
        print("x" * 3_000_000, flush=True)
    port = int(sys.argv[2]) if MOOD == "fixed" else int(os.environ.get("DESK_PORT", "0"))
    host = {"six": "::1", "anywhere": "0.0.0.0"}.get(MOOD, "127.0.0.1")
    listener = Listener((host, port), Desk)
    if MOOD in ("tls", "demanding", "hesitant"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2])
        if MOOD == "demanding":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(sys.argv[3])
        at_once = MOOD != "hesitant"
        listener.socket = context.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=at_once)
    if "DESK_PORT" not in os.environ:
        print("port", listener.server_address[1], flush=True)
    listener.serve_forever()


if __name__ == "__main__":
    main()
