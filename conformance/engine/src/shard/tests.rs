//! Tests that shards are complete, disjoint and deterministic.

use std::sync::Arc;

use super::*;
use conformance_suite::plan::Selection;
use conformance_suite::suite::{Folder, Suite};

/// Creates a suite whose scenarios wait the given numbers of seconds.
fn plan(waits: &[u32]) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "suite.yaml",
        "format: 1\ntitle: waits\norigin: http://host.example\nprofiles: {any: {title: any}}\n",
    );
    write(
        "requirements.yaml",
        "format: 1\nrequirements:\n  - {id: W-1.1, level: must, clause: \"1\", text: It waits.}\n",
    );
    std::fs::create_dir(folder.path().join("s")).unwrap();
    for (index, wait) in waits.iter().enumerate() {
        let step = format!(
            "{{id: one, title: one, covers: [W-1.1], wait: {wait}s, request: {{path: /}}, expect: {{status: 200}}}}"
        );
        write(
            &format!("s/{index}.yaml"),
            &format!("format: 1\ntitle: s\nprofile: any\nsteps:\n  - {step}\n"),
        );
    }
    let suite = Suite::load(&Folder::Directory(folder.path().to_owned())).unwrap();
    Plan::new(Arc::new(suite), &Selection::default()).unwrap()
}

fn positions(plan: &Plan, index: usize, of: usize, costs: &Costs) -> Vec<usize> {
    cut(plan.clone(), Part { index, of }, costs).shard.unwrap().positions
}

#[test]
fn the_dearest_are_dealt_first_each_to_the_least_laden_part() {
    let plan = plan(&[1, 9, 2, 8, 3, 7]);
    let parts: Vec<_> = (1..=3).map(|index| positions(&plan, index, 3, &Costs::default())).collect();
    assert_eq!(parts, [vec![0, 1], vec![2, 3], vec![4, 5]]);
}

#[test]
fn what_was_measured_goes_before_what_is_counted() {
    let plan = plan(&[1, 9, 2, 8]);
    let costs = Costs(BTreeMap::from([("s/0".to_owned(), 60_000_000)]));
    assert_eq!(positions(&plan, 1, 2, &costs), [0]);
    assert_eq!(positions(&plan, 2, 2, &costs), [1, 2, 3]);
}

#[test]
fn a_part_is_a_number_up_to_how_many_there_are() {
    assert_eq!("2/5".parse(), Ok(Part { index: 2, of: 5 }));
    for wrong in ["", "2", "0/5", "6/5", "-1/5", "2/0", "a/b", "1/10001", "2/5/1"] {
        assert!(wrong.parse::<Part>().is_err(), "{wrong}");
    }
}
