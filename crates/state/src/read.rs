//! Reading what a store holds.

use std::path::Path;

use flowctl_model::event::OperationAction;
use flowctl_model::journal::{Intent, Unfinished};
use flowctl_model::snapshot::{OutputState, ResourceState, Snapshot};
use flowctl_model::{Address, Digester, Kind, Text, Value};
use rusqlite::{Connection, Row, Statement};

use crate::StoreError;
use crate::open::{meta, to_read};
use crate::row::{self, Decoder};

/// The actions by which an operation's row names them.
pub(crate) const ACTIONS: [OperationAction; 7] = [
    OperationAction::Create,
    OperationAction::Read,
    OperationAction::Update,
    OperationAction::Delete,
    OperationAction::Import,
    OperationAction::Forget,
    OperationAction::Record,
];

/// What a store holds; the same before the first run, when there is no file.
pub fn read_snapshot(path: &Path) -> Result<Snapshot, StoreError> {
    match to_read(path)? {
        Some(connection) => snapshot(&connection, path),
        None => Ok(Snapshot::default()),
    }
}

/// Whether the secret digests in a store were made with this key. `false` means that some were made
/// with another, or were dropped, and tell nothing any more. Writes nothing.
pub fn is_made_with(path: &Path, digester: &Digester) -> Result<bool, StoreError> {
    Ok(made_with(&read_snapshot(path)?, digester))
}

/// The same of what was read already. Objects that are only left to be deleted do not count.
pub fn made_with(snapshot: &Snapshot, digester: &Digester) -> bool {
    let resources = snapshot.resources.values().map(|r| &r.attributes);
    let outputs = snapshot.outputs.values().map(|o| &o.value);
    resources.chain(outputs).all(|value| made(value, digester))
}

fn made(value: &Value, digester: &Digester) -> bool {
    match value.kind() {
        Kind::Unknown(_) => value.digest().is_none_or(|digest| digester.made(digest)),
        Kind::List(_, values) | Kind::Set(_, values) | Kind::Tuple(values) => {
            values.iter().all(|value| made(value, digester))
        }
        Kind::Map(_, values) | Kind::Object(values) => {
            values.values().all(|value| made(value, digester))
        }
        Kind::Null(_) | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => true,
    }
}

/// What a connection sees; the caller has a transaction, so that it is of one moment.
pub(crate) fn snapshot(connection: &Connection, path: &Path) -> Result<Snapshot, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    let decoder = Decoder::default();
    let mut found = Snapshot {
        lineage: meta(connection, "lineage")
            .map_err(failed)?
            .unwrap_or_default(),
        serial: meta(connection, "serial")
            .map_err(failed)?
            .and_then(|serial| serial.parse().ok())
            .unwrap_or_default(),
        ..Snapshot::default()
    };
    let mut statement = connection
        .prepare(
            "SELECT address, provider, id, attributes, dependencies, schema_version, \
             create_before_destroy, tainted, deposed FROM resources",
        )
        .map_err(failed)?;
    let written = collect(&mut statement, path, |row| {
        Ok(Some(Written {
            address: row.get(0)?,
            provider: row.get(1)?,
            id: row.get(2)?,
            attributes: row.get(3)?,
            dependencies: row.get(4)?,
            schema_version: row.get(5)?,
            create_before_destroy: row.get(6)?,
            tainted: row.get(7)?,
            deposed: row.get(8)?,
        }))
    })?;
    found.resources = resources(&written)
        .ok_or_else(|| StoreError::damaged(path, "a row cannot be read"))?
        .into_iter()
        .collect();
    let mut statement = connection
        .prepare("SELECT name, value, sensitive FROM outputs")
        .map_err(failed)?;
    let outputs = collect(&mut statement, path, |row| {
        let name: String = row.get(0)?;
        let sensitive = row.get(2)?;
        let value = decoder.value(row.get_ref(1)?.as_str()?);
        Ok(value.map(|value| (Text::from(name), OutputState { value, sensitive })))
    })?;
    found.outputs = outputs.into_iter().collect();
    Ok(found)
}

/// A row of the resources, as it is written.
struct Written {
    address: String,
    provider: String,
    id: String,
    attributes: String,
    dependencies: String,
    schema_version: i64,
    create_before_destroy: bool,
    tainted: bool,
    deposed: String,
}

/// How many resources are worth a thread of their own, and how many threads there are at most.
const SHARE: usize = 500;
const THREADS: usize = 8;

