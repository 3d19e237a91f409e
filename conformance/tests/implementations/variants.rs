//! Gives the Flask implementation one fault at a time: the first line of the report must name the fault.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::environment::{environment, targets};

/// A Flask implementation with one fault.
struct Variant {
    name: &'static str,
    /// The file to change, the text to replace, and the new text.
    change: [&'static str; 3],
    profiles: &'static str,
    /// Parts of the first line of the report that name the fault; none if the variant conforms.
    first: &'static [&'static str],
}

const LOGIN: &str = "api/v1/views/session_auth.py";
const APP: &str = "api/v1/app.py";

const VARIANTS: [Variant; 21] = [
    Variant {
        name: "wrong-password-403",
        change: [LOGIN, "\"wrong password\", 401", "\"wrong password\", 403"],
        profiles: "session",
        first: &["POST /api/v1/auth_session/login: 403, expected 401"],
    },
    Variant {
        name: "slash-not-tolerated",
        change: ["api/v1/auth/auth.py", "elif excluded in (path, with_slash):", "elif excluded == path:"],
        profiles: "session",
        first: &["GET /api/v1/status: 401, expected 200"],
    },
    Variant {
        name: "empty-email",
        change: [LOGIN, "if not email:", "if email is None:"],
        profiles: "session",
        first: &[
            "POST /api/v1/auth_session/login: 404 \"no user found for this email\", expected 400 \"email missing\"",
        ],
    },
    Variant {
        name: "cookie-name-fixed",
        change: [LOGIN, "answer.set_cookie(session_name,", "answer.set_cookie(\"_my_session_id\","],
        profiles: "renamed,session",
        first: &["POST /api/v1/auth_session/login: no cookie `another_name` is set, only `_my_session_id`"],
    },
    Variant {
        name: "logout-keeps-session",
        change: [
            "api/v1/auth/session_auth.py",
            "ended = self.user_id_by_session_id.pop(session_id, None)",
            "ended = self.user_id_by_session_id.get(session_id)",
        ],
        profiles: "session",
        first: &["GET /api/v1/users/me: 200, expected 403"],
    },
    Variant {
        name: "syntax-error",
        change: [LOGIN, "    if not users:\n", "    if not users\n"],
        profiles: "open,auth,session",
        first: &["SyntaxError: expected ':' at api/v1/views/session_auth.py:31"],
    },
    Variant {
        name: "missing-package",
        change: [LOGIN, "import os\n", "import os\nimport flask_missing\n"],
        profiles: "open,auth,session",
        first: &[
            "ModuleNotFoundError: No module named 'flask_missing' at api/v1/views/session_auth.py:8",
            "is the virtual environment active",
        ],
    },
    Variant {
        name: "port-ignored",
        change: [
            APP,
            "port=int(os.getenv(\"API_PORT\", \"5000\"))",
            "port=int(os.getenv(\"API_PORT\", \"0\")) + 1",
        ],
        profiles: "session",
        first: &["your server listens on ", " instead of $API_PORT"],
    },
    Variant {
        name: "reloader",
        change: [APP, "\"API_PORT\", \"5000\"))", "\"API_PORT\", \"5000\")), debug=True"],
        profiles: "session",
        first: &[],
    },
    Variant {
        name: "endless-loop",
        change: [APP, "app = Flask(__name__)", "while True:\n    pass\napp = Flask(__name__)"],
        profiles: "session",
        first: &["the target did not listen on $API_PORT within 3s and printed nothing"],
    },
    Variant {
        name: "garbage-output",
        change: [
            APP,
            "    request.current_user = None\n",
            "    request.current_user = None\n    print(\"\\x1b[31m\\x07\\x00::error::x\\x1b]0;title\\x07\")\n",
        ],
        profiles: "session",
        first: &[],
    },
    Variant {
        name: "other-form-key",
        change: [LOGIN, "email = request.form.get(\"email\")", "email = request.form[\"mail\"]"],
        profiles: "session",
        first: &["POST /api/v1/auth_session/login: 400 text/html, expected JSON"],
    },
    Variant {
        name: "me-missing",
        change: ["api/v1/views/users.py", "if user_id == \"me\":", "if user_id == \"myself\":"],
        profiles: "session",
        first: &["GET /api/v1/users/me: 404, expected 200"],
    },
    Variant {
        name: "401-for-403",
        change: [
            APP,
            "return jsonify({\"error\": \"Forbidden\"}), 403",
            "return jsonify({\"error\": \"Unauthorized\"}), 401",
        ],
        profiles: "session",
        first: &[": 401 \"Unauthorized\", expected 403"],
    },
    Variant {
        name: "login-not-excluded",
        change: [APP, "    \"/api/v1/auth_session/login/\",\n", ""],
        profiles: "session",
        first: &["/api/v1/auth_session/login: 401, expected "],
    },
    Variant {
        name: "current-user-without-check",
        change: [
            "api/v1/auth/session_auth.py",
            "session_id = self.session_cookie(request)\n        return User.get",
            "session_id = request.cookies.get(\"_my_session_id\")\n        return User.get",
        ],
        profiles: "session",
        first: &[
            "AttributeError: 'NoneType' object has no attribute 'cookies' at api/v1/auth/session_auth.py:",
            "(current_user of SessionAuth returns None without a request, a cookie or a known session)",
        ],
    },
    // Many requests fail for the same reason; the step about the class explains it.
    Variant {
        name: "current-user-of-nobody",
        change: [
            "api/v1/auth/session_auth.py",
            "return User.get(self.user_id_for_session_id(session_id))",
            "return User.search({\"id\": self.user_id_for_session_id(session_id)})[0]",
        ],
        profiles: "session",
        first: &[
            "IndexError: list index out of range at api/v1/auth/session_auth.py:",
            "(current_user of SessionAuth returns None without a request, a cookie or a known session)",
        ],
    },
    Variant {
        name: "user-id-of-any-type",
        change: ["api/v1/auth/session_auth.py", "if not isinstance(user_id, str):", "if user_id is None:"],
        profiles: "session",
        first: &["line 3 of stdout is \"89 => ", "expected \"89 => None: {}\" (main_1 prints"],
    },
    Variant {
        name: "stars-ignored",
        change: ["api/v1/auth/auth.py", "if excluded.endswith(\"*\"):", "if excluded.endswith(\"**\"):"],
        profiles: "open",
        first: &[
            "line 2 of stdout is \"True\", expected \"False\" (an excluded path that ends in an asterisk",
        ],
    },
    // Only BASIC-5.1, a should, is about this: the requirements of the starter code hold behind the gate too.
    Variant {
        name: "credentials-always-required",
        change: [
            APP,
            "        return None\n    if auth_type == \"basic_auth\"",
            "        from api.v1.auth.auth import Auth\n        return Auth()\n    if auth_type == \"basic_auth\"",
        ],
        profiles: "open",
        first: &[],
    },
    Variant {
        name: "debug-output",
        change: [
            "models/user.py",
            "        names = [name for name",
            "        print(\"debug\")\n        names = [name for name",
        ],
        profiles: "open",
        first: &[],
    },
];

