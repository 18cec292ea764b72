//! Idempotency: the same token with the same input gives the first answer again and does no
//! work; with other input it is an error.
//!
//! The input is compared by a keyed digest of all of it, credentials included, which stays in
//! memory; a digest without the credentials is stored for the time after a restart.

use std::collections::HashMap;

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::Value;

use super::{Database, Lag, digest};
use crate::error::{ErrorKind, ServiceError};
use crate::operations::{Context, Operation};
use crate::validate::CREDENTIALS;

/// How many answers are remembered before expired ones are looked for.
const SWEEP: usize = 4096;

#[derive(Default)]
pub(crate) struct Recent {
    digests: HashMap<(String, Operation, String), (digest::Tag, i64)>,
    since_sweep: usize,
}

impl Recent {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Does `work` in one transaction, at most once per client token.
pub(crate) fn once(
    database: &mut Database,
    context: &Context,
    operation: Operation,
    input: &Value,
    work: impl FnOnce(&Transaction<'_>, &mut Lag) -> Result<String, ServiceError>,
) -> Result<String, ServiceError> {
    let token = input
        .get("clientToken")
        .and_then(Value::as_str)
        .filter(|token| !token.is_empty());
    let whole = token.map(|_| database.key.tag(operation.name(), input));
    let (transaction, recent, lag) = database.write()?;
    let (Some(token), Some(whole)) = (token, whole) else {
        let answer = work(&transaction, lag)?;
        transaction.commit()?;
        return Ok(answer);
    };

    let public = digest::plain(input, CREDENTIALS);
    let scope = &context.scope;
    let earlier: Option<(Vec<u8>, String)> = transaction
        .prepare_cached(
            "SELECT digest, answer FROM tokens
             WHERE scope = ?1 AND operation = ?2 AND token = ?3 AND expires_at > ?4",
        )?
        .query_row(
            params![scope, operation.name(), token, context.now],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let key = (scope.clone(), operation, token.to_owned());
    if let Some((stored, answer)) = earlier {
        let same = stored == public
            && recent
                .digests
                .get(&key)
                .is_none_or(|(digest, expiry)| *expiry <= context.now || *digest == whole);
        return if same {
            Ok(answer)
        } else {
            Err(ServiceError::new(
                ErrorKind::Conflict,
                "The client token was already used in a request with different parameters",
            ))
        };
    }

    let answer = work(&transaction, lag)?;
    let expires_at = context.now.saturating_add(context.token_lifetime_ms);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO tokens VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            scope,
            operation.name(),
            token,
            public,
            answer,
            expires_at
        ])?;
    recent.since_sweep += 1;
    if recent.since_sweep >= SWEEP {
        recent.since_sweep = 0;
        recent
            .digests
            .retain(|_, (_, expiry)| *expiry > context.now);
        transaction.execute("DELETE FROM tokens WHERE expires_at <= ?1", [context.now])?;
    }
    transaction.commit()?;
    recent.digests.insert(key, (whole, expires_at));
    Ok(answer)
}
