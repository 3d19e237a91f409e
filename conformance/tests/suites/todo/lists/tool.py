"""A tool for the to-do list: counts lines, and lists the files of the server."""
import json
import os
import sys

if sys.argv[1] == "count":
    lines = sys.stdin.read().splitlines()
    print(json.dumps({sys.argv[3] + "s": len(lines), "last": lines[-1]}))
elif sys.argv[1] == "files":
    print("\n".join(sorted(os.listdir("."))))
else:
    print("unknown command " + sys.argv[1], file=sys.stderr)
    sys.exit(2)
