//! The state of a directory: where its files are, reading it, and having it for oneself.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flowctl_model::address::AddressError;
use flowctl_model::journal::StateWrite;
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, Digester, Target};
use flowctl_state::{Run, Store, StoreError, backup, key, lock, made_with, read_snapshot};
use time::OffsetDateTime;

use crate::app::Context;
use crate::args::LockArgs;
use crate::env::Env;
use crate::error::{CommandError, sentence};

/// The files of a state.
#[derive(Clone)]
pub(crate) struct StateFiles {
    /// The database.
    pub(crate) state: PathBuf,
}

impl StateFiles {
    /// The files of the state that `--state` names.
    pub(crate) fn of(context: &Context) -> Self {
        Self {
            state: context.options.state.clone(),
        }
    }

    /// Where the copies are.
    pub(crate) fn backups(&self) -> PathBuf {
        backup::directory(&self.state)
    }

    fn lock(&self) -> PathBuf {
        lock::path(&self.state)
    }

    /// The key of the digests. Who has the lock may make it.
    pub(crate) fn key(&self) -> PathBuf {
        key::path(&self.state)
    }

    /// The data of the endpoint inside flowctl.
    pub(crate) fn emulator(&self) -> PathBuf {
        self.state.with_file_name("emulator.db")
    }

    /// Makes the directory of the state, which nobody else can enter.
    pub(crate) fn make_directory(&self) -> Result<(), CommandError> {
        Ok(flowctl_state::make_directory_of(&self.state)?)
    }

    /// What the state holds; nothing if there is none yet.
    pub(crate) fn read(&self) -> Result<Snapshot, CommandError> {
        Ok(read_snapshot(&self.state)?)
    }

    /// What the state holds, for commands that make no sense without one.
    pub(crate) fn read_existing(&self) -> Result<Snapshot, CommandError> {
        // Where nobody may look is not said to be nothing.
        if self.state.try_exists().unwrap_or(true) {
            return self.read();
        }
        Err(CommandError::user(
            "No state file was found",
            format!(
                "There is no {}: nothing was applied here yet.",
                self.state.display()
            ),
        )
        .with_help("go to the right directory with -C DIR, or name the state with --state PATH"))
    }
}

/// The key that the environment gives.
pub(crate) fn given_key(env: &Env) -> Result<Option<Digester>, CommandError> {
    let Some(text) = &env.state_key else {
        return Ok(None);
    };
    key::parse(text.trim()).map(Some).ok_or_else(|| {
        CommandError::user(
            "Invalid FLOWCTL_STATE_KEY",
            "The key in the environment variable FLOWCTL_STATE_KEY is not 64 hexadecimal digits.",
        )
    })
}

/// What state holds, and the key of its digests.
pub(crate) struct Known {
    pub(crate) snapshot: Snapshot,
    pub(crate) digester: Digester,
    /// The digests in state were made with another key, and tell nothing.
    pub(crate) key_changed: bool,
}

impl Known {
    /// Makes the key if there is none yet, for a run that writes nothing else.
    pub(crate) fn make_key(context: &Context, args: &LockArgs) -> Result<(), CommandError> {
        let files = StateFiles::of(context);
        if given_key(&context.env)?.is_none() && key::load(&files.key())?.is_none() {
            files.make_directory()?;
            let _lock = lock_alone(context, args, "plan")?;
            key::load_or_create(&files.key())?;
        }
        Ok(())
    }

    /// For a run that writes nothing and waits for nobody. Where there is no key yet, one that
    /// lives as long as the run does.
    pub(crate) fn to_read(files: &StateFiles, env: &Env) -> Result<Self, CommandError> {
        let digester = match given_key(env)? {
            Some(given) => given,
            None => {
                let kept = key::load(&files.key())?;
                kept.unwrap_or_else(|| Digester::new(rand::random()))
            }
        };
        let snapshot = files.read()?;
        Ok(Self {
            key_changed: !made_with(&snapshot, &digester),
            snapshot,
            digester,
        })
    }
}

/// Takes the lock alone, for what replaces the store.
pub(crate) fn lock_alone(
    context: &Context,
    args: &LockArgs,
    command: &str,
) -> Result<lock::Lock, CommandError> {
    Ok(Taking::new(context, args, command)?.lock()?)
}

/// The state, held by this process alone and open for writing.
pub(crate) struct Held {
    pub(crate) store: Store,
    files: StateFiles,
    run: Run,
    given_key: Option<Digester>,
    /// Freed when everything is written.
    _lock: lock::Lock,
}

/// Everything that taking the lock needs.
struct Taking {
    files: StateFiles,
    run: Run,
    given_key: Option<Digester>,
    holder: lock::Process,
    timeout: Duration,
}

