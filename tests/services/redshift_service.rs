//! A service that speaks the protocol of Redshift, with one state of a cluster after the other: the
//! test says which. Every look at a cluster brings it one state further.

#![expect(clippy::unwrap_used, reason = "a test ends where something goes wrong")]

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The parameters of a request or the members of a cluster.
type Members = BTreeMap<String, String>;

/// A running service.
pub(crate) struct Service {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    clusters: BTreeMap<String, Cluster>,
    /// The states that a cluster goes through from the next request about it on.
    next: Vec<String>,
    refusals: Vec<(String, String)>,
    requests: Vec<(String, Members)>,
}

struct Cluster {
    members: Members,
    /// The first is the present one, the last stays; an empty one is the end of the cluster.
    states: VecDeque<String>,
    roles: Vec<String>,
    /// As the service writes it.
    made: String,
}

impl Cluster {
    fn new(members: Members, states: VecDeque<String>) -> Self {
        let now = OffsetDateTime::now_utc().format(&Rfc3339);
        let roles = members.iter();
        let roles = roles.filter(|(name, _)| name.starts_with("IamRoles."));
        Self {
            roles: roles.map(|(_, arn)| arn.clone()).collect(),
            members,
            states,
            made: now.unwrap(),
        }
    }
}

impl Service {
    /// A service where new clusters go through these states.
    pub(crate) fn new(states: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let service = Self {
            url,
            state: Arc::clone(&state),
        };
        service.then(states);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&state);
                thread::spawn(move || answer(stream.unwrap(), &state));
            }
        });
        service
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What clusters go through from the next request to make, change or delete one on; what is
    /// there already goes on so from its next look.
    pub(crate) fn then(&self, states: &[&str]) {
        let mut state = self.state();
        state.next = states.iter().map(ToString::to_string).collect();
        let next: VecDeque<String> = state.next.iter().cloned().collect();
        let waits = |cluster: &Cluster| cluster.states.front().is_some_and(|s| s != "available");
        for cluster in state.clusters.values_mut().filter(|cluster| waits(cluster)) {
            cluster.states.clone_from(&next);
        }
    }

    /// The next request of this kind gets an error with this code.
    pub(crate) fn refuse_next(&self, action: &str, code: &str) {
        self.state()
            .refusals
            .push((action.to_owned(), code.to_owned()));
    }

    /// Somebody else makes a cluster.
    pub(crate) fn make(&self, id: &str, members: &[(&str, &str)]) {
        let members = members
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let mut members: Members = members.collect();
        members.insert("ClusterIdentifier".to_owned(), id.to_owned());
        let states = VecDeque::from(["available".to_owned()]);
        let cluster = Cluster::new(members, states);
        self.state().clusters.insert(id.to_owned(), cluster);
    }

    /// The parameters of each request of a kind.
    pub(crate) fn sent(&self, action: &str) -> Vec<Members> {
        let state = self.state();
        let sent = state.requests.iter().filter(|(sent, _)| sent == action);
        sent.map(|(_, parameters)| parameters.clone()).collect()
    }

    pub(crate) fn count(&self, action: &str) -> usize {
        self.sent(action).len()
    }

    /// Whether a password that was sent is in a file.
    pub(crate) fn is_in(&self, file: &Path) -> bool {
        let bytes = fs::read(file).unwrap();
        let sent = self.sent("CreateCluster");
        let mut passwords = sent
            .iter()
            .filter_map(|sent| sent.get("MasterUserPassword"));
        passwords.any(|password| {
            bytes
                .windows(password.len())
                .any(|w| w == password.as_bytes())
        })
    }
}

/// Answers the requests of a connection.
fn answer(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(body) = request(&mut reader) {
        let mut parameters: Members = body.split('&').filter_map(pair).collect();
        let action = parameters.remove("Action").unwrap_or_default();
        let (status, xml) = state.lock().unwrap().answer(&action, parameters);
        let length = xml.len();
        let sent = write!(
            stream,
            "HTTP/1.1 {status} x\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\n\r\n{xml}"
        );
        if sent.is_err() {
            return;
        }
    }
}

