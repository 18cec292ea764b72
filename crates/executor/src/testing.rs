//! A service and a journal in memory, for tests: both outlive a run that is cut off.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use flowctl_model::event::OperationAction;
use flowctl_model::snapshot::{ResourceState, Snapshot};
use flowctl_model::{Address, Digester, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, ConfiguredProvider, ErrorKind, Presence, Provider, ProviderError, Providers,
    ReadRequest, RemoteObject, RemoteObjects, ResourceType, Schema,
};

use flowctl_state::{Run, Store};

use crate::journal::{
    ChangedPath, Ending, Intent, Journal, JournalError, Note, OperationId, StateWrite, Unfinished,
};
use crate::service::Services;

/// The time at which everything happens, in seconds since 1970.
pub(crate) const NOW: f64 = 1_800_000_000.0;

pub(crate) fn digester() -> Digester {
    Digester::new([9; 32])
}

pub(crate) fn address(name: &str) -> Address {
    Address::root("test_thing", name)
}

/// A `test_thing` of this name with a secret, as configured.
pub(crate) fn thing(name: &str, size: &str) -> Value {
    Value::object([
        ("name", Value::from(name)),
        ("size", Value::from(size)),
        ("password", Value::from("hunter2")),
        ("arn", Value::unknown_not_null(Type::String)),
    ])
}

/// What the service does in place of its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// It refuses and does nothing.
    Refuses(ErrorKind),
    /// It does the work, but the answer is lost.
    LosesAnswer,
    /// It does the work, and says that the object is not ready.
    IsNotReady,
    /// It refuses, and repeats what it was sent.
    Echoes,
}

/// A service on a bad day: what it does is decided by chance, from a seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// The seed, and what became of it.
    pub(crate) chance: u64,
    /// How many calls of a hundred are throttled.
    pub(crate) throttled: u64,
    /// How many fail, half of them after the work was done.
    pub(crate) internal: u64,
    /// How many lose their connection, half of them after the work was done.
    pub(crate) lost: u64,
    /// How long a call takes.
    pub(crate) latency: Duration,
}

impl Weather {
    /// What happens to a call: an error, and whether the work is done all the same.
    fn next(&mut self) -> Option<(ErrorKind, bool)> {
        // A linear congruential generator; its upper bits are good enough.
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let (roll, done) = (
            (self.chance >> 33) % 100,
            (self.chance >> 60).is_multiple_of(2),
        );
        let (throttled, internal) = (self.throttled, self.throttled + self.internal);
        match roll {
            roll if roll < throttled => Some((ErrorKind::Throttled, false)),
            roll if roll < internal => Some((ErrorKind::Internal, done)),
            roll if roll < internal + self.lost => Some((ErrorKind::Ambiguous, done)),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Inner {
    objects: BTreeMap<String, RemoteObject>,
    tokens: HashMap<String, String>,
    faults: HashMap<(&'static str, String), VecDeque<Fault>>,
    calls: Vec<String>,
    made: BTreeMap<String, usize>,
    in_flight: usize,
    most_in_flight: usize,
    weather: Option<Weather>,
}

/// Objects by name, made once per token.
#[derive(Default)]
pub(crate) struct Service(Mutex<Inner>);

impl Service {
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut ServiceView<'_>) -> T) -> T {
        work(&mut ServiceView(&mut self.0.lock().unwrap()))
    }

    async fn call<T>(
        &self,
        verb: &'static str,
        name: &str,
        work: impl FnOnce(&mut Inner) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        {
            let mut inner = self.0.lock().unwrap();
            inner.calls.push(format!("{verb} {name}"));
            inner.in_flight += 1;
            inner.most_in_flight = inner.most_in_flight.max(inner.in_flight);
        }
        let latency = self.0.lock().unwrap().weather.map(|w| w.latency);
        tokio::time::sleep(latency.unwrap_or(Duration::from_millis(3))).await;
        let answer = {
            let mut inner = self.0.lock().unwrap();
            let weather = inner.weather.as_mut().and_then(Weather::next);
            let queue = inner.faults.get_mut(&(verb, name.to_owned()));
            match queue.and_then(VecDeque::pop_front) {
                None if weather.is_some_and(|(_, done)| done) => {
                    work(&mut inner).and_then(|_| Err(error(weather.unwrap().0, verb)))
                }
                None if weather.is_some() => Err(error(weather.unwrap().0, verb)),
                Some(Fault::Echoes) => Err(ProviderError {
                    hint: Some("is aHVudGVyMg== right?".into()),
                    ..ProviderError::local(
                        ErrorKind::Validation,
                        verb,
                        "no such user with hunter2 or %68unter2",
                    )
                }),
                Some(Fault::Refuses(kind)) => Err(error(kind, verb)),
                Some(Fault::LosesAnswer) => {
                    work(&mut inner).and_then(|_| Err(error(ErrorKind::Ambiguous, verb)))
                }
                Some(Fault::IsNotReady) => {
                    work(&mut inner).and_then(|_| Err(error(ErrorKind::Unready, verb)))
                }
                None => work(&mut inner),
            }
        };
        // The work is done and the answer under way: a run can be cut off here too.
        tokio::time::sleep(Duration::from_millis(7)).await;
        self.0.lock().unwrap().in_flight -= 1;
        answer
    }
}

fn error(kind: ErrorKind, verb: &str) -> ProviderError {
    ProviderError::local(kind, verb, format!("{kind:?} on {verb}"))
}

pub(crate) struct ServiceView<'a>(&'a mut Inner);

impl ServiceView<'_> {
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.objects.keys().cloned().collect()
    }
    pub(crate) fn calls(&self) -> Vec<String> {
        self.0.calls.clone()
    }
    pub(crate) fn times_made(&self, name: &str) -> usize {
        self.0.made.get(name).copied().unwrap_or_default()
    }
    pub(crate) fn most_in_flight(&self) -> usize {
        self.0.most_in_flight
    }
    pub(crate) fn fault(&mut self, verb: &'static str, name: &str, faults: &[Fault]) {
        self.0
            .faults
            .insert((verb, name.to_owned()), faults.iter().copied().collect());
    }
    pub(crate) fn set_weather(&mut self, weather: Weather) {
        self.0.weather = Some(weather);
    }
    pub(crate) fn put(&mut self, name: &str, size: &str) {
        let object = live(&thing(name, size));
        self.0.objects.insert(name.to_owned(), object);
    }
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.objects.remove(name);
    }
    pub(crate) fn size(&self, name: &str) -> Option<String> {
        let object = self.0.objects.get(name)?;
        object.attributes.get("size")?.as_str().map(str::to_owned)
    }
}

