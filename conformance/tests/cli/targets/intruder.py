"""A server that attacks what is around it. Each path is an attack; the response says whether it was blocked."""

import http.server
import json
import os
import resource
import socket
import subprocess
import time

CONFIG = json.load(open("config.json"))

# Names in a home folder.
PRIVATE = [".bashrc", ".profile", ".zshrc", ".ssh", ".netrc", ".gitconfig", ".config", ".bash_history"]


def tried(*attempts):
    """Returns which attempts had an effect that the attacker can see."""
    effects = []
    for name, attempt in attempts:
        try:
            if attempt() is not False:
                effects.append(name)
        except (OSError, ValueError, subprocess.SubprocessError):
            pass
    return "succeeded: " + ", ".join(effects) if effects else "blocked"


def is_readable(path):
    try:
        return bool(os.listdir(path) if os.path.isdir(path) else open(path).read())
    except OSError:
        return False


def vandalise(root):
    """Changes everything below a folder in every way, and follows links."""
    for folder, folders, files in os.walk(root, topdown=False, followlinks=False):
        for name in files + folders:
            path = os.path.join(folder, name)
            for change in (
                lambda: open(path, "a").write("changed"),
                lambda: os.truncate(path, 1),
                lambda: os.utime(path, (1, 1)),
                lambda: os.chmod(path, 0o777),
                lambda: os.chown(path, 12345, 12345),
                lambda: os.setxattr(path, "user.changed", b"x"),
                lambda: os.link(path, path + "-link"),
                lambda: open(os.path.join(path, "new"), "w").write("new"),
                lambda: os.rename(path, path + "-renamed"),
                lambda: os.unlink(path),
                lambda: os.rmdir(path),
            ):
                try:
                    change()
                except OSError:
                    pass
    for change in (
        lambda: open(os.path.join(root, "new"), "w").write("new"),
        lambda: os.mkdir(os.path.join(root, "new-folder")),
        lambda: os.chmod(root, 0o777),
        lambda: os.rename(root, root + "-renamed"),
    ):
        try:
            change()
        except OSError:
            pass


def write():
    for root in CONFIG["outside"]:
        # Where a path cannot be listed, its known files are attacked.
        vandalise(root)
        for name in CONFIG["names"]:
            vandalise(os.path.join(root, name))
            try:
                open(os.path.join(root, name), "a").write("changed")
            except OSError:
                pass
            for change in (os.unlink, lambda path: os.chmod(path, 0o777), lambda path: os.utime(path, (1, 1))):
                try:
                    change(os.path.join(root, name))
                except OSError:
                    pass
    return "done"


def vandalise_own():
    for name in list(os.listdir(".")):
        if name not in ("config.json", "intruder.py"):
            vandalise(name) if os.path.isdir(name) else None
            try:
                open(name, "a").write("changed")
                os.chmod(name, 0o600)
            except OSError:
                pass
    subprocess.run("find -L . -type f -not -name '*.py' -exec sh -c 'echo x >> \"$1\"; chmod 600 \"$1\"' sh {} ';'",
                   shell=True, stderr=subprocess.DEVNULL)
    return "done"


def read():
    def has(path, secret):
        with open(path, "rb") as file:
            return secret in file.read()

    secret = CONFIG["secret"].encode()
    places = [os.path.join(root, name) for root in CONFIG["outside"] for name in CONFIG["names"]]
    return tried(
        *((path, lambda path=path: has(path, secret)) for path in places),
        ("/etc/shadow", lambda: open("/etc/shadow").read()),
        ("home", lambda: any(is_readable(os.path.join(CONFIG["home"] or "/root", name)) for name in PRIVATE)),
    )


def environment():
    secret = CONFIG["secret"].encode()

    def knows(process):
        for file in ("environ", "cmdline"):
            with open(f"/proc/{process}/{file}", "rb") as content:
                if secret in content.read():
                    return True
        return False

    own = [("own", lambda: any(CONFIG["secret"] in value for value in os.environ.values()))]
    try:
        processes = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        processes = [str(process) for process in range(1, 40000)]
    return tried(*own, *((process, lambda process=process: knows(process)) for process in processes))


def kill():
    victim = CONFIG["victim"]
    return tried(
        ("kill", lambda: is_outside(victim) and os.kill(victim, 9)),
        ("group", lambda: is_outside(victim) and os.killpg(victim, 9)),
    )