impl Taking {
    fn new(context: &Context, args: &LockArgs, command: &str) -> Result<Self, CommandError> {
        let (user, host) = context.env.who();
        Ok(Self {
            holder: lock::Process {
                process: std::process::id(),
                user: user.clone(),
                host: host.clone(),
                command: format!("flowctl {command}"),
                since: OffsetDateTime::now_utc().unix_timestamp(),
            },
            run: Run {
                who: format!("{user}@{host}"),
                command: command.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            files: StateFiles::of(context),
            given_key: given_key(&context.env)?,
            timeout: args.lock_timeout,
        })
    }

    fn lock(&self) -> Result<lock::Lock, StoreError> {
        lock::acquire(&self.files.lock(), self.holder.clone(), self.timeout)
    }

    fn open(self, lock: lock::Lock) -> Result<Held, CommandError> {
        backup::clear_leftovers(&self.files.state);
        Ok(Held {
            store: Store::open(&self.files.state, now)?,
            files: self.files,
            run: self.run,
            given_key: self.given_key,
            _lock: lock,
        })
    }
}

impl Held {
    /// Takes the lock, waiting for it as long as the options allow, and opens the store.
    /// `command` says to others what for, without values.
    pub(crate) fn take(
        context: &Context,
        args: &LockArgs,
        command: &str,
    ) -> Result<Self, CommandError> {
        let taking = Taking::new(context, args, command)?;
        let lock = taking.lock()?;
        taking.open(lock)
    }

    /// The same for a command with a runtime, which can be interrupted meanwhile.
    pub(crate) async fn wait(
        context: &Context,
        args: &LockArgs,
        command: &str,
    ) -> Result<Self, CommandError> {
        let taking = Taking::new(context, args, command)?;
        let waiting = tokio::task::spawn_blocking(move || (taking.lock(), taking));
        // It cannot be cancelled, and a panic has been reported where it happened.
        let (lock, taking) = waiting.await.map_err(|_| CommandError::Internal)?;
        taking.open(lock?)
    }

    /// What is in state, and the key of its digests, which is made if need be.
    pub(crate) async fn known(&self) -> Result<Known, CommandError> {
        let digester = match &self.given_key {
            Some(given) => given.clone(),
            None => key::load_or_create(&self.files.key())?,
        };
        let snapshot = self.store.snapshot().await?;
        Ok(Known {
            key_changed: !made_with(&snapshot, &digester),
            snapshot,
            digester,
        })
    }

    /// Copies the state as it is.
    pub(crate) fn backup(&self) -> Result<(), CommandError> {
        self.store.backup(&self.files.backups())?;
        Ok(())
    }

    /// Copies the state as it is, and notes that a run begins that changes it.
    pub(crate) async fn begin(&mut self) -> Result<i64, CommandError> {
        self.backup()?;
        Ok(self.store.begin_run(self.run.clone()).await?)
    }
}

/// Changes state by hand: `choose` says how, from what there is; nothing if it finds an error.
pub(crate) fn edit<T>(
    context: &Context,
    args: &LockArgs,
    command: &str,
    choose: impl FnOnce(&Snapshot) -> Result<(Vec<StateWrite>, T), CommandError>,
) -> Result<T, CommandError> {
    StateFiles::of(context).read_existing()?;
    let mut held = Held::take(context, args, command)?;
    crate::runtime::small()?.block_on(async {
        let (writes, chosen) = choose(&held.store.snapshot().await?)?;
        if !writes.is_empty() {
            held.begin().await?;
            held.store.write(writes).await?;
            held.store.end_run("done".to_owned()).await?;
        }
        Ok(chosen)
    })
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH);
    passed.unwrap_or(Duration::ZERO).as_secs_f64()
}

/// An address on the command line.
pub(crate) fn target(text: &str) -> Result<Target, CommandError> {
    text.parse().map_err(invalid_address)
}

/// What was typed is no address.
#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
pub(crate) fn invalid_address(error: AddressError) -> CommandError {
    CommandError::user("Invalid address", sentence(&error.to_string()))
        .with_help("in a shell, put an address with brackets between single quotes")
}

/// The instances in state that a target names.
pub(crate) fn instances<'a>(
    snapshot: &'a Snapshot,
    target: &'a Target,
) -> impl Iterator<Item = &'a Address> {
    snapshot
        .resources
        .keys()
        .filter(move |address| target.covers(address))
}

/// There is nothing in state under an address.
pub(crate) fn unknown(target: &Target) -> CommandError {
    let what = match target {
        Target::Module(_) => "module",
        Target::Resource(_) => "resource",
    };
    CommandError::user(
        format!("Unknown {what}"),
        format!("The current state contains no {what} {target}."),
    )
    .with_help("see what there is with `flowctl state list`")
}
