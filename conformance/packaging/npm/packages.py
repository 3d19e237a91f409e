"""Writes two npm packages: the program for one system, and the package that users install, which needs the former.

usage: packages.py VERSION SYSTEM ARCHITECTURE PROGRAM FOLDER
"""

import json
import pathlib
import shutil
import sys

version, system, architecture, program, folder = sys.argv[1:]
here = pathlib.Path(__file__).resolve().parent
licence = here.parents[2] / "LICENSE"
name = "conformance-http"
common = {
    "version": version,
    "description": "Tests any implementation of an HTTP API against its specification and reports which requirements pass",
    "license": "MIT",
}


def write(package: str, manifest: dict, files: dict) -> None:
    place = pathlib.Path(folder) / package
    place.mkdir(parents=True)
    for target, source in {"LICENSE": licence, **files}.items():
        shutil.copy(source, place / target)
        (place / target).chmod(0o755 if target in ("conformance", "conformance.js") else 0o644)
    text = json.dumps({"name": package, **common, **manifest}, indent=2)
    (place / "package.json").write_text(text + "\n")


systems = [f"{system}-{architecture}" for system in ("linux", "darwin") for architecture in ("x64", "arm64")]
own = f"{system}-{architecture}"
write(
    f"{name}-{own}",
    {"os": [system], "cpu": [architecture], "files": ["conformance"], "preferUnplugged": True},
    {"conformance": program},
)
write(
    name,
    {
        "bin": {"conformance": "conformance.js", name: "conformance.js"},
        "files": ["conformance.js"],
        "engines": {"node": ">=18"},
        "keywords": ["http", "api", "testing", "conformance"],
        "optionalDependencies": {f"{name}-{other}": version for other in systems},
    },
    {"conformance.js": here / "conformance.js", "README.md": here / "README.md"},
)