def is_outside(process):
    """Whether a number is not a process of this program, which may have the same number in its namespace."""
    try:
        return b"sleep" in open(f"/proc/{process}/cmdline", "rb").read()
    except OSError:
        return True


def connect():
    def tcp(address):
        return lambda: socket.create_connection(address, timeout=1)

    def udp():
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", CONFIG["port"]))
        # Without an error the datagram may still go nowhere: the listener of the test says whether it came.
        return False

    def unix(address):
        return lambda: socket.socket(socket.AF_UNIX).connect(address)

    def fast_open():
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.sendto(b"x", socket.MSG_FASTOPEN, ("127.0.0.1", CONFIG["port"]))

    udp_result = tried(("udp", udp))
    attempts = tried(
        ("tcp", tcp(("127.0.0.1", CONFIG["port"]))),
        ("fast open", fast_open),
        ("unix", unix(CONFIG["socket"])),
        ("abstract", unix("\0" + CONFIG["abstract"])),
        ("bind", lambda: CONFIG["landlock"] and socket.create_server(("127.0.0.1", 0))),
    )
    return attempts if udp_result == "blocked" else udp_result


def restore_rights():
    return tried(
        ("unshare", lambda: subprocess.run(["unshare", "-r", "true"], check=True, stderr=subprocess.DEVNULL)),
        ("mount", lambda: subprocess.run(["mount", "-t", "tmpfs", "none", "."], check=True, stderr=subprocess.DEVNULL)),
        ("limit", lambda: resource.setrlimit(resource.RLIMIT_CPU, (10**6, 10**6))),
        ("terminal", lambda: open("/dev/tty", "w").write("x")),
    )


def detach():
    """Leaves a process without a parent, a group, a session and an environment."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for descriptor in range(256):
                try:
                    os.close(descriptor)
                except OSError:
                    pass
            os.execve("/bin/sh", ["sh", "-c", "while sleep 0.1; do :; done", CONFIG["mark"]], {})
        os._exit(0)
    os.wait()
    return "done"


def kill_parent():
    os.kill(os.getppid(), 9)
    return "done"


def kill_all():
    # Only inside of a namespace: otherwise this would end the session of the user who runs the tests.
    if os.readlink("/proc/self/ns/pid") == CONFIG["namespace"]:
        return "not isolated"
    os.kill(-1, 9)
    return "done"


def fork_bomb():
    while True:
        try:
            if os.fork() == 0:
                time.sleep(0.001)
        except OSError:
            time.sleep(0.01)


def memory():
    hog = []
    while True:
        hog.append(b"x" * 2**20)


def big_file():
    with open("big", "wb") as file:
        try:
            for _ in range(64):
                file.write(b"x" * 2**20)
                file.flush()
        except OSError as error:
            time.sleep(1)
            return f"errno {error.errno}"
    return "no limit"


def many_files():
    opened = []
    try:
        while len(opened) < 10000:
            opened.append(os.open("config.json", os.O_RDONLY))
    except OSError as error:
        time.sleep(1)
        for descriptor in opened:
            os.close(descriptor)
        return f"errno {error.errno}"
    return "no limit"


def spin():
    while True:
        pass


def dawdle():
    time.sleep(2.5)
    return "done"


def forget():
    os.unlink("config.json")
    return "done"


def rewrite():
    with open(CONFIG["report"], "w") as report:
        report.write("forged")
    return "done"


def made():
    """What the commands before the start have left."""
    return ", ".join(f"{name} {open(name).read()}" for name in ("built", "prepared"))


def where():
    return json.dumps({"home": os.environ.get("HOME"), "tmp": os.environ.get("TMPDIR"), "cwd": os.getcwd(),
                       "names": sorted(os.environ)})


class Intruder(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        attack = ATTACKS.get(self.path.strip("/"), lambda: "ready")
        body = attack().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ATTACKS = {
    name.replace("_", "-"): function
    for name, function in list(globals().items())
    if callable(function) and name not in ("Intruder", "tried", "is_outside", "is_readable", "vandalise")
}

if CONFIG.get("at start"):
    ATTACKS[CONFIG["at start"]]()
http.server.HTTPServer(("127.0.0.1", int(os.environ["INTRUDER_PORT"])), Intruder).serve_forever()
