#!/bin/sh
# Makes the pictures of the README: docs/terminal.png (with its text in docs/terminal.txt) and docs/report.png.
# Needs conformance in PATH, Python and Chromium (CHROMIUM=program).
set -eu
docs=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$docs/../conformance/tests/targets/python/." "$work"
cd "$work"
export FAULT=logout-deletes-nothing

picture() { # PAGE WIDTH HEIGHT FILE
  "${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=2 --user-data-dir="$work/profile" \
    --window-size="$2,$3" --screenshot="$4" "file://$work/$1" >/dev/null 2>&1
}

conformance run --color always --filter session/8-logout -- python3 server.py >terminal 2>/dev/null || test $? -eq 1
python3 - "$docs/terminal.txt" <<'PYTHON'
import html, re, sys

text = re.sub(r"(127\.0\.0\.1:|--port )\d+", r"\g<1>38617", open("terminal").read())
plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
open(sys.argv[1], "w").write(plain)
colors = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea", "90": "#8b949e"}
styles, page = [], ""
for part in re.split(r"(\x1b\[[0-9;]*m)", text):
    if not part.startswith("\x1b"):
        page += f'<span style="{";".join(styles)}">{html.escape(part)}</span>'
        continue
    for code in part[2:-1].split(";"):
        code = str(int(code or 0) - 60) if code.isdigit() and 91 <= int(code) <= 96 else code
        if code in ("", "0"):
            styles = []
        elif code == "1":
            styles.append("font-weight:bold")
        elif code == "2":
            styles.append("opacity:.7")
        elif code in colors:
            styles.append("color:" + colors[code])
prompt = "$ conformance run --filter session/8-logout -- python3 server.py\n"
open("terminal.html", "w").write(
    "<meta charset=utf-8><style>body{margin:0;background:#0d1117;color:#e6edf3}pre{margin:0;padding:18px;font:13px/1.35 'DejaVu Sans Mono',monospace;"
    f"white-space:pre-wrap}}</style><pre><span style='color:#7ee787'>{html.escape(prompt)}</span>{page}</pre>"
)
PYTHON
picture terminal.html 980 850 "$docs/terminal.png"

conformance run --jobs 4 --quiet --report html=report.html -- python3 server.py >/dev/null 2>&1 || test $? -eq 1
picture report.html 1200 900 "$docs/report.png"