/// What the rows say; `None` if one of them cannot be read. Most of the time that a large state
/// takes to read is spent here, and no row has to do with another.
fn resources(written: &[Written]) -> Option<Vec<(Address, ResourceState)>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(THREADS).min(written.len() / SHARE).max(1);
    let share = |rows: &[Written]| {
        let decoder = Decoder::default();
        let read = rows.iter().map(|row| row.read(&decoder));
        read.collect::<Option<Vec<_>>>()
    };
    if threads == 1 {
        return share(written);
    }
    std::thread::scope(|scope| {
        let shares = written.chunks(written.len().div_ceil(threads));
        let running: Vec<_> = shares
            .map(|rows| scope.spawn(move || share(rows)))
            .collect();
        let mut all = Vec::with_capacity(written.len());
        for share in running {
            all.extend(share.join().ok()??);
        }
        Some(all)
    })
}

impl Written {
    fn read(&self, decoder: &Decoder) -> Option<(Address, ResourceState)> {
        let state = ResourceState {
            provider: decoder.name(&self.provider),
            id: self.id.as_str().into(),
            attributes: decoder.value(&self.attributes)?,
            dependencies: row::decode_dependencies(&self.dependencies)?,
            schema_version: self.schema_version.try_into().ok()?,
            create_before_destroy: self.create_before_destroy,
            tainted: self.tainted,
            deposed: row::decode_deposed(&self.deposed)?,
        };
        Some((self.address.parse().ok()?, state))
    }
}

/// The rows of a statement; a row that `read` cannot make sense of means that the store is damaged.
pub(crate) fn collect<T>(
    statement: &mut Statement<'_>,
    path: &Path,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<T>>,
) -> Result<Vec<T>, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    let mut rows = statement.query([]).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let item = read(row)
            .map_err(failed)?
            .ok_or_else(|| StoreError::damaged(path, "a row cannot be read"))?;
        found.push(item);
    }
    Ok(found)
}

/// The operations without a result, oldest first.
pub(crate) fn unfinished(
    connection: &Connection,
    path: &Path,
) -> Result<Vec<Unfinished>, StoreError> {
    let mut statement = connection
        .prepare(
            "SELECT id, address, action, provider, object_id, token, intended, started_at \
             FROM operations WHERE status IN ('started', 'unknown') ORDER BY id",
        )
        .map_err(|error| StoreError::database(path, &error))?;
    collect(&mut statement, path, unfinished_row)
}

fn unfinished_row(row: &Row<'_>) -> rusqlite::Result<Option<Unfinished>> {
    let address: String = row.get(1)?;
    let action: String = row.get(2)?;
    let intended: Option<String> = row.get(6)?;
    let provider: String = row.get(3)?;
    let id: Option<String> = row.get(4)?;
    let intended = match intended {
        Some(text) => match decode_state(&text, &provider, id.as_deref()) {
            Some(state) => Some(state),
            None => return Ok(None),
        },
        None => None,
    };
    let Some(action) = ACTIONS.into_iter().find(|known| known.name() == action) else {
        return Ok(None);
    };
    let Ok(address) = address.parse() else {
        return Ok(None);
    };
    let intent = Intent {
        address,
        action,
        provider: provider.into(),
        id: id.map(Text::from),
        token: row.get(5)?,
        intended,
    };
    Ok(Some(Unfinished {
        operation: row.get(0)?,
        intent,
        started_at: row.get(7)?,
    }))
}

/// What an intent says that state will be: attributes, dependencies and flags as one JSON array.
pub(crate) fn encode_state(state: &ResourceState, place: &str) -> Result<String, StoreError> {
    let attributes = row::encode(&state.attributes, place)?;
    let dependencies = row::encode_dependencies(&state.dependencies);
    let deposed = row::encode_deposed(&state.deposed, place)?;
    let (version, first) = (state.schema_version, state.create_before_destroy);
    Ok(serde_json::json!([attributes, dependencies, deposed, version, first]).to_string())
}

pub(crate) fn decode_state(text: &str, provider: &str, id: Option<&str>) -> Option<ResourceState> {
    let (attributes, dependencies, deposed, schema_version, create_before_destroy) =
        serde_json::from_str::<(String, String, String, u64, bool)>(text).ok()?;
    Some(ResourceState {
        provider: provider.into(),
        id: id.unwrap_or_default().into(),
        attributes: row::decode(&attributes)?,
        dependencies: row::decode_dependencies(&dependencies)?,
        schema_version,
        create_before_destroy,
        tainted: false,
        deposed: row::decode_deposed(&deposed)?,
    })
}
