//! The built-in functions: one table per area, and what is common to all calls.
//!
//! A function is an entry in the table of its area: parameters, documentation, an example and a
//! body. From the parameters' descriptions the common part converts arguments and deals with
//! nulls, unknown values and marks, so most bodies see plain known values only.

mod call;
mod charset;
mod cidr;
mod collection;
mod combine;
mod conversion;
mod decimal;
mod encoding;
mod file;
mod float;
mod format;
mod gzip;
mod hash;
mod json;
mod numeric;
pub mod provider;
mod regex;
mod sets;
mod strings;
mod time;
mod yaml;

use flowctl_model::{Type, Value};

pub use call::{Call, Services, call};
pub use yaml::{is_panic_guarded, unambiguous as unambiguous_yaml};

use crate::convert::{ConvertError, convert};
use crate::world::FileError;

/// A built-in function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The parameters that every call has.
    pub params: &'static [Param],
    /// The parameter that takes all further arguments.
    pub variadic: Option<Param>,
    /// The type of the result.
    pub returns: Returns,
    /// The result may be null. Otherwise unknown results are known to be not null.
    pub may_return_null: bool,
    /// What it does, in one or two sentences.
    pub doc: &'static str,
    /// A call and its result, both as the console shows them; a test runs every one.
    pub example: (&'static str, &'static str),
    /// Computes the result. It must be of the type that `returns` says.
    pub body: fn(&mut Call<'_>) -> Result<Value, FunctionError>,
}

impl Function {
    /// What most functions have, for `..Function::BASE` in the tables.
    pub const BASE: Self = Self {
        name: "",
        params: &[],
        variadic: None,
        returns: Returns::Fixed(Kind::Any),
        may_return_null: false,
        doc: "",
        example: ("", ""),
        body: |_| Err(FunctionError::other("this function has no body")),
    };

    /// The parameter for the argument at `index`.
    pub fn param(&self, index: usize) -> Option<&Param> {
        self.params.get(index).or(self.variadic.as_ref())
    }
}

/// A parameter of a function.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, set by name"
)]
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name, as error messages give it.
    pub name: &'static str,
    /// Arguments are converted to this.
    pub kind: Kind,
    /// A null is passed to the body; otherwise it is an error.
    pub null: bool,
    /// An unknown value is passed to the body; otherwise the result is unknown.
    pub unknown: bool,
    /// The body is called even when the argument's type is not known.
    pub any_type: bool,
    /// Marks are left on the argument, and the body puts them on the result; otherwise the
    /// argument is stripped of all marks inside and the whole result gets them.
    pub marked: bool,
}

impl Param {
    /// An argument as this takes it.
    pub fn convert(&self, value: Value) -> Result<Value, ConvertError> {
        match self.kind {
            Kind::Any => Ok(value),
            kind => convert(&value, &kind.to_type()),
        }
    }
    /// A parameter with the usual treatment of nulls, unknown values and marks.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            null: false,
            unknown: false,
            any_type: false,
            marked: false,
        }
    }
    /// Nulls are passed to the body.
    #[must_use]
    pub const fn null(mut self) -> Self {
        self.null = true;
        self
    }
    /// Unknown values are passed to the body.
    #[must_use]
    pub const fn unknown(mut self) -> Self {
        self.unknown = true;
        self
    }
    /// Values of unknown type are passed to the body (implies nothing about unknown values).
    #[must_use]
    pub const fn any_type(mut self) -> Self {
        self.any_type = true;
        self
    }
    /// Marked values are passed to the body.
    #[must_use]
    pub const fn marked(mut self) -> Self {
        self.marked = true;
        self
    }
}

/// A type as tables can write it.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Any type: the argument is taken as it is.
    Any,
    /// `bool`.
    Bool,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// `list(…)`.
    List(&'static Kind),
    /// `set(…)`.
    Set(&'static Kind),
    /// `map(…)`.
    Map(&'static Kind),
}

impl Kind {
    /// The type itself.
    pub fn to_type(self) -> Type {
        match self {
            Self::Any => Type::Any,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::String => Type::String,
            Self::List(kind) => Type::list(kind.to_type()),
            Self::Set(kind) => Type::set(kind.to_type()),
            Self::Map(kind) => Type::map(kind.to_type()),
        }
    }
}

/// The type of a function's result.
#[derive(Clone, Copy, Debug)]
pub enum Returns {
    /// Always the same.
    Fixed(Kind),
    /// Depends on the arguments, some of which may be unknown; marks are already taken off unless
    /// the parameter keeps them. `Any` where it cannot be told yet.
    From(fn(&[Value]) -> Result<Type, FunctionError>),
}

/// Why a function gave no result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FunctionError {
    /// An argument is not suitable: which, and why (`must not be negative`).
    Argument(usize, String),
    /// Anything else.
    Other(String),
}

impl FunctionError {
    /// The argument at `index` is not suitable.
    pub fn argument(index: usize, message: impl Into<String>) -> Self {
        Self::Argument(index, message.into())
    }
    /// The call failed.
    pub fn other(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }
}

/// The tables of all areas.
const TABLES: &[&[Function]] = &[
    cidr::FUNCTIONS,
    collection::FUNCTIONS,
    combine::FUNCTIONS,
    conversion::FUNCTIONS,
    encoding::FUNCTIONS,
    file::FUNCTIONS,
    format::FUNCTIONS,
    hash::FUNCTIONS,
    json::FUNCTIONS,
    numeric::FUNCTIONS,
    regex::FUNCTIONS,
    sets::FUNCTIONS,
    strings::FUNCTIONS,
    time::FUNCTIONS,
    yaml::FUNCTIONS,
];

/// What is wrong with a number that is no index or count.
const NOT_WHOLE: &str = "value must be a whole number, between -9223372036854775808 and \
                         9223372036854775807";

/// Every function, area by area.
pub fn all() -> impl Iterator<Item = &'static Function> {
    TABLES.iter().copied().flatten()
}