fn name_of(value: &Value) -> String {
    value
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn live(planned: &Value) -> RemoteObject {
    let name = name_of(planned);
    let attributes = Value::object([
        ("name", Value::from(name.as_str())),
        ("size", planned.get("size").cloned().unwrap()),
        ("password", Value::null(Type::String)),
        ("arn", Value::string(format!("arn:{name}"))),
    ]);
    RemoteObject {
        id: name.into(),
        attributes,
        created_at: Some(NOW),
    }
}

pub(crate) struct Remote(pub(crate) Arc<Service>);

#[async_trait]
impl RemoteObjects for Remote {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let name = requests.first().map_or(String::new(), |r| r.id.to_string());
        self.0
            .call("read", &name, |inner| {
                Ok(requests
                    .iter()
                    .map(|r| inner.objects.get(r.id.as_str()).cloned())
                    .collect())
            })
            .await
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        assert_eq!(
            planned.get("password").and_then(Value::as_str),
            Some("hunter2")
        );
        let name = name_of(planned);
        self.0
            .call("create", &name, |inner| {
                if let Some(existing) = inner.objects.get(&name) {
                    return match inner.tokens.get(token) {
                        Some(made) if *made == name => Ok(existing.clone()),
                        _ => Err(error(ErrorKind::Conflict, "create")),
                    };
                }
                let object = live(planned);
                inner.tokens.insert(token.to_owned(), name.clone());
                *inner.made.entry(name.clone()).or_default() += 1;
                inner.objects.insert(name.clone(), object.clone());
                Ok(object)
            })
            .await
    }

    async fn update(
        &self,
        id: &str,
        _prior: &Value,
        planned: &Value,
        _token: &str,
    ) -> Result<RemoteObject, ProviderError> {
        assert_eq!(
            planned.get("password").and_then(Value::as_str),
            Some("hunter2")
        );
        self.0
            .call("update", id, |inner| {
                let object = inner.objects.get_mut(id);
                let object = object.ok_or_else(|| error(ErrorKind::NotFound, "update"))?;
                *object = live(planned);
                Ok(object.clone())
            })
            .await
    }

    async fn delete(&self, id: &str, _prior: &Value) -> Result<(), ProviderError> {
        self.0
            .call("delete", id, |inner| {
                inner.objects.remove(id);
                Ok(())
            })
            .await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let found = self
            .read_many(&[ReadRequest {
                id: id.into(),
                prior: None,
            }])
            .await?;
        let found = found.into_iter().next().flatten();
        found.ok_or_else(|| error(ErrorKind::NotFound, "import"))
    }
}

struct Thing(Schema);

impl ResourceType for Thing {
    fn name(&self) -> &'static str {
        "test_thing"
    }
    fn schema(&self) -> &Schema {
        &self.0
    }
    fn identity(&self, object: &Value) -> Option<Text> {
        object.get("name")?.as_str().map(Text::from)
    }
}

