//! A host of pull requests that the test plays.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// A request as the host got it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method and path.
    pub(crate) line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Request {
    /// The text of the comment in it.
    pub(crate) fn comment(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["body"].as_str().unwrap().to_owned()
    }

    pub(crate) fn has_header(&self, line: &str) -> bool {
        self.headers
            .iter()
            .any(|header| header.eq_ignore_ascii_case(line))
    }
}

/// What the host answers: status, further headers, body.
pub(crate) type Answer = (u16, &'static str, Value);

/// A host with an answer for each request.
pub(crate) struct Host {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Host {
    pub(crate) fn new(mut answer: impl FnMut(usize, &Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&stream);
                let number = seen.lock().unwrap().len();
                seen.lock().unwrap().push(request.clone());
                let (status, headers, body) = answer(number, &request);
                let body = body.to_string();
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n\
                     {headers}\r\n{body}"
                );
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|request| request.line)
            .collect()
    }
}

fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let length = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let line = lines.remove(0);
    Request {
        line: line.trim_end_matches(" HTTP/1.1").to_owned(),
        headers: lines,
        body: String::from_utf8(body).unwrap(),
    }
}

/// A host that keeps comments as GitHub and GitLab do, under whatever path they are asked for.
pub(crate) struct Thread {
    pub(crate) host: Host,
    comments: Arc<Mutex<Vec<String>>>,
}

impl Thread {
    pub(crate) fn new() -> Self {
        let comments = Arc::new(Mutex::new(Vec::<String>::new()));
        let kept = Arc::clone(&comments);
        let host = Host::new(move |_, request| {
            let mut kept = kept.lock().unwrap();
            let comment = |(index, body): (usize, &String)| json!({ "id": index, "body": body });
            match request.line.split_once(' ') {
                Some(("GET", _)) => {
                    let all: Vec<_> = kept.iter().enumerate().map(comment).collect();
                    (200, "", json!(all))
                }
                Some(("POST", _)) => {
                    kept.push(request.comment());
                    (201, "", json!({ "id": kept.len() - 1 }))
                }
                // PATCH of one, PUT of the other.
                Some((_, path)) => {
                    let id: usize = path.rsplit('/').next().unwrap().parse().unwrap();
                    kept[id] = request.comment();
                    (200, "", json!({ "id": id }))
                }
                None => (400, "", json!({})),
            }
        });
        Self { host, comments }
    }

    pub(crate) fn comments(&self) -> Vec<String> {
        self.comments.lock().unwrap().clone()
    }
}
