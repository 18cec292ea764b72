//! One thread that owns the connection for writing. What arrives while a transaction is being
//! committed goes into the next one together, so that many small writes share one `fsync`; each
//! caller hears when its own is on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::files::{Identity, beside, identity};
use crate::mark::Mark;
use crate::{StoreError, lock, open};

/// How many jobs may wait, and share a transaction.
const QUEUE: usize = 256;

/// How long a transaction waits for as many jobs as the one before it had: those who heard of that
/// one's end are about to ask for more. Short beside an `fsync`.
const GATHER: Duration = Duration::from_micros(300);

/// What became of a job's own statements, and what to do once the transaction has ended.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Job = Box<dyn FnOnce(Result<&mut Transaction<'_>, StoreError>) -> Reply + Send>;

pub(crate) struct Writer {
    path: PathBuf,
    sender: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    pub(crate) fn start(path: PathBuf, connection: Connection) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let commits = Arc::<AtomicU64>::default();
        let files = Files::of(&path);
        let (of_thread, counter) = (path.clone(), Arc::clone(&commits));
        let thread = std::thread::spawn(move || {
            run(connection, &of_thread, &files, &receiver, &counter);
        });
        Self {
            path,
            sender: Some(sender),
            thread: Some(thread),
            commits,
        }
    }

    /// How many transactions were committed.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Runs `work` in a transaction; the answer comes when it is committed. If `work` fails, only
    /// its own statements are undone.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let path = self.path.clone();
        let job: Job = Box::new(move |begun| {
            let done = begun.and_then(|transaction| {
                let failed = |error: rusqlite::Error| StoreError::database(&path, &error);
                let savepoint = transaction.savepoint().map_err(failed)?;
                let done = work(&savepoint)?;
                savepoint.commit().map_err(failed)?;
                Ok(done)
            });
            Box::new(move |committed: Result<(), StoreError>| {
                // A caller that no longer waits has nothing to hear.
                let _ = answer.send(done.and_then(|done| committed.map(|()| done)));
            })
        });
        let gone = || StoreError::Database {
            path: self.path.clone(),
            reason: "its thread has ended".to_owned(),
        };
        self.sender
            .as_ref()
            .ok_or_else(gone)?
            .send(job)
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // The thread ends when the queue is empty; if it panicked, its callers were told.
            let _ = thread.join();
        }
    }
}

/// The files that must stay where they are while a store is written to. SQLite goes on writing to a
/// file that was deleted or replaced, of which whoever looks at the path would find nothing; and
/// without the file of the lock another process may take the state.
struct Files(Vec<(PathBuf, Option<Identity>, &'static str)>);

impl Files {
    fn of(path: &Path) -> Self {
        let file = |path: PathBuf, what| {
            let found = identity(&path);
            (path, found, what)
        };
        Self(vec![
            file(path.to_owned(), "was deleted or replaced while in use"),
            file(
                beside(path, "-wal"),
                "the log of the state was deleted or replaced while in use",
            ),
            file(
                lock::path(path),
                "the lock of the state was deleted or replaced while in use",
            ),
        ])
    }

    fn check(&self) -> Result<(), StoreError> {
        let moved = self
            .0
            .iter()
            .find(|(path, was, _)| was.is_some() && identity(path) != *was);
        match moved {
            None => Ok(()),
            Some((path, _, what)) => Err(StoreError::file(path, what)),
        }
    }
}

fn begin<'c>(
    connection: &'c mut Connection,
    path: &Path,
    files: &Files,
) -> Result<Transaction<'c>, StoreError> {
    files.check()?;
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| StoreError::database(path, &error))
}

fn run(
    mut connection: Connection,
    path: &Path,
    files: &Files,
    jobs: &Receiver<Job>,
    commits: &AtomicU64,
) {
    let mark = Mark::of(path);
    mark.set(&connection);
    let mut usual = 1;
    while let Ok(first) = jobs.recv() {
        let mut transaction = match begin(&mut connection, path, files) {
            Ok(transaction) => transaction,
            Err(error) => {
                first(Err(error.clone()))(Err(error));
                continue;
            }
        };
        let mut replies = vec![first(Ok(&mut transaction))];
        let until = Instant::now() + GATHER;
        while replies.len() < QUEUE {
            let next = if replies.len() < usual {
                jobs.recv_timeout(until.saturating_duration_since(Instant::now()))
                    .ok()
            } else {
                jobs.try_recv().ok()
            };
            match next {
                Some(job) => replies.push(job(Ok(&mut transaction))),
                None => break,
            }
        }
        usual = replies.len();
        let committed = transaction
            .commit()
            .map_err(|error| StoreError::database(path, &error));
        commits.fetch_add(1, Ordering::Relaxed);
        if committed.is_ok() {
            mark.set(&connection);
        }
        let ended = committed.and_then(|()| files.check());
        for reply in replies {
            reply(ended.clone());
        }
    }
    // A run that did not say how it ended will say nothing any more. What cannot be written here
    // is found out by the next process.
    if files.check().is_ok() {
        let _ = open::note_cut_off_runs(&connection);
        if connection.close().is_ok() {
            mark.remove();
        }
    }
}
