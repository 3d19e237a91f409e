#!/usr/bin/env python3
"""A server that gives its port away, as its first argument says. Files in NOTES say what it does, and what the test has done.

`never`: it never listens. `later`: like `never`, but for its first start in a folder. `once`: like `never`, but only at its second start.
`fine`: it listens; a request for /gives makes it close its socket, wait until another process listens, and answer; a request for
/leaves makes it do the same, and end without an answer.
"""
import os
import socket
import sys
import time

MOOD, PORT, NOTES = sys.argv[1], int(os.environ["API_PORT"]), os.environ["NOTES"]
LISTENER = None


def note(name, text=""):
    path = os.path.join(NOTES, name)
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def give_port():
    """Wait until another process listens on the port."""
    note(f"free-{PORT}")
    while not os.path.exists(os.path.join(NOTES, f"taken-{PORT}")):
        time.sleep(0.005)


def serve():
    global LISTENER
    LISTENER = socket.create_server(("127.0.0.1", PORT))
    while True:
        connection, _ = LISTENER.accept()
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    break
                head += received
            else:
                answer(connection, head.split()[1].decode())


def answer(connection, path):
    gives = path in ("/gives", "/leaves")
    if gives:
        LISTENER.close()
        give_port()
        if path == "/leaves":
            os._exit(3)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ntarget")
    if gives:
        connection.close()
        time.sleep(600)


with open("starts", "a") as starts:
    starts.write("x")
STARTS = os.path.getsize("starts")
if MOOD == "never" or (MOOD == "later" and STARTS > 1) or (MOOD == "once" and STARTS == 2):
    give_port()
    time.sleep(600)
serve()
