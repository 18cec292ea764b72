//! A new key for the digests of secrets. What was made with the old one cannot be made anew without
//! the secrets, so it is dropped, here and in the copies of the state; the next run finds that
//! nothing is known of the secrets, and sends them again.
//!
//! The new key waits beside the old one until the store has committed that it is the one: cut off
//! at any instant, either the old key is there with the old digests, or there are no digests, and
//! opening the store puts the new key in its place (see [`key`]).

use std::path::Path;

use flowctl_model::snapshot::ResourceState;
use flowctl_model::{AttributePath, Digest, Digester, Text, Value};
use rusqlite::{Connection, params};

use crate::files::hex;
use crate::open::set_meta;
use crate::read::{decode_state, encode_state};
use crate::row::{self, decode, encode};
use crate::{Store, StoreError, backup, key};

/// What came of a change of keys.
#[derive(Clone, Debug)]
pub struct Rekeyed {
    /// The digester of the new key.
    pub digester: Digester,
    /// How many digests were dropped from the state.
    pub forgotten: usize,
    /// How many copies of the state there are, in which they were dropped too.
    pub copies: usize,
}

/// Makes a new random key in place of the one at `path`, and drops everything that was made with
/// the old one.
pub async fn rekey(store: &Store, path: &Path) -> Result<Rekeyed, StoreError> {
    let digester = key::prepare_next(path)?;
    let rekeyed = rekey_to(store, &digester).await?;
    key::put_next(path)?;
    Ok(rekeyed)
}

/// The same for a key that is kept elsewhere.
pub async fn rekey_to(store: &Store, digester: &Digester) -> Result<Rekeyed, StoreError> {
    // The copies first: once the new key is in place, nothing of the old one is left anywhere.
    let copies = backup::list(&backup::directory(store.path()))?;
    for copy in &copies {
        let failed = |error: rusqlite::Error| StoreError::database(copy, &error);
        let source = crate::open::read_only(copy)?;
        backup::put_copy(&source, copy, |made| {
            forget(made, copy)?;
            // What was overwritten is still in pages that are free now.
            made.execute_batch("VACUUM").map_err(failed)
        })?;
    }
    Ok(Rekeyed {
        digester: digester.clone(),
        forgotten: store.forget_digests(digester).await?,
        copies: copies.len(),
    })
}

/// Drops every digest, and remembers the key from now on.
pub(crate) fn forget_and_remember(
    connection: &Connection,
    path: &Path,
    digester: &Digester,
) -> Result<usize, StoreError> {
    let forgotten = forget(connection, path)?;
    set_meta(connection, "key_id", &hex(digester.key_id().iter()))
        .map_err(|error| StoreError::database(path, &error))?;
    Ok(forgotten)
}

/// Where digests are, as rows of a key and the columns that hold them.
const PLACES: [(&str, &str, &[&str]); 3] = [
    ("resources", "address", &["attributes", "deposed"]),
    ("outputs", "name", &["value"]),
    ("operations", "id", &["intended"]),
];

fn forget(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let failed = |error: rusqlite::Error| StoreError::database(path, &error);
    let mut forgotten = 0;
    for (table, name, columns) in PLACES {
        for column in columns {
            let mut select = connection
                .prepare(&format!(
                    "SELECT {name}, {column} FROM {table} WHERE {column} IS NOT NULL"
                ))
                .map_err(failed)?;
            let rows = select
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .and_then(
                    Iterator::collect::<rusqlite::Result<Vec<(rusqlite::types::Value, String)>>>,
                )
                .map_err(failed)?;
            for (row, text) in rows {
                let (text, found) = without_digests(column, &text)
                    .ok_or_else(|| StoreError::damaged(path, "a row cannot be read"))??;
                if found > 0 {
                    forgotten += found;
                    connection
                        .execute(
                            &format!("UPDATE {table} SET {column} = ?1 WHERE {name} = ?2"),
                            params![text, row],
                        )
                        .map_err(failed)?;
                }
            }
        }
    }
    Ok(forgotten)
}

/// A column's text without digests, and how many there were; `None` if it is damaged.
fn without_digests(column: &str, text: &str) -> Option<Result<(String, usize), StoreError>> {
    let mut found = 0;
    let encoded = match column {
        "deposed" => {
            let deposed = forget_all(row::decode_deposed(text)?, &mut found);
            row::encode_deposed(&deposed, column)
        }
        "intended" => {
            let state = decode_state(text, "", None)?;
            let state = ResourceState {
                attributes: forget_in(&state.attributes, &mut found),
                deposed: forget_all(state.deposed.clone(), &mut found),
                ..state
            };
            encode_state(&state, column)
        }
        _ => encode(&forget_in(&decode(text)?, &mut found), column),
    };
    Some(encoded.map(|text| (text, found)))
}

fn forget_all(deposed: Vec<(Text, Value)>, found: &mut usize) -> Vec<(Text, Value)> {
    let forgotten = |(id, value): (Text, Value)| (id, forget_in(&value, found));
    deposed.into_iter().map(forgotten).collect()
}

fn forget_in(value: &Value, found: &mut usize) -> Value {
    value.map_at(&mut AttributePath::root(), &mut |_, value| {
        let digest = value.digest()?;
        if *digest != Digest::FORGOTTEN {
            *found += 1;
        }
        Some(Value::withheld(value.ty(), Digest::FORGOTTEN))
    })
}
