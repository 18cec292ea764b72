//! A directory with a configuration, and the endpoint that it is applied to.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use flowctl_testkit::{Emulator, Ran, TestEnvironment};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Longer than any command of these tests takes: one that hangs is ended, and fails the test.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) environment: TestEnvironment,
}

impl World {
    /// An empty directory, and an endpoint with these fault rules.
    pub(crate) fn new(rules: &str) -> Self {
        let environment = TestEnvironment::new(env!("CARGO_BIN_EXE_flowctl"))
            .with_variable("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .with_variable("AWS_SECRET_ACCESS_KEY", "example")
            .with_variable("AWS_REGION", "us-east-1")
            // What is looked for is not broken into lines.
            .with_variable("COLUMNS", "1000");
        let options = ["--request-log", "20000", "--faults", rules];
        let emulator = Emulator::start(&environment, &options);
        let url = emulator.url();
        Self {
            environment: environment.with_variable("AWS_ENDPOINT_URL_APPFLOW", &url),
            emulator,
        }
    }

    /// The same with these files.
    pub(crate) fn with(self, fixture: &str) -> Self {
        self.environment.write(fixture);
        self
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.environment.flowctl(arguments)
    }

    /// `apply`, without a question.
    pub(crate) fn apply(&self) -> Ran {
        self.run(&["apply", "-auto-approve"])
    }

    /// Nothing is left to do.
    #[track_caller]
    pub(crate) fn assert_settled(&self) {
        let _ = self.run(&["plan", "-detailed-exitcode"]).success();
    }

    /// Starts a command that goes on.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_command(&mut self.environment.command(arguments))
    }

    /// Starts a command that was prepared otherwise.
    #[expect(clippy::unused_self, reason = "read as a sentence")]
    pub(crate) fn start_command(&self, command: &mut Command) -> Running {
        Running::new(command)
    }

    /// Starts `flowctl ARGUMENTS` from a shell, after `before`.
    pub(crate) fn shell(&self, before: &str, arguments: &str) -> Running {
        let flowctl = self.environment.command(&[]);
        let variables = flowctl.get_envs().filter_map(|(n, v)| Some((n, v?)));
        let script = format!("{before} exec \"$0\" {arguments}");
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_flowctl")])
            .env_clear()
            .envs(variables)
            .current_dir(self.environment.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Running::new(&mut shell)
    }

    /// Asks the endpoint itself, as nobody's client.
    pub(crate) fn post(&self, operation: &str, body: &Value) -> Value {
        let url = self.emulator.url();
        let address = url.strip_prefix("http://").expect("a URL");
        let body = body.to_string();
        let mut stream = TcpStream::connect(address).expect("the endpoint answers");
        let request = format!(
            "POST /{operation} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(head.contains(" 200 "), "{operation}: {answer}");
        serde_json::from_str(body).expect("JSON")
    }

    /// Every profile of the endpoint, by name.
    pub(crate) fn live(&self) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        let mut token = Value::Null;
        loop {
            let mut body = json!({"maxResults": 100});
            if !token.is_null() {
                body["nextToken"] = token;
            }
            let mut page = self.post("describe-connector-profiles", &body);
            let profiles = page["connectorProfileDetails"].take();
            for profile in profiles.as_array().into_iter().flatten() {
                let name = profile["connectorProfileName"].as_str().expect("a name");
                found.insert(name.to_owned(), profile.clone());
            }
            token = page["nextToken"].take();
            if token.is_null() {
                return found;
            }
        }
    }

    /// How many requests of an operation arrived.
    pub(crate) fn count(&self, operation: &str) -> u64 {
        self.emulator.requests()["counts"][operation]["total"]
            .as_u64()
            .unwrap_or(0)
    }

    /// Waits until the condition holds.
    #[track_caller]
    pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < deadline, "{what} did not happen");
            sleep(Duration::from_millis(5));
        }
    }
}

/// A command that is under way. Its output is read by threads, so that it never waits for us.
pub(crate) struct Running {
    child: Child,
    started: Instant,
    readers: [Reader; 2],
}

/// What a command said so far, and who goes on listening.
type Reader = (Arc<Mutex<Vec<u8>>>, JoinHandle<()>);

impl Running {
    fn new(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let out = reader(child.stdout.take().expect("a pipe"));
        let err = reader(child.stderr.take().expect("a pipe"));
        Self {
            child,
            started: Instant::now(),
            readers: [out, err],
        }
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub(crate) fn goes_on(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    /// Whether it said this so far.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.readers.iter().any(|(said, _)| {
            let said = said.lock().expect("a reader");
            String::from_utf8_lossy(&said).contains(text)
        })
    }

    /// Waits until it no longer dies of a signal that asks it to stop.
    pub(crate) fn until_it_listens(&self) {
        let status = format!("/proc/{}/status", self.id());
        World::until("a handler of signals", || {
            let Ok(told) = std::fs::read_to_string(&status) else {
                return true;
            };
            let caught = told.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            caught.is_some_and(|mask| mask & (1 << (Signal::INT.as_raw() - 1)) != 0)
        });
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        // It has not been waited for, so the number is still its own; it may have ended already.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Kills it after that long since its start; see [`Ended::killed`] for whether it was in time.
    pub(crate) fn kill_at(mut self, after: Duration) -> Ended {
        let left = after.saturating_sub(self.started.elapsed());
        sleep(left);
        let _ = self.child.kill();
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let deadline = self.started + PATIENCE;
        while self.goes_on() {
            if Instant::now() > deadline {
                let _ = self.child.kill();
            }
            sleep(Duration::from_millis(2));
        }
        let status = self.child.wait().expect("a child of ours");
        let took = self.started.elapsed();
        let [out, err] = self.readers.map(|(said, reader)| {
            reader.join().expect("output");
            std::mem::take(&mut *said.lock().expect("a reader"))
        });
        let output = Output {
            status,
            stdout: out,
            stderr: err,
        };
        Ended { output, took }
    }
}

fn reader(mut pipe: impl std::io::Read + Send + 'static) -> Reader {
    let said = Arc::<Mutex<Vec<u8>>>::default();
    let heard = Arc::clone(&said);
    let thread = std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = pipe.read(&mut bytes) {
            let mut heard = heard.lock().expect("a reader");
            heard.extend_from_slice(&bytes[..count]);
        }
    });
    (said, thread)
}

/// A command that has ended.
pub(crate) struct Ended {
    output: Output,
    pub(crate) took: Duration,
}

impl Ended {
    /// Its exit code; `None` if a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Whether a signal ended it.
    pub(crate) fn killed(&self) -> bool {
        self.code().is_none()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Everything that it said.
    pub(crate) fn said(&self) -> String {
        format!(
            "{}--- stderr\n{}--- {}",
            self.stdout(),
            self.stderr(),
            self.output.status
        )
    }

    /// It ended with this code, and did not crash.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{}", self.said());
        assert!(!self.stderr().contains("internal error"), "{}", self.said());
        self
    }
}
