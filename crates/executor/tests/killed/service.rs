//! A service in a SQLite file, which outlives every process that talks to it, and writes down
//! everything that it did.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use flowctl_executor::Services;
use flowctl_model::{Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, ConfiguredProvider, ErrorKind, Presence, Provider, ProviderError, Providers,
    ReadRequest, RemoteObject, RemoteObjects, ResourceType, Schema,
};
use rusqlite::{Connection, OptionalExtension, params};

/// The secret of every object.
pub(crate) const SECRET: &str = "CANARY-hunter2";

/// A thing of this name, as configured.
pub(crate) fn thing(name: &str, size: &str) -> Value {
    Value::object([
        ("name", Value::from(name)),
        ("size", Value::from(size)),
        ("password", Value::from(SECRET)),
        ("arn", Value::unknown_not_null(Type::String)),
    ])
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH);
    passed.unwrap().as_secs_f64()
}

/// A connection to the service's file.
pub(crate) fn connect(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS things (name TEXT PRIMARY KEY, size TEXT, token TEXT, \
             created_at REAL);
             CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, verb TEXT, name TEXT);",
        )
        .unwrap();
    connection
}

fn error(kind: ErrorKind, verb: &str) -> ProviderError {
    ProviderError::local(kind, verb, format!("{kind:?}"))
}

struct Remote(PathBuf);

impl Remote {
    /// One request: on its way, the work, the answer on its way. A process can die in each.
    async fn call<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let answer = {
            let mut connection = connect(&self.0);
            let transaction = connection
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
                .unwrap();
            let answer = work(&transaction);
            transaction.commit().unwrap();
            answer
        };
        tokio::time::sleep(Duration::from_millis(4)).await;
        answer
    }
}

fn find(connection: &Connection, name: &str) -> Option<(RemoteObject, String)> {
    connection
        .query_row(
            "SELECT size, created_at, token FROM things WHERE name = ?1",
            [name],
            |row| {
                let size: String = row.get(0)?;
                let attributes = Value::object([
                    ("name", Value::from(name)),
                    ("size", size.as_str().into()),
                    ("password", Value::null(Type::String)),
                    ("arn", Value::string(format!("arn:{name}"))),
                ]);
                let object = RemoteObject {
                    id: name.into(),
                    attributes,
                    created_at: row.get(1)?,
                };
                Ok((object, row.get(2)?))
            },
        )
        .optional()
        .unwrap()
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap()
}

fn note(connection: &Connection, verb: &str, name: &str) {
    let sql = "INSERT INTO log (verb, name) VALUES (?1, ?2)";
    connection.execute(sql, [verb, name]).unwrap();
}

#[async_trait]
impl RemoteObjects for Remote {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let names: Vec<Text> = requests.iter().map(|request| request.id.clone()).collect();
        self.call(|connection| {
            let found = names.iter().map(|name| find(connection, name));
            Ok(found.map(|found| found.map(|(object, _)| object)).collect())
        })
        .await
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let (name, size) = (text(planned, "name"), text(planned, "size"));
        assert_eq!(text(planned, "password"), SECRET);
        self.call(|connection| {
            if let Some((object, made_with)) = find(connection, name) {
                return if made_with == token {
                    Ok(object)
                } else {
                    Err(error(ErrorKind::Conflict, "create"))
                };
            }
            let sql = "INSERT INTO things VALUES (?1, ?2, ?3, ?4)";
            connection
                .execute(sql, params![name, size, token, now()])
                .unwrap();
            note(connection, "create", name);
            Ok(find(connection, name).unwrap().0)
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
        let size = text(planned, "size");
        assert_eq!(text(planned, "password"), SECRET);
        self.call(|connection| {
            let sql = "UPDATE things SET size = ?1 WHERE name = ?2";
            connection.execute(sql, [size, id]).unwrap();
            note(connection, "update", id);
            let found = find(connection, id).map(|(object, _)| object);
            found.ok_or_else(|| error(ErrorKind::NotFound, "update"))
        })
        .await
    }

    async fn delete(&self, id: &str, _prior: &Value) -> Result<(), ProviderError> {
        self.call(|connection| {
            let gone = connection
                .execute("DELETE FROM things WHERE name = ?1", [id])
                .unwrap();
            if gone > 0 {
                note(connection, "delete", id);
            }
            Ok(())
        })
        .await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let found = self.call(|connection| Ok(find(connection, id))).await?;
        let found = found.map(|(object, _)| object);
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
    path: PathBuf,
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
        Ok(Arc::new(Configured(self.path.clone())))
    }
}

struct Configured(PathBuf);

impl ConfiguredProvider for Configured {
    fn remote(&self, type_name: &str) -> Option<Arc<dyn RemoteObjects>> {
        (type_name == "test_thing").then(|| Arc::new(Remote(self.0.clone())) as _)
    }
}

/// Services over the service in a file.
pub(crate) fn services(path: &Path) -> Services {
    let secret = Attribute {
        secret: true,
        ..Attribute::new("password", Type::String, Presence::Optional, "")
    };
    let block = Block {
        attributes: vec![
            Attribute::new("name", Type::String, Presence::Required, "").replace(),
            Attribute::new("size", Type::String, Presence::Optional, ""),
            secret.not_returned(),
            Attribute::new("arn", Type::String, Presence::Computed, ""),
        ],
        blocks: Vec::new(),
        doc: "",
        ..Block::default()
    };
    let provider = TestProvider {
        schema: Schema {
            version: 0,
            block: Block::default(),
        },
        types: [Arc::new(Thing(Schema { version: 0, block }))],
        path: path.to_owned(),
    };
    let configured = provider.configure(None).unwrap();
    Services {
        providers: Providers::new(vec![Arc::new(provider)]),
        configured: [("test".into(), configured)].into(),
    }
}
