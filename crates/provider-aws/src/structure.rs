//! Structures of a service's API as rows of a table: the same rows give the schema of a block, its
//! encoding to the SDK's type and its decoding from it.
//!
//! An argument whose row is there cannot be forgotten on the wire, nor be sent without being
//! documented and validated.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use aws_sdk_appflow::error::BuildError;
use aws_smithy_types::date_time::{DateTime, Format};
use flowctl_model::{Text, Type, Value};
use flowctl_schema::{Attribute, Block};

/// Why a value could not be put into a request. Validation and planning prevent every one of
/// these, so the message is for whoever finds the gap; it names arguments, never values.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EncodeError {
    /// The value is unknown, withheld or of another type.
    #[error("`{0}` has no value that can be sent")]
    Unusable(&'static str),
    /// The SDK misses a member that the service requires.
    #[error("{0}")]
    Incomplete(#[from] BuildError),
}

/// A structure of the API: a block in configurations.
pub(crate) trait Structure: Sized {
    /// The block's attributes and nested blocks.
    fn block() -> Block;
    /// The type of the block's value; as [`Self::block`] says it, but made only once.
    fn object_type() -> Type;
    /// The SDK's type, with the members that are set in `value` and no others.
    fn encode(value: &Value) -> Result<Self, EncodeError>;
    /// The block's value, null where a member is absent.
    fn decode(&self) -> Value;
}

/// A leaf of the API: the value of an argument.
pub(crate) trait Leaf: Sized {
    /// The argument's type.
    fn ty() -> Type;
    /// From a known value that is not null.
    fn from_value(value: &Value) -> Option<Self>;
    /// The value.
    fn to_value(&self) -> Value;
}

/// What a builder returns: some are fallible, some not.
pub(crate) trait Built<T> {
    /// The structure, unless a required member is missing.
    fn built(self) -> Result<T, EncodeError>;
}

impl<T> Built<T> for Result<T, BuildError> {
    fn built(self) -> Result<T, EncodeError> {
        Ok(self?)
    }
}

/// A member as the SDK holds it: some optional, some not.
pub(crate) trait Member<T> {
    /// The member, if it is there.
    fn member(&self) -> Option<&T>;
}

impl<T> Member<T> for T {
    fn member(&self) -> Option<&T> {
        Some(self)
    }
}

impl<T> Member<T> for Option<T> {
    fn member(&self) -> Option<&T> {
        self.as_ref()
    }
}

impl Leaf for String {
    fn ty() -> Type {
        Type::String
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
    fn to_value(&self) -> Value {
        Value::string(self.as_str())
    }
}

impl Leaf for bool {
    fn ty() -> Type {
        Type::Bool
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_bool()
    }
    fn to_value(&self) -> Value {
        Value::bool(*self)
    }
}

impl Leaf for i32 {
    fn ty() -> Type {
        Type::Number
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_number()?.to_i64()?.try_into().ok()
    }
    fn to_value(&self) -> Value {
        Value::number(i64::from(*self))
    }
}

impl Leaf for i64 {
    fn ty() -> Type {
        Type::Number
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_number()?.to_i64()
    }
    fn to_value(&self) -> Value {
        Value::number(*self)
    }
}

/// A time, as in RFC 3339.
impl Leaf for DateTime {
    fn ty() -> Type {
        Type::String
    }
    fn from_value(value: &Value) -> Option<Self> {
        Self::from_str(value.as_str()?, Format::DateTimeWithOffset).ok()
    }
    fn to_value(&self) -> Value {
        let text = self.fmt(Format::DateTime).ok();
        text.map_or_else(|| Value::null(Type::String), Value::string)
    }
}

impl<T: Leaf> Leaf for Vec<T> {
    fn ty() -> Type {
        Type::list(T::ty())
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.elements()?.iter().map(T::from_value).collect()
    }
    fn to_value(&self) -> Value {
        Value::list(T::ty(), self.iter().map(Leaf::to_value).collect())
    }
}

/// The names may be those of an enumeration.
impl<K> Leaf for HashMap<K, String>
where
    K: for<'a> From<&'a str> + AsRef<str> + Eq + Hash,
{
    fn ty() -> Type {
        Type::map(Type::String)
    }
    fn from_value(value: &Value) -> Option<Self> {
        let members = value.members()?.iter();
        members
            .map(|(k, v)| Some((K::from(k.as_str()), String::from_value(v)?)))
            .collect()
    }
    fn to_value(&self) -> Value {
        let members = self
            .iter()
            .map(|(k, v)| (Text::from(k.as_ref()), v.to_value()));
        Value::map(Type::String, members.collect::<BTreeMap<_, _>>())
    }
}

/// Enumerations of the SDK: strings in configurations. A string that this version of the SDK does
/// not know passes through in both directions.
macro_rules! enumerations {
    ($($name:ident)*) => {$(
        impl $crate::structure::Leaf for aws_sdk_appflow::types::$name {
            fn ty() -> flowctl_model::Type {
                flowctl_model::Type::String
            }
            fn from_value(value: &flowctl_model::Value) -> Option<Self> {
                value.as_str().map(Self::from)
            }
            fn to_value(&self) -> flowctl_model::Value {
                flowctl_model::Value::string(self.as_str())
            }
        }
    )*};
}
pub(crate) use enumerations;
enumerations!(AuthenticationType ConnectionMode ConnectorType OAuth2GrantType);

/// The leaf for an argument; `None` if it is not set.
pub(crate) fn encode_leaf<T: Leaf>(
    block: &Value,
    name: &'static str,
) -> Result<Option<T>, EncodeError> {
    match block.get(name) {
        Some(value) if !value.is_null() => T::from_value(value)
            .map(Some)
            .ok_or(EncodeError::Unusable(name)),
        _ => Ok(None),
    }
}

/// The structure for a nested block; `None` if there is no such block.
pub(crate) fn encode_block<T: Structure>(
    block: &Value,
    name: &'static str,
) -> Result<Option<T>, EncodeError> {
    match block.get(name) {
        Some(value) if !value.is_null() => {
            let blocks = value.elements().ok_or(EncodeError::Unusable(name))?;
            blocks.first().map(T::encode).transpose()
        }
        _ => Ok(None),
    }
}

/// The structures for all nested blocks of a type, in their order.
pub(crate) fn encode_blocks<T: Structure>(
    block: &Value,
    name: &'static str,
) -> Result<Vec<T>, EncodeError> {
    let blocks = block.get(name).and_then(Value::elements);
    let blocks = blocks.ok_or(EncodeError::Unusable(name))?;
    blocks.iter().map(T::encode).collect()
}

/// The value of an argument, null if the member is absent.
pub(crate) fn decode_leaf<T: Leaf>(member: Option<&T>) -> Value {
    member.map_or_else(|| Value::null(T::ty()), Leaf::to_value)
}

/// The value of a nested block: a list of one object, or of none if the member is absent.
pub(crate) fn decode_block<T: Structure>(member: Option<&T>) -> Value {
    Value::list(
        T::object_type(),
        member.map(Structure::decode).into_iter().collect(),
    )
}

/// Marks an attribute that everyone may see and that the service returns.
pub(crate) fn shown(attribute: Attribute) -> Attribute {
    attribute
}

/// Marks an attribute that everyone may see but that the service never returns.
pub(crate) fn unread(attribute: Attribute) -> Attribute {
    attribute.not_returned()
}

/// Marks an attribute that nobody may see; the service never returns it either.
pub(crate) fn secret(attribute: Attribute) -> Attribute {
    Attribute {
        secret: true,
        ..attribute.not_returned()
    }
}

/// Defines [`Structure`] for types of the SDK, one row per member:
///
/// ```text
/// TypeOfTheSdk "What the block is for." {
///     argument member: LeafType = Presence, visibility, limits, "What it is for.";
/// } {
///     block member: StructureType = presence;
/// }
/// ```
///
/// The argument's or block's name in configurations comes first, the member's name in the SDK
/// second. Visibilities are [`shown`], [`unread`] and [`secret`]. Where the SDK's builder takes a
/// collection element by element, `via` names the setter that takes it whole.
macro_rules! structures {
    ($($structure:ident $doc:literal {
        $($argument:ident $member:ident $(via $setter:ident)?: $leaf:ty
            = $presence:ident, $visibility:ident, $limits:expr, $text:literal;)*
    } {
        $($block:ident $block_member:ident: $nested:ident = $occurrence:ident;)*
    })*) => {$(
        impl $crate::structure::Built<Self> for aws_sdk_appflow::types::$structure {
            fn built(self) -> Result<Self, $crate::structure::EncodeError> {
                Ok(self)
            }
        }

        impl $crate::structure::Structure for aws_sdk_appflow::types::$structure {
            fn block() -> flowctl_schema::Block {
                flowctl_schema::Block {
                    attributes: vec![$(
                        $crate::structure::$visibility(flowctl_schema::Attribute::new(
                            stringify!($argument),
                            <$leaf as $crate::structure::Leaf>::ty(),
                            flowctl_schema::Presence::$presence,
                            $text,
                        ).constraints($limits))
                    ),*],
                    blocks: vec![$(
                        flowctl_schema::NestedBlock::$occurrence(
                            stringify!($block),
                            <aws_sdk_appflow::types::$nested as $crate::structure::Structure>::block(),
                        )
                    ),*],
                    doc: $doc,
                    ..flowctl_schema::Block::default()
                }
            }

            fn object_type() -> flowctl_model::Type {
                static TYPE: std::sync::LazyLock<flowctl_model::Type> =
                    std::sync::LazyLock::new(|| {
                        <aws_sdk_appflow::types::$structure as $crate::structure::Structure>::block()
                            .ty()
                    });
                TYPE.clone()
            }

            #[allow(unused_variables, reason = "some structures have no members")]
            fn encode(
                value: &flowctl_model::Value,
            ) -> Result<Self, $crate::structure::EncodeError> {
                let builder = Self::builder();
                $(let builder = match $crate::structure::encode_leaf::<$leaf>(
                    value,
                    stringify!($argument),
                )? {
                    Some(leaf) => $crate::structure::structures!(
                        @set builder, leaf, $member $(via $setter)?
                    ),
                    None => builder,
                };)*
                $(let builder = match $crate::structure::encode_block::<
                    aws_sdk_appflow::types::$nested,
                >(value, stringify!($block))? {
                    Some(block) => builder.$block_member(block),
                    None => builder,
                };)*
                $crate::structure::Built::built(builder.build())
            }

            fn decode(&self) -> flowctl_model::Value {
                flowctl_model::Value::object::<flowctl_model::Text>([
                    $((
                        flowctl_model::Text::fixed(stringify!($argument)),
                        $crate::structure::decode_leaf::<$leaf>(
                            $crate::structure::Member::member(&self.$member),
                        ),
                    ),)*
                    $((
                        flowctl_model::Text::fixed(stringify!($block)),
                        $crate::structure::decode_block::<aws_sdk_appflow::types::$nested>(
                            $crate::structure::Member::member(&self.$block_member),
                        ),
                    ),)*
                ])
            }
        }
    )*};
    (@set $builder:ident, $leaf:ident, $member:ident) => {
        $builder.$member($leaf)
    };
    (@set $builder:ident, $leaf:ident, $member:ident via $setter:ident) => {
        $builder.$setter(Some($leaf))
    };
}
pub(crate) use structures;
