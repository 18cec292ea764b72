//! Reading what a store holds.

use std::path::Path;

use flowctl_model::event::OperationAction;
use flowctl_model::journal::{Intent, Unfinished};
use flowctl_model::snapshot::{OutputState, ResourceState, Snapshot};
use flowctl_model::{Digester, Kind, Text, Value};
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
    let resources = collect(&mut statement, path, |row| {
        let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
        let read = || {
            Ok::<_, rusqlite::Error>((
                text(0)?.parse().ok(),
                decoder.value(text(3)?),
                row::decode_dependencies(text(4)?),
                row::decode_deposed(text(8)?),
            ))
        };
        let (Some(address), Some(attributes), Some(dependencies), Some(deposed)) = read()? else {
            return Ok(None);
        };
        let state = ResourceState {
            provider: decoder.name(text(1)?),
            id: text(2)?.into(),
            attributes,
            dependencies,
            schema_version: row.get::<_, i64>(5)?.try_into().unwrap_or_default(),
            create_before_destroy: row.get(6)?,
            tainted: row.get(7)?,
            deposed,
        };
        Ok(Some((address, state)))
    })?;
    found.resources = resources.into_iter().collect();
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
