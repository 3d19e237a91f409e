"""A server that is reached over TLS or a unix socket, as its environment says.

`CERTIFICATE` and `KEY` are the files for TLS, `SOCKET` the unix socket, `CLIENT` the client certificate that it demands.
"""
import http.server
import json
import os
import socketserver
import ssl


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every path with what was asked."""

    def do_GET(self):
        body = {"path": self.path, "secure": "CERTIFICATE" in os.environ}
        if hasattr(self.connection, "getpeercert"):
            body["client"] = bool(self.connection.getpeercert())
        body = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Stay silent."""


class OnSocket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A server on a unix socket, whose clients have no address."""

    daemon_threads = True

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("client", 0)


def main():
    if "SOCKET" in os.environ:
        server = OnSocket(os.environ["SOCKET"], Handler)
    else:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Handler)
    if "CERTIFICATE" in os.environ:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.environ["CERTIFICATE"], os.environ.get("KEY"))
        if "CLIENT" in os.environ:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(os.environ["CLIENT"])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    if "PORT" not in os.environ and "SOCKET" not in os.environ:
        print("port", server.server_address[1], flush=True)
    server.serve_forever()


main()
