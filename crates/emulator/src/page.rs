//! Pages: how much of a list is answered, and `nextToken`, which is opaque to clients and tied to
//! the request that it continues.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::error::{ErrorKind, ServiceError};
use crate::operations::Context;

/// The page size when a request does not say.
const DEFAULT: usize = 20;
const CHECK: usize = 12;

/// The page that a request asks for.
pub(crate) struct Page {
    subject: String,
    /// The name after which it begins; empty for the first one.
    pub(crate) after: String,
    size: usize,
}

impl Page {
    pub(crate) fn asked(
        operation: &str,
        context: &Context,
        input: &Value,
    ) -> Result<Self, ServiceError> {
        let subject = subject(operation, &context.scope, input);
        let after = after(&subject, input)?;
        let size = size(input);
        Ok(Self {
            subject,
            after,
            size,
        })
    }

    /// How many items to look for: one more tells that there is another page.
    pub(crate) fn limit(&self) -> usize {
        self.size + 1
    }

    /// Leaves what fits of the items from here on, and returns the token for the rest.
    pub(crate) fn cut<T>(&self, items: &mut Vec<T>, name: impl Fn(&T) -> &str) -> Option<String> {
        if items.len() <= self.size {
            return None;
        }
        items.truncate(self.size);
        items.last().map(|last| token(&self.subject, name(last)))
    }
}

/// How many items were asked for.
fn size(input: &Value) -> usize {
    input
        .get("maxResults")
        .and_then(Value::as_u64)
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(DEFAULT)
}

/// What a token must belong to: the operation with its filters, but not the page size.
fn subject(operation: &str, scope: &str, input: &Value) -> String {
    let filters: Vec<&Value> = [
        "connectorProfileNames",
        "connectorType",
        "connectorLabel",
        "connectorTypes",
    ]
    .iter()
    .map(|name| input.get(name).unwrap_or(&Value::Null))
    .collect();
    json!([operation, scope, filters]).to_string()
}

/// The token for the page after the item called `last`.
fn token(subject: &str, last: &str) -> String {
    let mut bytes = check(subject, last).to_vec();
    bytes.extend_from_slice(last.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The name after which the page begins, from the request's token.
fn after(subject: &str, input: &Value) -> Result<String, ServiceError> {
    let Some(token) = input.get("nextToken").and_then(Value::as_str) else {
        return Ok(String::new());
    };
    let decode = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (found, last) = bytes.split_at_checked(CHECK)?;
        let last = std::str::from_utf8(last).ok()?;
        (found == check(subject, last)).then(|| last.to_owned())
    };
    decode().ok_or_else(|| {
        ServiceError::new(
            ErrorKind::Validation,
            "Validation exception: The nextToken is not valid",
        )
    })
}

fn check(subject: &str, last: &str) -> [u8; CHECK] {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(subject)
        .chain_update([0])
        .chain_update(last)
        .finalize()
        .into();
    std::array::from_fn(|at| hash.get(at).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_continues_its_own_request_only() {
        let input = json!({"connectorType": "Slack", "maxResults": 5});
        let subject = subject("D", "1/us-east-1", &input);
        let continued = |token: &str| json!({"nextToken": token});
        let token = token(&subject, "name/é");
        assert_eq!(after(&subject, &continued(&token)).unwrap(), "name/é");
        assert_eq!(after(&subject, &input).unwrap(), "");
        for wrong in ["", "x", "####", &token[1..], &format!("{token}AA")] {
            assert!(after(&subject, &continued(wrong)).is_err(), "{wrong}");
        }
        let other = super::subject("D", "1/us-east-1", &json!({"connectorType": "Zendesk"}));
        assert!(after(&other, &continued(&token)).is_err());
        assert_eq!(size(&input), 5);
        assert_eq!(size(&json!({})), 20);
    }
}