/// The body of the next request; `None` if there is none.
fn request(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(number) = line.strip_prefix("content-length:") {
            length = number.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    Some((plain(name), plain(value)))
}

/// A text of a form, without its escapes.
fn plain(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    rest.next()
                        .and_then(|b| char::from(b).to_digit(16))
                        .unwrap_or(0)
                };
                u8::try_from(digit() * 16 + digit()).unwrap_or_default()
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl State {
    fn answer(&mut self, action: &str, parameters: Members) -> (u16, String) {
        self.requests.push((action.to_owned(), parameters.clone()));
        let refused = self.refusals.iter().position(|(of, _)| of == action);
        if let Some(at) = refused {
            return error(400, &self.refusals.remove(at).1);
        }
        let id = parameters.get("ClusterIdentifier").cloned();
        let states: VecDeque<String> = self.next.iter().cloned().collect();
        match action {
            "CreateCluster" => {
                let id = id.unwrap_or_default();
                if self.clusters.contains_key(&id) {
                    return error(400, "ClusterAlreadyExists");
                }
                let mut members = parameters;
                members.remove("MasterUserPassword");
                self.clusters
                    .insert(id.clone(), Cluster::new(members, states));
                self.told(action, Some(&id))
            }
            "ModifyCluster" => {
                let id = id.unwrap_or_default();
                let Some(cluster) = self.clusters.get_mut(&id) else {
                    return error(404, "ClusterNotFound");
                };
                cluster.members.extend(parameters);
                cluster.members.remove("MasterUserPassword");
                cluster.states = states;
                self.told(action, Some(&id))
            }
            "ModifyClusterIamRoles" => {
                let id = id.unwrap_or_default();
                let Some(cluster) = self.clusters.get_mut(&id) else {
                    return error(404, "ClusterNotFound");
                };
                cluster.roles.retain(|role| {
                    let removed = parameters
                        .iter()
                        .any(|(name, arn)| name.starts_with("RemoveIamRoles.") && arn == role);
                    !removed
                });
                let added = parameters
                    .iter()
                    .filter(|(name, _)| name.starts_with("AddIamRoles."));
                cluster.roles.extend(added.map(|(_, arn)| arn.clone()));
                let default = parameters.get("DefaultIamRoleArn").cloned();
                cluster
                    .members
                    .extend(default.map(|arn| ("DefaultIamRoleArn".to_owned(), arn)));
                cluster.states = states;
                self.told(action, Some(&id))
            }
            "DeleteCluster" => {
                let id = id.unwrap_or_default();
                let Some(cluster) = self.clusters.get_mut(&id) else {
                    return error(404, "ClusterNotFound");
                };
                cluster.states = states;
                self.told(action, Some(&id))
            }
            "DescribeClusters" => {
                for (_, cluster) in self
                    .clusters
                    .iter_mut()
                    .filter(|(known, _)| id.as_ref().is_none_or(|id| id == *known))
                {
                    if cluster.states.len() > 1 {
                        cluster.states.pop_front();
                    }
                }
                self.clusters
                    .retain(|_, cluster| cluster.states.front().is_some_and(|s| !s.is_empty()));
                match &id {
                    Some(id) if !self.clusters.contains_key(id) => error(404, "ClusterNotFound"),
                    id => self.told(action, id.as_deref()),
                }
            }
            _ => error(400, "InvalidAction"),
        }
    }

    fn told(&self, action: &str, id: Option<&str>) -> (u16, String) {
        let clusters = self
            .clusters
            .iter()
            .filter(|(known, _)| id.is_none_or(|id| id == known.as_str()));
        let clusters: String = clusters.map(|(_, cluster)| cluster.xml()).collect();
        let clusters = if action == "DescribeClusters" {
            format!("<Clusters>{clusters}</Clusters>")
        } else {
            clusters
        };
        let xml = format!(
            "<{action}Response xmlns=\"http://redshift.amazonaws.com/doc/2012-12-01/\">\
             <{action}Result>{clusters}</{action}Result></{action}Response>"
        );
        (200, xml)
    }
}

impl Cluster {
    fn xml(&self) -> String {
        let state = self.states.front().map_or("", String::as_str);
        let member = |name: &str| self.members.get(name).map_or("", String::as_str);
        let mut xml = format!("<Cluster><ClusterStatus>{state}</ClusterStatus>");
        for (name, parameter, otherwise) in [
            ("ClusterIdentifier", "ClusterIdentifier", ""),
            ("NodeType", "NodeType", ""),
            ("MasterUsername", "MasterUsername", ""),
            ("DBName", "DBName", "dev"),
            ("NumberOfNodes", "NumberOfNodes", "1"),
            ("Encrypted", "Encrypted", "true"),
            ("PubliclyAccessible", "PubliclyAccessible", "false"),
            ("ClusterVersion", "ClusterVersion", "1.0"),
            ("AllowVersionUpgrade", "AllowVersionUpgrade", "true"),
            (
                "AutomatedSnapshotRetentionPeriod",
                "AutomatedSnapshotRetentionPeriod",
                "1",
            ),
            ("DefaultIamRoleArn", "DefaultIamRoleArn", ""),
            (
                "PreferredMaintenanceWindow",
                "PreferredMaintenanceWindow",
                "sun:04:00-sun:04:30",
            ),
        ] {
            let value = match member(parameter) {
                "" => otherwise,
                value => value,
            };
            let _ = write!(xml, "<{name}>{value}</{name}>");
        }
        let mut roles = String::new();
        if member("ManageMasterPassword") == "true" {
            xml.push_str("<MasterPasswordSecretArn>arn:aws:secretsmanager:eu-west-1:123456789012:secret:s</MasterPasswordSecretArn>");
        }
        for role in &self.roles {
            let _ = write!(
                roles,
                "<ClusterIamRole><IamRoleArn>{role}</IamRoleArn><ApplyStatus>in-sync</ApplyStatus></ClusterIamRole>"
            );
        }
        let _ = write!(xml, "<IamRoles>{roles}</IamRoles>");
        for (name, parameter, on) in [
            (
                "AvailabilityZoneRelocationStatus",
                "AvailabilityZoneRelocation",
                "enabled",
            ),
            ("MultiAZ", "MultiAZ", "Enabled"),
        ] {
            let told = if member(parameter) == "true" {
                on
            } else {
                "disabled"
            };
            let _ = write!(xml, "<{name}>{told}</{name}>");
        }
        let id = member("ClusterIdentifier");
        let _ = write!(
            xml,
            "<ClusterNamespaceArn>arn:aws:redshift:eu-west-1:123456789012:namespace:{id}</ClusterNamespaceArn>"
        );
        xml.push_str("<Tags>");
        for n in 1.. {
            let key = member(&format!("Tags.Tag.{n}.Key"));
            if key.is_empty() {
                break;
            }
            let value = member(&format!("Tags.Tag.{n}.Value"));
            let _ = write!(xml, "<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        }
        xml.push_str("</Tags>");
        // Before it is available, nobody says when it was made or where it is.
        if !["creating", "incompatible-network"].contains(&state) {
            let zone = match member("AvailabilityZone") {
                "" => "eu-west-1a",
                zone => zone,
            };
            let port = match member("Port") {
                "" => "5439",
                port => port,
            };
            let _ = write!(
                xml,
                "<Endpoint><Address>{id}.example.com</Address><Port>{port}</Port></Endpoint>\
                 <ClusterCreateTime>{}</ClusterCreateTime>\
                 <AvailabilityZone>{zone}</AvailabilityZone>",
                self.made
            );
        }
        xml.push_str("</Cluster>");
        xml
    }
}

fn error(status: u16, code: &str) -> (u16, String) {
    let xml = format!(
        "<ErrorResponse xmlns=\"http://redshift.amazonaws.com/doc/2012-12-01/\"><Error>\
         <Type>Sender</Type><Code>{code}</Code><Message>The test refuses this ({code}).</Message>\
         </Error><RequestId>1</RequestId></ErrorResponse>"
    );
    (status, xml)
}
