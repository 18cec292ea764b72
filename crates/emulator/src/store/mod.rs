//! The endpoint's data: SQLite, in memory or in a file, on one thread of its own.
//!
//! Every request is one closure sent to that thread, and every change one transaction, so that
//! requests are served as if one after the other and a killed process leaves whole changes only.
//! Several processes may share a file. What must not reach the file (the digests that cover
//! credentials, faults in progress) lives beside the connection in memory.

pub(crate) mod digest;
pub(crate) mod tokens;

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::error::{Error, ErrorKind, ServiceError};

const SCHEMA: &str = include_str!("schema.sql");
const FORMAT: i64 = 1;
/// How long a change waits for another process that shares the file.
const BUSY: Duration = Duration::from_secs(10);

/// Where the endpoint keeps its data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Store {
    /// Gone with the server.
    #[default]
    Memory,
    /// In an SQLite file, made with mode 0600 if it is not there.
    File(PathBuf),
}

/// What one request sees of the store.
pub(crate) struct Database {
    connection: Connection,
    /// Keys every digest that covers a credential; new with each process.
    pub(crate) key: digest::Key,
    /// Digests of whole requests by idempotency token.
    pub(crate) recent: tokens::Recent,
    pub(crate) lag: Lag,
}

/// Answers that lag behind, because a fault rule says so.
#[derive(Default)]
pub(crate) struct Lag {
    /// By scope and name: until when describe answers as before the change, and with what.
    pub(crate) profiles: HashMap<(String, String), (Instant, Option<ProfileRow>)>,
    /// IAM roles and when each was first named.
    pub(crate) roles: HashMap<String, Instant>,
}

/// A row of `profiles`, without its scope.
#[derive(Debug, Clone)]
pub(crate) struct ProfileRow {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) label: Option<String>,
    pub(crate) detail: String,
    pub(crate) private_ready_at: Option<i64>,
    pub(crate) private_failed: bool,
}

impl Database {
    pub(crate) fn open(store: &Store, key: digest::Key) -> Result<Self, Error> {
        let connection = match store {
            Store::Memory => {
                let wrong = |error: rusqlite::Error| Error::Store(error.to_string());
                let connection = Connection::open_in_memory().map_err(wrong)?;
                connection.execute_batch(SCHEMA).map_err(wrong)?;
                connection
            }
            Store::File(path) => open_file(path)?,
        };
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self {
            connection,
            key,
            recent: tokens::Recent::default(),
            lag: Lag::default(),
        })
    }

    /// A transaction for reading, with what lies beside it.
    pub(crate) fn read(&mut self) -> Result<(Transaction<'_>, &mut Lag), ServiceError> {
        Ok((self.connection.transaction()?, &mut self.lag))
    }

    /// A transaction that changes something.
    pub(crate) fn write(
        &mut self,
    ) -> Result<(Transaction<'_>, &mut tokens::Recent, &mut Lag), ServiceError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok((transaction, &mut self.recent, &mut self.lag))
    }

    /// Removes everything.
    pub(crate) fn clear(&mut self) -> Result<(), ServiceError> {
        let (transaction, recent, lag) = self.write()?;
        transaction.execute_batch(
            "DELETE FROM profiles; DELETE FROM connectors; DELETE FROM flows;
             DELETE FROM flow_profiles; DELETE FROM tags; DELETE FROM tokens;",
        )?;
        transaction.commit()?;
        recent.clear();
        *lag = Lag::default();
        Ok(())
    }
}

fn open_file(path: &Path) -> Result<Connection, Error> {
    let fail = |reason: String| Error::Open {
        path: path.to_owned(),
        reason,
    };
    // Following a planted link would make or open a file elsewhere with our rights.
    if std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_symlink()) {
        return Err(fail("it is a symbolic link".to_owned()));
    }
    create_private(path).map_err(|error| fail(error.to_string()))?;
    let mut connection = Connection::open(path).map_err(|error| fail(error.to_string()))?;
    let found = set_up(&mut connection).map_err(|error| fail(error.to_string()))?;
    if found > FORMAT {
        return Err(Error::Newer {
            path: path.to_owned(),
            found,
            supported: FORMAT,
        });
    }
    Ok(connection)
}

/// Makes the file before SQLite does, so that it is never readable by others; SQLite gives its
/// write-ahead log the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Returns the format number of the file, which is left alone if it is a newer one.
fn set_up(connection: &mut Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(BUSY)?;
    let format = |connection: &Connection| {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
    };
    let found = format(connection)?;
    if found > FORMAT {
        return Ok(found);
    }
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // NORMAL: nothing is lost when a process dies; a power cut may cost the last moments of
    // what is, after all, test data.
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut current = format(&transaction)?;
    if current == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.execute_batch(&format!("PRAGMA user_version = {FORMAT}"))?;
        current = FORMAT;
    }
    transaction.commit()?;
    Ok(current)
}

type Job = Box<dyn FnOnce(&mut Database) + Send>;

/// The way to the store's thread, which ends when this is dropped.
pub(crate) struct StoreThread {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl StoreThread {
    pub(crate) fn start(mut database: Database) -> Result<Self, Error> {
        let (jobs, received) = mpsc::channel::<Job>();
        let work = move || {
            for job in received {
                job(&mut database);
            }
        };
        let thread = thread::Builder::new()
            .name("appflow-store".to_owned())
            .spawn(work)
            .map_err(|error| Error::Store(error.to_string()))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Does `work` on the store's thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |database| {
            // The receiver is gone only if the connection was closed meanwhile.
            let _ = answer.send(work(database));
        });
        let gone = || ServiceError::new(ErrorKind::Internal, "The endpoint's store has stopped");
        self.jobs
            .as_ref()
            .ok_or_else(gone)?
            .send(job)
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for StoreThread {
    /// Waits for the last change, so that a file is closed when the server is gone.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_private_and_foreign_ones_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("emulator.db");
        let open = |path: &Path| {
            Database::open(&Store::File(path.to_owned()), digest::Key::random()).map(drop)
        };
        open(&path).unwrap();
        open(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
            let link = dir.path().join("link.db");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            assert!(
                open(&link)
                    .unwrap_err()
                    .to_string()
                    .contains("symbolic link")
            );
        }
        Connection::open(&path)
            .unwrap()
            .execute_batch("PRAGMA user_version = 9")
            .unwrap();
        assert!(matches!(
            open(&path),
            Err(Error::Newer {
                found: 9,
                supported: 1,
                ..
            })
        ));
        let text = dir.path().join("text.db");
        std::fs::write(
            &text,
            "not a database, but long enough to be read as one".repeat(99),
        )
        .unwrap();
        assert!(matches!(open(&text), Err(Error::Open { .. })));
        assert!(matches!(
            open(&dir.path().join("no/such.db")),
            Err(Error::Open { .. })
        ));
    }
}
