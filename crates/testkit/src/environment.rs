//! A directory with files, and commands run in it with an environment of their own.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::{filtered, fixture};

/// A directory of its own, and an environment without anything of the machine's.
pub struct TestEnvironment {
    directory: TempDir,
    binary: PathBuf,
    variables: Vec<(String, String)>,
}

impl TestEnvironment {
    /// An empty directory. `binary` is the program under test.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self {
            directory: TempDir::new().expect("a directory for the test"),
            binary: binary.into(),
            variables: Vec::new(),
        }
    }

    /// The same with these files (see [`fixture::files`](crate::files)).
    #[must_use]
    pub fn with(self, fixture: &str) -> Self {
        self.write(fixture);
        self
    }

    /// The same with a variable in the environment of every command.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes files, in place of those that are there.
    pub fn write(&self, fixture: &str) {
        for (name, text) in fixture::files(fixture) {
            let path = self.path(name);
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory).expect("a directory for a file");
            }
            fs::write(path, text).expect("a file of the test");
        }
    }

    /// Where a file of the directory is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of the files in a directory, in order.
    pub fn list(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(name));
        let entries = entries.unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The command, ready to be run; for what [`Self::flowctl`] does not do.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("USER", "tester")
            .env("PATH", "/usr/bin:/bin")
            // Never the machine's own account.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.variables.iter().map(|(n, v)| (n, v)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub fn flowctl(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the binary runs");
        Ran::new(self.directory.path(), arguments, &output)
    }

    /// Runs a command that reads `input`.
    pub fn flowctl_reading(&self, input: &str, arguments: &[&str]) -> Ran {
        let mut child = self.start(self.command(arguments).stdin(Stdio::piped()));
        let mut stdin = child.stdin.take().expect("a pipe");
        // A command that ends early leaves some of it unread.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("the binary ends");
        Ran::new(self.directory.path(), arguments, &output)
    }

    /// Starts a command that goes on while the test does something else.
    pub fn start(&self, command: &mut Command) -> Child {
        command.spawn().expect("the binary starts")
    }
}

/// A command that was run.
#[must_use = "look at how it ended"]
pub struct Ran {
    command: String,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
}

impl Ran {
    fn new(directory: &Path, arguments: &[&str], output: &std::process::Output) -> Self {
        let place = directory.to_string_lossy();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&*place, "[DIR]");
        Self {
            command: arguments.join(" "),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            code: output.status.code(),
        }
    }

    /// It ended with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// It ended well.
    #[track_caller]
    pub fn success(self) -> Self {
        self.code(0)
    }

    /// It ended well and said nothing on stderr; what it wrote to stdout.
    #[track_caller]
    pub fn out(self) -> String {
        let ran = self.success();
        assert_eq!(ran.stderr, "", "{}", ran.stdout);
        ran.stdout
    }

    /// What it wrote to stderr, without what differs from run to run.
    pub fn stderr_filtered(&self) -> String {
        filtered(&self.stderr)
    }

    /// It ended well; stdout is JSON.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        let ran = self.success();
        let read = serde_json::from_str(&ran.stdout);
        read.unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
    }
}

/// For snapshots: everything that was seen, without what differs from run to run.
impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ flowctl {}", filtered(&self.command))?;
        f.write_str(&filtered(&self.stdout))?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", filtered(&self.stderr))?;
        }
        match self.code {
            Some(0) => Ok(()),
            Some(code) => writeln!(f, "--- exit code {code}"),
            None => writeln!(f, "--- ended by a signal"),
        }
    }
}
