//! Targets behind TLS, a gateway, a proxy or a path prefix.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use time::{Duration, OffsetDateTime};

use crate::program::data;
use crate::sandbox::Sandbox;
use crate::server::Server;

/// A field name that no client library sends in lower case: with it a request is sent byte for byte.
const SMALL: &[&str] = &["--header", "x-small: 1"];

const OPEN: &[&str] = &["run", "--suite", "../suite", "--profile", "left", "--filter", "desk/1-left"];

fn tls() -> Server {
    Server::start(&["tls", data("certificates/server.pem").to_str().unwrap()])
}

#[test]
fn unknown_certificate_authority_suggests_cacert_and_insecure() {
    let server = tls();
    let url = format!("https://localhost:{}", server.port);
    for more in [&[], SMALL] {
        let finished = Sandbox::odd().run(&[OPEN, more, &[&*url]].concat());
        assert_eq!(finished.code, Some(3));
        for word in ["invalid peer certificate", "--cacert FILE", "--insecure"] {
            assert!(finished.stdout.contains(word), "{}", finished.stdout);
        }
    }
}

#[test]
fn cacert_is_trusted() {
    let server = tls();
    let (url, authority) = (format!("https://localhost:{}", server.port), data("certificates/authority.pem"));
    let sandbox = Sandbox::odd();
    for more in [&[], SMALL] {
        let finished = sandbox.run(&[OPEN, more, &["--cacert", authority.to_str().unwrap(), &url]].concat());
        assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    }
}

/// `openssl req -x509` makes certificates of authorities.
#[test]
fn certificate_of_an_authority_is_accepted_from_a_server_if_it_is_named() {
    let sandbox = Sandbox::odd();
    let make = |file: &str, name: &str, days: i64| {
        let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.not_after = OffsetDateTime::now_utc() + Duration::days(days);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap().pem();
        sandbox.write(file, &format!("{certificate}{}", key.serialize_pem()));
        sandbox.path(file).display().to_string()
    };
    let own = make("own.pem", "localhost", 1);
    for (server, authority, expected) in [
        (&own, Some(&own), "1 pass"),
        (&own, None, "is that of an authority (use --cacert FILE"),
        (&own, Some(&make("another.pem", "localhost", 1)), "is that of an authority (use --cacert FILE"),
        (
            &make("elsewhere.pem", "elsewhere", 1),
            Some(&sandbox.path("elsewhere.pem").display().to_string()),
            "not valid for",
        ),
        (&make("old.pem", "localhost", -1), Some(&sandbox.path("old.pem").display().to_string()), "expired"),
    ] {
        let server = Server::start(&["tls", server]);
        let url = format!("https://localhost:{}", server.port);
        let named: Vec<&str> = authority.iter().flat_map(|file| ["--cacert", file.as_str()]).collect();
        let finished = sandbox.run(&[OPEN, &named[..], &[&*url]].concat());
        assert!(finished.stdout.contains(expected), "{expected}: {}", finished.stdout);
    }
}

#[test]
fn insecure_accepts_any_certificate() {
    let server = tls();
    let url = format!("https://127.0.0.1:{}", server.port);
    for more in [&[], SMALL] {
        let finished = Sandbox::odd().run(&[OPEN, more, &["--insecure", &url]].concat());
        assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    }
}

#[test]
fn rejects_a_cacert_file_without_certificates() {
    let arguments = ["--cacert", "odd.py", "https://127.0.0.1:1"];
    let finished = Sandbox::odd().run(&[OPEN, &arguments].concat());
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("odd.py holds no certificate in PEM form"), "{}", finished.stderr);
}

#[test]
fn certificates_that_are_no_files_are_refused_at_once() {
    let sandbox = Sandbox::odd();
    let pipe = sandbox.path("pipe").display().to_string();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for flags in [&["--cacert", &*pipe][..], &["--cert", &pipe]] {
        let finished = sandbox.run(&[OPEN, flags, &["https://127.0.0.1:1"]].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains("it is not a regular file"), "{}", finished.stderr);
    }
}

#[test]
fn reports_https_to_a_target_without_tls() {
    let server = Server::start(&["fine"]);
    let url = format!("https://127.0.0.1:{}", server.port);
    let finished = Sandbox::odd().run(&[OPEN, &["--timeout", "5s", &url]].concat());
    assert_eq!(finished.code, Some(3), "{}", finished.stdout);
}

#[test]
fn header_flag_is_sent_and_not_reported() {
    let server = Server::start(&["keyed"]);
    let key = ["--header", "X-Key: open sesame"];
    let url = server.url();
    let sandbox = Sandbox::odd();
    let finished = sandbox.run(&[OPEN, &key, &["--trace", &url]].concat());
    assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    assert!(!finished.stdout.contains("open sesame"), "{}", finished.stdout);
    let without = sandbox.run(&[OPEN, &[&*url]].concat());
    assert_eq!(without.code, Some(1), "{}", without.stdout);
}

#[test]
fn rejects_an_invalid_header_flag() {
    for header in ["no colon", "two words: x", ": nameless"] {
        let finished = Sandbox::odd().run(&[OPEN, &["--header", header, "http://127.0.0.1:1"]].concat());
        assert_eq!(finished.code, Some(2), "{header}");
        assert!(finished.stderr.contains("expected 'Name: value'"), "{}", finished.stderr);
    }
}

#[test]
fn target_url_may_have_a_path() {
    let server = Server::start(&["below", "/deep/down"]);
    let (with, without) = (format!("{}/deep/down/", server.url()), server.url());
    let sandbox = Sandbox::odd();
    assert_eq!(sandbox.run(&[OPEN, &[&*with]].concat()).code, Some(0));
    assert_eq!(sandbox.run(&[OPEN, &[&*without]].concat()).code, Some(1));
}

#[test]
fn proxy_receives_every_request() {
    for more in [&[], SMALL] {
        let proxy = Server::start(&["fine"]);
        let url = proxy.url();
        let finished = Sandbox::odd().run(&[OPEN, more, &["--proxy", &url, "http://desk.example"]].concat());
        assert_eq!(finished.code, Some(0), "{}", finished.stdout);
        let printed = proxy.printed();
        assert!(printed.contains("a proxy was asked for http://desk.example/left"), "{printed}");
    }
}

#[test]
fn proxy_opens_a_tunnel_to_a_tls_target() {
    let server = tls();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://bob:secret@{}", socket.local_addr().unwrap());
    let port = server.port;
    std::thread::spawn(move || socket.incoming().map(Result::unwrap).for_each(|client| tunnel(client, port)));
    for more in [&[], SMALL] {
        let finished = Sandbox::odd()
            .run(&[OPEN, more, &["--insecure", "--proxy", &proxy, "https://desk.example"]].concat());
        assert_eq!(finished.code, Some(0), "{}", finished.stdout);
    }
}

/// A proxy that opens tunnels, all to one port, for the user Bob.
fn tunnel(mut client: TcpStream, port: u16) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("connect desk.example:443 http/1.1\r\n"), "{head}");
    assert!(
        head.contains("proxy-authorization: basic ym9iOnnlY3jldA==".to_ascii_lowercase().as_str()),
        "{head}"
    );
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    let target = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for (mut from, mut to) in [(client.try_clone().unwrap(), target.try_clone().unwrap()), (target, client)] {
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
}
