//! A world that stands still, and values to try the language with.

use std::time::SystemTime;

use flowctl_lang::World;
use flowctl_lang::functions::{Kind, Param};
use flowctl_lang::world::FileError;
use flowctl_model::{Number, Text, Type, Value};
use proptest::prelude::*;

/// A world in which every file says the same.
pub(crate) struct Quiet;

impl World for Quiet {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, FileError> {
        Ok(b"content".to_vec())
    }
    fn file_exists(&self, _: &str) -> Result<bool, FileError> {
        Ok(true)
    }
    fn list_files(&self, _: &str) -> Result<Vec<String>, FileError> {
        Ok(vec!["a".to_owned(), "b/c".to_owned()])
    }
    fn now(&self) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH)
    }
    fn plan_timestamp(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
    fn random(&self, bytes: &mut [u8]) -> bool {
        bytes.fill(1);
        true
    }
    fn home(&self) -> Option<String> {
        Some("/home".to_owned())
    }
    fn working_directory(&self) -> String {
        "/project".to_owned()
    }
}

pub(crate) fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        "[a-c]{0,3}",
        "\\PC{0,8}",
        "[ \\n\\t:#'\"\\\\-]{0,4}[a-z\\n ]{0,4}",
        Just("true".to_owned()),
        Just("12".to_owned()),
    ]
    .prop_map(flowctl_lang::strings::nfc)
}

pub(crate) fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::number),
        (-3_i64..20).prop_map(Value::number),
        any::<f64>()
            .prop_filter_map("a number", Number::from_f64)
            .prop_filter("finite", |number| !number.is_infinite())
            .prop_map(Value::number),
    ]
}

pub(crate) fn primitive() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::null(Type::Any)),
        any::<bool>().prop_map(Value::bool),
        number(),
        text().prop_map(Value::string),
    ]
}

/// Values as JSON and YAML can describe them.
pub(crate) fn plain() -> impl Strategy<Value = Value> {
    primitive().prop_recursive(4, 40, 6, |inside| {
        prop_oneof![
            prop::collection::vec(inside.clone(), 0..5).prop_map(Value::tuple),
            prop::collection::btree_map(text(), inside, 0..5).prop_map(Value::object),
        ]
    })
}

/// An argument that often suits a parameter.
pub(crate) fn argument(param: Param) -> BoxedStrategy<Value> {
    let of_kind = match param.kind {
        Kind::Any => plain().boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::bool).boxed(),
        Kind::Number => (-2_i64..40).prop_map(Value::number).boxed(),
        Kind::String => prop_oneof![
            text().prop_map(Value::string),
            Just("10.0.0.0/8".into()),
            Just("2024-01-01T00:00:00Z".into()),
            Just("YQ==".into()),
            Just("UTF-8".into()),
            Just("[1]".into()),
            Just("%s".into()),
            Just("dns".into()),
        ]
        .boxed(),
        Kind::List(_) | Kind::Set(_) => prop::collection::vec(text().prop_map(Value::string), 0..4)
            .prop_map(Value::tuple)
            .boxed(),
        Kind::Map(_) => prop::collection::btree_map(
            text(),
            Just(Value::tuple(vec!["a".into(), "b".into()])),
            0..3,
        )
        .prop_map(Value::object)
        .boxed(),
    };
    prop_oneof![6 => of_kind, 1 => plain()].boxed()
}