struct TestProvider {
    schema: Schema,
    types: [Arc<dyn ResourceType>; 1],
    service: Arc<Service>,
}

impl Provider for TestProvider {
    fn name(&self) -> &'static str {
        "test"
    }
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn resource_types(&self) -> &[Arc<dyn ResourceType>] {
        &self.types
    }
    fn configure(&self, _: Option<&Value>) -> Result<Arc<dyn ConfiguredProvider>, ProviderError> {
        Ok(Arc::new(Configured(Arc::clone(&self.service))))
    }
}

struct Configured(Arc<Service>);

impl ConfiguredProvider for Configured {
    fn remote(&self, type_name: &str) -> Option<Arc<dyn RemoteObjects>> {
        (type_name == "test_thing").then(|| Arc::new(Remote(Arc::clone(&self.0))) as _)
    }
}

/// Services over a service in memory.
pub(crate) fn services(service: &Arc<Service>) -> Services {
    let secret = Attribute {
        secret: true,
        ..Attribute::new("password", Type::String, Presence::Optional, "")
    };
    let attributes = vec![
        Attribute::new("name", Type::String, Presence::Required, "").replace(),
        Attribute::new("size", Type::String, Presence::Optional, ""),
        secret.not_returned(),
        Attribute::new("arn", Type::String, Presence::Computed, ""),
    ];
    let block = Block {
        attributes,
        blocks: Vec::new(),
        doc: "",
        ..Block::default()
    };
    let provider = TestProvider {
        schema: Schema {
            version: 0,
            block: Block::default(),
        },
        types: [Arc::new(Thing(Schema { version: 3, block }))],
        service: Arc::clone(service),
    };
    let configured = provider.configure(None).unwrap();
    Services {
        providers: Providers::new(vec![Arc::new(provider)]),
        configured: BTreeMap::from([("test".into(), configured)]),
    }
}

#[derive(Default)]
struct Book {
    state: BTreeMap<Address, ResourceState>,
    /// Each operation and how it ended, if it did.
    operations: Vec<(Intent, Option<Ending>)>,
    commits_left: Option<usize>,
    notes: Vec<Note>,
    changes: Vec<(Address, Vec<ChangedPath>)>,
}

/// State and operations in memory.
#[derive(Default)]
pub(crate) struct MemoryJournal(Mutex<Book>);

impl MemoryJournal {
    /// `create a: Succeeded`, one for each operation, in the order in which they began.
    pub(crate) fn operations(&self) -> Vec<String> {
        let book = self.0.lock().unwrap();
        let line = |(intent, ending): &(Intent, Option<Ending>)| {
            let ending = match ending {
                None => "started",
                Some(Ending::Succeeded) => "succeeded",
                Some(Ending::Failed(_)) => "failed",
                Some(Ending::Unknown(_)) => "unknown",
            };
            format!(
                "{} {}: {ending}",
                intent.action.name(),
                intent.address.resource.name
            )
        };
        book.operations.iter().map(line).collect()
    }
    /// `import i`, one for each thing that was done without a request.
    pub(crate) fn notes(&self) -> Vec<String> {
        let book = self.0.lock().unwrap();
        let line = |note: &Note| format!("{} {}", note.action.name(), note.address.resource.name);
        book.notes.iter().map(line).collect()
    }
    /// Everything that was written down of errors.
    pub(crate) fn errors(&self) -> Vec<String> {
        let book = self.0.lock().unwrap();
        let told = book
            .operations
            .iter()
            .filter_map(|(_, ending)| match ending {
                Some(Ending::Failed(error) | Ending::Unknown(error)) => Some(error.clone()),
                _ => None,
            });
        told.collect()
    }
    /// What the last operation on an instance was said to change.
    pub(crate) fn changes(&self, address: &Address) -> Vec<ChangedPath> {
        let book = self.0.lock().unwrap();
        let last = book.changes.iter().rev().find(|(of, _)| of == address);
        last.map(|(_, changes)| changes.clone()).unwrap_or_default()
    }
    /// Makes every commit after the next `left` fail.
    pub(crate) fn fail_after(&self, left: usize) {
        self.0.lock().unwrap().commits_left = Some(left);
    }
    pub(crate) fn begin_now(&self, intent: Intent) -> OperationId {
        let mut book = self.0.lock().unwrap();
        book.operations.push((intent, None));
        OperationId::try_from(book.operations.len() - 1).unwrap()
    }

    fn commit<T>(&self, work: impl FnOnce(&mut Book) -> T) -> Result<T, JournalError> {
        let mut book = self.0.lock().unwrap();
        if let Some(left) = &mut book.commits_left {
            *left = left
                .checked_sub(1)
                .ok_or_else(|| JournalError("disk full".into()))?;
        }
        Ok(work(&mut book))
    }
}

