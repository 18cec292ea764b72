//! Strings as the language has them: NFC-normalized.

use std::borrow::Cow;

use flowctl_model::{Text, Value};
use flowctl_parser::unicode::normal;

/// The text in Unicode's normal form C.
pub fn nfc(text: String) -> Text {
    match normal(&text) {
        Cow::Borrowed(_) => Text::from(text),
        Cow::Owned(normal) => Text::from(normal),
    }
}

/// A string value in normal form.
pub fn value(text: String) -> Value {
    Value::string(nfc(text))
}
