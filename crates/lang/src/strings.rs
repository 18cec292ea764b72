//! Strings as the language has them: NFC-normalized.

use flowctl_model::{Text, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The text in Unicode's normal form C.
pub fn nfc(text: String) -> Text {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Text::from(text)
    } else {
        Text::from(text.nfc().collect::<String>())
    }
}

/// A string value in normal form.
pub fn value(text: String) -> Value {
    Value::string(nfc(text))
}
