//! `flowctl emulator`.

use std::process::Command;

use flowctl_testkit::Emulator;

use crate::empty;

#[test]
fn it_says_where_it_listens_and_stops_when_asked() {
    let environment = empty();
    for signal in ["-INT", "-TERM"] {
        let mut child = environment.start(&mut environment.command(&[
            "emulator",
            "--listen=127.0.0.1:0",
            "--data=data.db",
        ]));
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
        let killed = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    assert!(environment.path("data.db").is_file());
}

#[test]
fn requests_are_counted() {
    let environment = empty();
    let emulator = Emulator::start(&environment, &[]);
    assert!(emulator.requests().is_object());
    assert!(emulator.process_id() > 0);
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let ran = empty()
        .flowctl(&["emulator", "--faults=create:explode"])
        .code(1);
    insta::assert_snapshot!(ran.stderr);
}
