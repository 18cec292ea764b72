//! Services of AWS beside AppFlow, for which moto stands in, a third party's server from PyPI.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Set where the tests must not be skipped.
const REQUIRED: &str = "FLOWCTL_REQUIRE_MOTO";

/// Serves until standard input is closed, which it is when the tests end however they end.
const SERVER: &str = "
import os, sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
os._exit(0)
";

/// moto's server, one for all tests of a process: each test uses names of its own.
pub struct Moto {
    port: u16,
    python: PathBuf,
    /// Keeps its standard input open.
    _process: Child,
}

impl Moto {
    /// The server; `None` if this machine cannot run it, which is said, or is a failure where the
    /// environment says that it must.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<Moto, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(moto) => Some(moto),
            Err(reason) => {
                assert!(std::env::var_os(REQUIRED).is_none(), "no moto: {reason}");
                eprintln!("skipped: {reason}");
                None
            }
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs a program in Python, with `boto3` set up for the server: what somebody else does there.
    pub fn elsewhere(&self, program: &str) {
        let mut command = Command::new(&self.python);
        command
            .args(["-c", program])
            .env("AWS_ENDPOINT_URL", self.url())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "eu-west-1");
        run(&mut command).expect("the program runs");
    }

    fn start() -> Result<Self, String> {
        let python = environment()?;
        let mut process = Command::new(&python)
            .args(["-c", SERVER])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("Python does not start: {error}"))?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            let read = BufReader::new(output).read_line(&mut line);
            read.map_err(|error| format!("moto does not answer: {error}"))?;
        }
        let port = line.trim().parse();
        let port = port.map_err(|_| "moto does not start".to_owned())?;
        Ok(Self {
            port,
            python,
            _process: process,
        })
    }
}

/// The Python of a virtual environment with moto, which is made if it is not there.
fn environment() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let requirements = root.join("tests/sdk/moto-requirements.txt");
    let directory = root.join("target/moto-test");
    let python = directory.join("bin/python");
    let installed = directory.join("requirements.txt");
    let told = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
    fs::create_dir_all(root.join("target")).map_err(|error| told("target", &error))?;
    // Several test binaries may come here at the same time.
    let lock = File::create(root.join("target/moto-test.lock"));
    let lock = lock.map_err(|error| told("target/moto-test.lock", &error))?;
    lock.lock()
        .map_err(|error| told("target/moto-test.lock", &error))?;
    let wanted = fs::read(&requirements).map_err(|error| told("requirements", &error))?;
    if fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(python);
    }
    let _ = fs::remove_dir_all(&directory);
    run(Command::new("python3").args(["-m", "venv"]).arg(&directory))?;
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(&requirements))?;
    fs::write(&installed, wanted).map_err(|error| told("requirements", &error))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output();
    let output = output.map_err(|error| format!("{command:?} does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words.lines().rev().find(|line| !line.trim().is_empty());
    Err(format!(
        "{command:?} failed: {}",
        last.unwrap_or("without a word")
    ))
}
