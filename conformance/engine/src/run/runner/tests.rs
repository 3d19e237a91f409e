//! Tests that a panic of the runner in one scenario does not end the run.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;
use crate::event::Record;
use crate::http::Transport;
use crate::redact::Redactor;
use crate::run::interrupt::Interrupt;
use crate::run::scenario_runner::PANICS;
use crate::verdict::Verdict;
use conformance_suite::plan::Selection;
use conformance_suite::suite::{Folder, Suite};

#[test]
fn panic_gives_verdict_error_and_the_run_continues() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("suite.yaml", "format: 1\ntitle: Panics\norigin: http://panic.example\nprofiles: {any: {}}\n");
    let requirement = "{id: ONE, level: must, clause: all, text: all of it}";
    write("requirements.yaml", &format!("format: 1\nrequirements: [{requirement}]\n"));
    std::fs::create_dir(folder.path().join("t")).unwrap();
    for (name, title) in [("1-before", "t"), ("2-panics", PANICS), ("3-after", "t")] {
        let step = |id: &str, title: &str| {
            format!(
                "  - {{id: {id}, title: {title}, covers: [ONE], request: {{path: /{name}/{id}}}, expect: {{status: 200}}}}\n"
            )
        };
        let steps = [step("first", "t"), step("second", title), step("third", "t")].concat();
        let scenario =
            format!("format: 1\ntitle: t\nprofile: any\nsteps:\n{steps}cleanup:\n{}", step("close", "t"));
        write(&format!("t/{name}.yaml"), &scenario);
    }
    let (base, paths) = serve();
    for jobs in [1, 8] {
        let suite = Arc::new(Suite::load(&Folder::Directory(folder.path().to_owned())).unwrap());
        let options = Options {
            jobs,
            transport: Transport::default(),
            redactor: Redactor::new(&suite),
            deviations: Deviations::default(),
            shows_passes: false,
            interrupt: Interrupt::default(),
            responses: None,
            seed: 0,
            fail_fast: false,
            deadline: None,
            described: None,
        };
        let plan = Plan::new(suite, &Selection::default()).unwrap();
        let target = Target::Url { base: base.clone(), profile: "any".to_owned() };
        let mut records: Vec<Arc<Record>> = Vec::new();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let footer = runtime.block_on(async {
            let mut run = Runner::start(plan, &target, options);
            loop {
                match run.next().await {
                    Some(Event::Step(record)) => records.push(record),
                    Some(Event::Footer(footer)) => break footer,
                    Some(_) => {}
                    None => panic!("a run ends with a footer"),
                }
            }
        });
        let verdicts: Vec<(&str, Verdict)> =
            records.iter().map(|one| (one.scenario.as_str(), one.verdict)).collect();
        let [pass, error] = [Verdict::Pass, Verdict::Error];
        let expected = [("t/1-before", pass), ("t/2-panics", error), ("t/3-after", pass)];
        assert_eq!(verdicts, expected.map(|one| [one; 4]).concat());
        let reasons = records
            .iter()
            .filter(|one| one.verdict == Verdict::Error)
            .filter_map(|one| one.reason.as_deref());
        for reason in reasons {
            assert!(reason.starts_with("internal error of conformance: step `second` panics"), "{reason}");
        }
        assert_eq!((footer.exit, footer.steps[&Verdict::Error]), (3, 4));
        let paths = std::mem::take(&mut *paths.lock().unwrap());
        assert!(paths.contains(&"/2-panics/close".to_owned()), "it is cleaned up: {paths:?}");
        assert!(!paths.contains(&"/2-panics/third".to_owned()), "{paths:?}");
    }
}

/// Responds to every request with 200 and records its path.
fn serve() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let paths = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&paths);
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && matches!(connection.read(&mut byte), Ok(1)) {
                head.extend(byte);
            }
            let path = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
            kept.lock().unwrap().push(path);
            connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
        }
    });
    (base, paths)
}
