#!/usr/bin/env python3
"""A server whose behaviour depends on the path of the request.

The first argument is its mood from the start: `fine`, `dead` (it ends at once), `deaf` (it never listens), `elsewhere` (it
listens on another port), `mute` (it takes
connections and never answers), `babbling` (it answers what is no HTTP), `stubborn` (it hears no signal, and has a child in its
process group and one that has left it), `sulky` (once it hangs, it answers nobody). Otherwise it does what the path says.
"""
import os
import signal
import socket
import subprocess
import sys
import threading
import time

SULKS = threading.Event()
GARBAGE = b"\x16\x03\x01 this is no HTTP\r\n\r\n"


def note(name):
    """Write a file to the folder NOTES, for which a test waits."""
    if "NOTES" in os.environ:
        open(os.path.join(os.environ["NOTES"], name), "w").close()


def read_request(connection):
    """Return the path of the next request, or None at the end."""
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(65536)
        if not received:
            return None
        head += received
    head, _, body = head.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    lengths = [line.split(":")[1] for line in lines if line.lower().startswith("content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return lines[0].split()[1]


def answer(connection, status, body, *headers):
    """Send a response and keep the connection."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def behave(connection, path):
    """Do what the path says; return whether the connection stays open."""
    if path == "/die":
        print("the desk cannot go on", file=sys.stderr, flush=True)
        os._exit(3)
    elif path == "/hang":
        SULKS.set()
        note("hangs")
        time.sleep(600)
    elif path == "/garbage":
        connection.sendall(GARBAGE)
        return False
    elif path == "/cut":
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        return False
    elif path == "/close":
        return False
    elif path == "/refuse":
        print("the desk is asked to refuse", flush=True)
        time.sleep(0.1)  # so that it is read before the answer, however busy the machine is
        answer(connection, "403 Forbidden", b'{"error": "not you"}')
    else:
        answer(connection, "200 OK", b'{"open": true}')
    return True


def serve(connection, mood):
    """Serve one client."""
    with connection:
        if mood == "mute":
            time.sleep(600)
        try:
            path = read_request(connection)
            while path is not None:
                if mood == "sulky" and SULKS.is_set():
                    time.sleep(600)
                if mood == "babbling":
                    connection.sendall(GARBAGE)
                    return
                if not behave(connection, path):
                    return
                path = read_request(connection)
        except OSError:
            pass  # the client went away


def main(mood):
    """Listen on DESK_PORT and serve each client in its own thread."""
    if mood == "dead":
        sys.exit("the desk has no drawers")
    if mood == "deaf":
        print("the desk does not listen", flush=True)
        note("deaf")
        time.sleep(600)
    if mood == "stubborn":
        for deaf_to in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(deaf_to, signal.SIG_IGN)
        for leaves in (False, True):
            subprocess.Popen(["sleep", "600"], start_new_session=leaves)
    port = 0 if mood == "elsewhere" else int(os.environ["DESK_PORT"])
    with socket.create_server(("127.0.0.1", port)) as listener:
        note("listens")
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, mood), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "fine")