/// A journal whose state can be looked at.
pub(crate) trait Held: Journal {
    fn snapshot(&self) -> Snapshot;
}

impl Held for MemoryJournal {
    fn snapshot(&self) -> Snapshot {
        Snapshot {
            resources: self.0.lock().unwrap().state.clone(),
            ..Snapshot::default()
        }
    }
}

/// A real store in a directory of its own.
pub(crate) struct OnDisk {
    directory: tempfile::TempDir,
    store: Store,
}

impl OnDisk {
    pub(crate) async fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap()).await
    }

    async fn open(directory: tempfile::TempDir) -> Self {
        let mut store = Store::open(&directory.path().join("state.db"), || NOW).unwrap();
        let run = Run {
            who: "test".into(),
            command: "apply".into(),
            version: "0".into(),
        };
        store.begin_run(run).await.unwrap();
        Self { directory, store }
    }

    /// Opens the same store anew, as the next process does.
    pub(crate) async fn reopened(self) -> Self {
        let Self { directory, store } = self;
        drop(store);
        Self::open(directory).await
    }
}

impl Held for OnDisk {
    fn snapshot(&self) -> Snapshot {
        flowctl_state::read_snapshot(&self.directory.path().join("state.db")).unwrap()
    }
}

#[async_trait]
impl Journal for OnDisk {
    async fn begin(
        &self,
        intent: Intent,
        changes: Vec<ChangedPath>,
    ) -> Result<OperationId, JournalError> {
        Journal::begin(&self.store, intent, changes).await
    }
    async fn end(
        &self,
        operation: OperationId,
        ending: Ending,
        writes: Vec<StateWrite>,
    ) -> Result<(), JournalError> {
        Journal::end(&self.store, operation, ending, writes).await
    }
    async fn write(&self, writes: Vec<StateWrite>, notes: Vec<Note>) -> Result<(), JournalError> {
        Journal::write(&self.store, writes, notes).await
    }
    async fn unfinished(&self) -> Result<Vec<Unfinished>, JournalError> {
        Journal::unfinished(&self.store).await
    }
}

fn write_all(state: &mut BTreeMap<Address, ResourceState>, writes: Vec<StateWrite>) {
    for write in writes {
        match write {
            StateWrite::Put(address, new) => {
                let text = format!("{new:?}");
                assert!(!text.contains("hunter2"), "a secret reached state: {text}");
                state.insert(address, *new);
            }
            StateWrite::Remove(address) => {
                state.remove(&address);
            }
        }
    }
}

fn is_open(ending: Option<&Ending>) -> bool {
    matches!(ending, None | Some(Ending::Unknown(_)))
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn begin(
        &self,
        intent: Intent,
        changes: Vec<ChangedPath>,
    ) -> Result<OperationId, JournalError> {
        self.commit(|book| {
            book.changes.push((intent.address.clone(), changes));
            for (older, ending) in &mut book.operations {
                if older.token == intent.token && is_open(ending.as_ref()) {
                    *ending = Some(Ending::Failed("superseded".into()));
                }
            }
        })?;
        Ok(self.begin_now(intent))
    }
    async fn end(
        &self,
        operation: OperationId,
        ending: Ending,
        writes: Vec<StateWrite>,
    ) -> Result<(), JournalError> {
        self.commit(|book| {
            write_all(&mut book.state, writes);
            book.operations[usize::try_from(operation).unwrap()].1 = Some(ending);
        })
    }
    async fn write(&self, writes: Vec<StateWrite>, notes: Vec<Note>) -> Result<(), JournalError> {
        self.commit(|book| {
            write_all(&mut book.state, writes);
            book.notes.extend(notes);
        })
    }
    async fn unfinished(&self) -> Result<Vec<Unfinished>, JournalError> {
        let book = self.0.lock().unwrap();
        let open = book
            .operations
            .iter()
            .enumerate()
            .filter(|(_, (_, e))| is_open(e.as_ref()));
        Ok(open
            .map(|(i, (intent, _))| Unfinished {
                operation: OperationId::try_from(i).unwrap(),
                intent: intent.clone(),
                started_at: NOW,
            })
            .collect())
    }
}

/// An intent for a thing, as a run that was cut off leaves it.
pub(crate) fn intent(action: OperationAction, name: &str, intended: Option<&Value>) -> Intent {
    let state = |attributes: &Value| ResourceState {
        provider: "test".into(),
        id: name.into(),
        attributes: attributes.clone(),
        dependencies: Vec::new(),
        schema_version: 3,
        create_before_destroy: false,
        tainted: false,
        deposed: Vec::new(),
    };
    Intent {
        address: address(name),
        action,
        provider: "test".into(),
        id: Some(name.into()),
        token: format!("token-{name}"),
        intended: intended.map(state),
    }
}
