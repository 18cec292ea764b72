//! One thread that owns the connection for writing. What arrives while a transaction is being
//! committed goes into the next one together, so that many small writes share one `fsync`; each
//! caller hears when its own is on disk.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use futures::channel::oneshot;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::StoreError;

/// How many jobs may wait, and share a transaction.
const QUEUE: usize = 256;

/// What became of a job's own statements, and what to do once the transaction has ended.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Job = Box<dyn FnOnce(Result<&mut Transaction<'_>, StoreError>) -> Reply + Send>;

pub(crate) struct Writer {
    path: PathBuf,
    sender: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(path: PathBuf, connection: Connection) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let of_thread = path.clone();
        let thread = std::thread::spawn(move || run(connection, &of_thread, &receiver));
        Self {
            path,
            sender: Some(sender),
            thread: Some(thread),
        }
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

fn run(mut connection: Connection, path: &Path, jobs: &Receiver<Job>) {
    let opened = identity(path);
    // SQLite goes on writing to a file that was deleted or replaced: whoever looks at the path
    // would find nothing of it.
    let in_place = || match (&opened, identity(path)) {
        (Some(opened), Some(now)) if *opened == now => Ok(()),
        _ => Err(StoreError::file(
            path,
            "was deleted or replaced while in use",
        )),
    };
    while let Ok(first) = jobs.recv() {
        let begun = in_place().and_then(|()| {
            connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(|error| StoreError::database(path, &error))
        });
        let mut transaction = match begun {
            Ok(transaction) => transaction,
            Err(error) => {
                first(Err(error.clone()))(Err(error));
                continue;
            }
        };
        let mut replies = vec![first(Ok(&mut transaction))];
        while replies.len() < QUEUE
            && let Ok(job) = jobs.try_recv()
        {
            replies.push(job(Ok(&mut transaction)));
        }
        let committed = transaction
            .commit()
            .map_err(|error| StoreError::database(path, &error));
        let ended = committed.and_then(|()| in_place());
        for reply in replies {
            reply(ended.clone());
        }
    }
}

/// Which file is at a path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path)
        .ok()
        .map(|found| (found.dev(), found.ino()))
}
