//! A directory in which commands are run, and everything that they leave there is searched.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use flate2::read::GzDecoder;
use flowctl_testkit::{Emulator, TestEnvironment};

use crate::canary::search;
use crate::connectors::Configuration;

/// Figures of all tests of this process.
static SEARCHES: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static RUNS: AtomicUsize = AtomicUsize::new(0);

pub(crate) struct Ground {
    pub(crate) environment: TestEnvironment,
    pub(crate) emulator: Emulator,
    /// What the test wrote itself, where secrets may be.
    own: BTreeMap<PathBuf, Vec<u8>>,
    hits: Vec<String>,
}

impl Ground {
    pub(crate) fn new() -> Self {
        // Nothing that flowctl writes is private by the caller's grace.
        rustix::process::umask(rustix::fs::Mode::empty());
        let environment = TestEnvironment::new(env!("CARGO_BIN_EXE_flowctl"))
            .with_variable("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .with_variable("AWS_SECRET_ACCESS_KEY", &crate::canary::plain(119))
            .with_variable("AWS_SESSION_TOKEN", &crate::canary::plain(118))
            .with_variable("AWS_REGION", "us-east-1")
            .with_variable("FLOWCTL_LOG", "trace")
            .with_variable("RUST_BACKTRACE", "full");
        let emulator = Emulator::start(&environment, &[]);
        let temporary = environment.path("tmp");
        fs::create_dir(&temporary).expect("a directory");
        let temporary = temporary.to_str().expect("a path").to_owned();
        let url = emulator.url();
        Self {
            environment: environment
                .with_variable("AWS_ENDPOINT_URL_APPFLOW", &url)
                .with_variable("TMPDIR", &temporary),
            emulator,
            own: BTreeMap::new(),
            hits: Vec::new(),
        }
    }

    /// The same with one more variable in the environment of every command.
    pub(crate) fn with_variable(self, name: &str, value: &str) -> Self {
        Self {
            environment: self.environment.with_variable(name, value),
            ..self
        }
    }

    /// Writes files of the user's own.
    pub(crate) fn write(&mut self, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = self.environment.path(name);
            fs::write(&path, text).expect("a file of the test");
            self.own.insert(path, text.as_bytes().to_vec());
        }
    }

    pub(crate) fn configure(&mut self, configuration: &Configuration) {
        self.write(&[
            ("main.tf", &configuration.main),
            ("variables.tf", &configuration.variables),
            ("terraform.tfvars", &configuration.values),
        ]);
    }

    /// Runs a command and searches what it said.
    pub(crate) fn run(&mut self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    /// The same with further variables in the environment.
    pub(crate) fn run_with(&mut self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = self.environment.command(arguments);
        command.envs(variables.iter().copied());
        let output = command.output().expect("the binary runs");
        RUNS.fetch_add(1, Relaxed);
        let what = arguments.join(" ");
        self.look(&format!("stdout of {what}"), &output.stdout);
        self.look(&format!("stderr of {what}"), &output.stderr);
        output
    }

    /// Runs a command that is to end with this code.
    #[track_caller]
    pub(crate) fn expect(&mut self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.lines()
                .filter(|line| !line.contains("TRACE") && !line.contains("DEBUG"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}\n{}",
            said(&output.stdout),
            said(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Searches some bytes.
    pub(crate) fn look(&mut self, place: &str, bytes: &[u8]) {
        SEARCHES.fetch_add(1, Relaxed);
        BYTES.fetch_add(bytes.len(), Relaxed);
        let found = search(bytes);
        if let Some(first) = found.first() {
            let count = found.len();
            self.hits.push(format!(
                "{count} in {place}, the first as {}: {}",
                first.form, first.around
            ));
        }
    }

    /// Searches every file below the directory but the user's own, which must be as they were.
    pub(crate) fn look_everywhere(&mut self) -> usize {
        let mut files = Vec::new();
        below(&self.environment.path(""), &mut files);
        for path in &files {
            let bytes = fs::read(path).expect("a file");
            if let Some(own) = self.own.get(path) {
                assert!(*own == bytes, "{} was changed", path.display());
                continue;
            }
            self.look(&path.display().to_string(), &bytes);
            // A saved plan is packed: a line that says what it is, the seal, and the rest.
            if bytes.starts_with(b"flowctl-plan-") {
                let packed = bytes.windows(2).position(|two| two == [0x1f, 0x8b]);
                let packed = &bytes[packed.expect("packed content")..];
                let mut plan = Vec::new();
                let read = GzDecoder::new(packed).read_to_end(&mut plan);
                assert!(read.is_ok_and(|length| length > 0), "{}", path.display());
                self.look(&format!("the content of {}", path.display()), &plan);
            }
        }
        let log = self.emulator.requests().to_string();
        self.look("the endpoint's log", log.as_bytes());
        files.len()
    }

    /// What flowctl keeps can be read by its owner alone.
    pub(crate) fn assert_private(&self) {
        let mut files = Vec::new();
        let directory = self.environment.path(".flowctl");
        below(&directory, &mut files);
        let mode = |path: &Path| {
            let found = fs::metadata(path).expect("a file");
            found.permissions().mode() & 0o7777
        };
        assert!(!files.is_empty());
        for path in &files {
            assert_eq!(mode(path), 0o600, "{}", path.display());
            let parent = path.parent().expect("a directory");
            assert_eq!(mode(parent), 0o700, "{}", parent.display());
        }
    }

    /// Nothing was found.
    #[track_caller]
    pub(crate) fn assert_clean(mut self, what: &str) {
        let files = self.look_everywhere();
        eprintln!(
            "{what}: {files} files in the end; so far {} commands, {} searches of {} kB, {} hits",
            RUNS.load(Relaxed),
            SEARCHES.load(Relaxed),
            BYTES.load(Relaxed) / 1000,
            self.hits.len()
        );
        assert!(self.hits.is_empty(), "{}", self.hits.join("\n\n"));
    }
}

fn below(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            below(&path, files);
        } else {
            files.push(path);
        }
    }
}