/// The function called `name`.
pub fn function(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// An NFC-normalized string value, for the results of bodies.
pub(crate) fn text(text: impl Into<String>) -> Value {
    crate::strings::value(text.into())
}

/// The type of the first argument, which is that of many results.
#[expect(
    clippy::unnecessary_wraps,
    reason = "what derives the type of a result may fail"
)]
pub(crate) fn first_type(args: &[Value]) -> Result<Type, FunctionError> {
    Ok(args.first().map_or(Type::Any, Value::ty))
}

/// The text of a file, for the argument at `index`.
pub(crate) fn read_text(
    call: &Call<'_>,
    index: usize,
    path: &str,
) -> Result<String, FunctionError> {
    let bytes = read_bytes(call, index, path)?;
    String::from_utf8(bytes).map_err(|_| {
        FunctionError::other(format!(
            "contents of {path:?} are not valid UTF-8; filebase64 reads any file, filesha256 and \
             others hash it"
        ))
    })
}

/// What is said of a path that an untrusted configuration may not look at.
pub(crate) const OUTSIDE: &str =
    "leads out of the directory beyond which an untrusted configuration may read nothing";

/// The bytes of a file, for the argument at `index`.
pub(crate) fn read_bytes(
    call: &Call<'_>,
    index: usize,
    path: &str,
) -> Result<Vec<u8>, FunctionError> {
    let expanded = expand_home(call, index, path)?;
    call.world().read_file(&expanded).map_err(|error| {
        let why = match error {
            FileError::NotFound => {
                return FunctionError::argument(
                    index,
                    format!(
                        "no file exists at {path:?}; what a resource of this configuration \
                         creates cannot be read as a file, so use the resource's attributes"
                    ),
                );
            }
            FileError::NotAFile => "it is a directory or no regular file",
            FileError::Denied => "access is denied",
            FileError::Outside => {
                return FunctionError::argument(index, format!("{path:?} {OUTSIDE}"));
            }
            FileError::Other => "it cannot be read",
        };
        FunctionError::argument(index, format!("failed to read file {path:?}: {why}"))
    })
}

/// A path in which a leading `~` stands for the home directory, for the argument at `index`.
pub(crate) fn expand_home(
    call: &Call<'_>,
    index: usize,
    path: &str,
) -> Result<String, FunctionError> {
    home_expanded(call, path)
        .map_err(|why| FunctionError::argument(index, format!("failed to expand ~: {why}")))
}

/// The same, or what is wrong with the path.
pub(crate) fn home_expanded(call: &Call<'_>, path: &str) -> Result<String, &'static str> {
    match path.strip_prefix('~') {
        None => Ok(path.to_owned()),
        Some(rest) if rest.is_empty() || rest.starts_with('/') => match call.world().home() {
            Some(home) => Ok(format!("{home}{rest}")),
            None => Err("there is no home directory"),
        },
        Some(_) => Err("cannot expand user-specific home dir"),
    }
}

/// The JSON of a value that is not wholly known: only how it begins may be certain.
pub(crate) fn unknown_json(value: &Value) -> Value {
    let first = match value.ty() {
        Type::Object(_) | Type::Map(_) => "{",
        Type::Tuple(_) | Type::List(_) | Type::Set(_) => "[",
        _ => "",
    };
    // While the value may be null its JSON may be that word.
    let certain = match value.kind() {
        flowctl_model::Kind::Unknown(unknown) => {
            unknown.refinement.as_ref().is_some_and(|r| r.not_null)
        }
        _ => true,
    };
    let refinement = flowctl_model::Refinement {
        prefix: (certain && !first.is_empty()).then(|| first.into()),
        ..flowctl_model::Refinement::default()
    };
    Value::refined(Type::String, refinement)
}
