//! A local endpoint in a process of its own.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::TestEnvironment;

/// `flowctl emulator`, until dropped.
pub struct Emulator {
    process: Child,
    address: String,
}

impl Emulator {
    /// Starts an endpoint on a free port.
    pub fn start(environment: &TestEnvironment, options: &[&str]) -> Self {
        let arguments: Vec<&str> = ["emulator", "--listen", "127.0.0.1:0"]
            .into_iter()
            .chain(options.iter().copied())
            .collect();
        let mut command = environment.command(&arguments);
        let mut process = environment.start(command.stderr(Stdio::inherit()));
        let stdout = process.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the line with the address");
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        Self {
            address: address.to_owned(),
            process,
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The number of the process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The log and the counts of requests so far.
    pub fn requests(&self) -> serde_json::Value {
        let body = self.call("GET", "requests", "");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    /// Replaces the fault rules.
    pub fn set_faults(&self, rules: &str) {
        let _ = self.call("POST", "faults", rules);
    }

    fn call(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the endpoint answers");
        let request = format!(
            "{method} /_flowctl/{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(head.contains(" 200 "), "{head}");
        body.to_owned()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
