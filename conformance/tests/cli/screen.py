#!/usr/bin/env python3
"""Runs a command in a terminal of a given width; prints as JSON its output and the final screen.

    screen.py COLUMNS COMMAND...
"""
import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios

PIECE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)|(.)", re.S)


def screen(written, columns):
    """Return the lines on the screen after this output."""
    lines, row, column = [""], 0, 0
    for number, code, end, text, _ in PIECE.findall(written):
        if code == "A":
            row = max(0, row - int(number or 1))
        elif code == "K" and number == "2":
            lines[row] = ""
        elif code == "K":
            lines[row] = lines[row][:column]
        elif code == "J":
            lines[row:] = [lines[row][:column]]
        elif end == "\r":
            column = 0
        elif end == "\n":
            row += 1
        for character in text:
            if column == columns:
                row, column = row + 1, 0
            lines.extend([""] * (row + 1 - len(lines)))
            lines[row] = lines[row].ljust(column)[:column] + character + lines[row][column + 1:]
            column += 1
        lines.extend([""] * (row + 1 - len(lines)))
    return lines


def main():
    """Run a command and print its output and the final screen."""
    columns, command = int(sys.argv[1]), sys.argv[2:]
    ready, go = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        os.close(go)
        os.read(ready, 1)  # until the terminal has its size
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.write(go, b"!")
    written = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # what Linux says when the other side has gone
            break
        if not piece:
            break
        written += piece
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    written = written.decode()
    print(json.dumps({"code": code, "written": written, "lines": screen(written, columns)}))


if __name__ == "__main__":
    main()