#[test]
#[ignore = "installs the current Flask from the package index"]
fn first_line_names_the_fault_of_a_flask_implementation() {
    let python = environment(&targets("flask").join("requirements-current.txt"));
    let path = format!("{}/bin:{}", python.display(), std::env::var("PATH").unwrap());
    // The runs mostly wait for Python.
    let wrong: Vec<String> = VARIANTS
        .chunks(VARIANTS.len().div_ceil(3))
        .map(|some| (some, path.clone()))
        .map(|(some, path)| {
            thread::spawn(move || some.iter().filter_map(|one| one.complaint(&path)).collect::<Vec<_>>())
        })
        .collect::<Vec<_>>()
        .into_iter()
        .flat_map(|running| running.join().unwrap())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

impl Variant {
    /// Runs the suite; returns the report if its first line does not name the fault.
    fn complaint(&self, path: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        copy(&targets("flask"), folder.path());
        let [file, from, to] = self.change;
        let file = folder.path().join(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{}", self.name);
        fs::write(file, text.replacen(from, to, 1)).unwrap();
        let target = folder.path().join("target.yaml");
        let start = if self.name == "endless-loop" { "start: 3s\n" } else { "" };
        fs::write(&target, format!("format: 1\ntitle: Flask\n{start}command: python3 -m api.v1.app\n"))
            .unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
            .args(["run", "--jobs", "2", "--color", "never", "--profile", self.profiles, "--target"])
            .arg(&target)
            .arg("--suite")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios"))
            .env("PATH", path)
            .output()
            .unwrap();
        let report = String::from_utf8_lossy(&output.stdout);
        let conforms = output.status.code() == Some(0);
        let first =
            report.lines().skip(1).find(|line| !line.is_empty() && *line != "Fix first").unwrap_or_default();
        let named = match self.first {
            [] => conforms,
            parts => !conforms && parts.iter().all(|part| first.contains(part)),
        };
        (!named).then(|| format!("{}: {:?} is not in: {first}\n{report}", self.name, self.first))
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}
