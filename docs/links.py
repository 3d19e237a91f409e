"""A preprocessor of mdBook: corrects links that lead out of docs/.

A page may link to `../scenarios/README.md`. In the book, links to files that are a page lead to the page. Other files are not part of
the book: their links become links to the repository if CONFORMANCE_REPOSITORY has its address, else their text.
"""

import json
import os
import re
import sys

PAGES = {"../scenarios/README.md": "language.md", "../README.md": "README.md"}
LINK = re.compile(r"(!?)\[([^\]\n]*)\]\(([^)\s]+)\)")
# Sentences for readers outside of the book, such as `(Outside of the book, see [the file](FILE).)`.
OUTSIDE = re.compile(r" ?\((?:Outside of the book|\[The contents\])(?:[^()]|\([^()]*\))*\)")
REPOSITORY = os.environ.get("CONFORMANCE_REPOSITORY", "").rstrip("/")


def corrected(found):
    picture, text, target = found.groups()
    path, mark, anchor = target.partition("#")
    if path.startswith("../docs/"):
        path = path.removeprefix("../docs/")
    elif path in PAGES:
        path = PAGES[path]
    elif path.startswith(("../", "migration/")):
        inside = path.removeprefix("../") if path.startswith("../") else "docs/" + path
        return f"[{text}]({REPOSITORY}/blob/main/{inside}{mark}{anchor})" if REPOSITORY else text
    else:
        return found[0]
    return f"{picture}[{text}]({path}{mark}{anchor})"


def visit(items):
    for item in items:
        if "Chapter" in item:
            chapter = item["Chapter"]
            parts = re.split(r"(^```.*?^```)", OUTSIDE.sub("", chapter["content"]), flags=re.DOTALL | re.MULTILINE)
            parts[::2] = (LINK.sub(corrected, part) for part in parts[::2])
            chapter["content"] = "".join(parts)
            visit(chapter["sub_items"])


if sys.argv[1:2] == ["supports"]:
    sys.exit(0)
_, book = json.load(sys.stdin)
visit(book.get("items") or book.get("sections"))
json.dump(book, sys.stdout)
