//! Functions that look into lists, sets, tuples, maps and objects, or pick from them.

use std::collections::HashSet;

use flowctl_model::{Number, Refinement, Type, Value};
use flowctl_parser::unicode::grapheme_count;

use super::{Call, Function, FunctionError, Kind, Param, Returns};
use crate::convert::convert;
use crate::eval::equals;

const LIST: Param = Param::new("list", Kind::Any);
const LIST_OF_ANY: Kind = Kind::List(&Kind::Any);
const BOOLS: Param = Param::new("list", Kind::List(&Kind::Bool));
const BOOL: Returns = Returns::Fixed(Kind::Bool);
const STRINGS: Kind = Kind::List(&Kind::String);

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "alltrue",
        params: &[BOOLS],
        returns: BOOL,
        doc: "Whether every element of a list is true, which it is of an empty one.",
        example: ("alltrue([\"true\", true])", "true"),
        body: |call| {
            for element in call.elements(0)? {
                match element.as_bool() {
                    Some(true) => {}
                    None if !element.is_known() => return Ok(call.unknown()),
                    _ => return Ok(Value::bool(false)),
                }
            }
            Ok(Value::bool(true))
        },
        ..Function::BASE
    },
    Function {
        name: "anytrue",
        params: &[BOOLS],
        returns: BOOL,
        doc: "Whether an element of a list is true, which none is of an empty one.",
        example: ("anytrue([false, true])", "true"),
        body: |call| {
            let elements = call.elements(0)?;
            if elements.iter().any(|e| e.as_bool() == Some(true)) {
                Ok(Value::bool(true))
            } else if elements.iter().all(Value::is_known) {
                Ok(Value::bool(false))
            } else {
                Ok(call.unknown())
            }
        },
        ..Function::BASE
    },
    Function {
        name: "coalesce",
        variadic: Some(Param::new("vals", Kind::Any).null().unknown().any_type()),
        returns: Returns::From(|args| {
            let types: Vec<Type> = args.iter().map(Value::ty).collect();
            if types.is_empty() {
                return Ok(Type::Any);
            }
            crate::unify(&types)
                .ok_or_else(|| FunctionError::other("all arguments must have the same type"))
        }),
        doc: "The first argument that is neither null nor an empty string.",
        example: ("coalesce(null, \"\", \"a\")", "\"a\""),
        body: coalesce,
        ..Function::BASE
    },
    Function {
        name: "coalescelist",
        variadic: Some(Param::new("vals", Kind::Any).null().unknown().any_type()),
        returns: Returns::From(coalesced_list_type),
        doc: "The first list that has an element.",
        example: ("coalescelist([], [\"a\"])[0]", "\"a\""),
        body: |call| {
            for list in &call.args {
                match list.elements() {
                    Some([]) => {}
                    Some(_) => return Ok(list.clone()),
                    None if list.is_known() => {}
                    None => return Ok(call.unknown()),
                }
            }
            Err(FunctionError::other("no non-empty arguments"))
        },
        ..Function::BASE
    },
    Function {
        name: "compact",
        params: &[Param::new("list", STRINGS)],
        returns: Returns::Fixed(STRINGS),
        doc: "The strings of a list but for empty ones and nulls.",
        example: ("length(compact([\"a\", \"\", null]))", "1"),
        body: |call| {
            let list = call.arg(0);
            if !list.is_wholly_known() {
                return Ok(call.unknown());
            }
            let kept = call.elements(0)?.iter();
            let kept = kept.filter(|e| e.as_str().is_some_and(|text| !text.is_empty()));
            Ok(Value::list(Type::String, kept.cloned().collect()))
        },
        ..Function::BASE
    },
    Function {
        name: "contains",
        params: &[LIST, Param::new("value", Kind::Any)],
        returns: BOOL,
        doc: "Whether a list, set or tuple has an element that equals a value.",
        example: ("contains([\"a\", \"b\"], \"b\")", "true"),
        body: |call| {
            let elements = call
                .elements(0)
                .map_err(|_| FunctionError::other("argument must be list, tuple, or set"))?;
            let wanted = call.arg(1);
            let mut answer = Value::bool(false);
            for element in elements {
                match equals(&wanted, element) {
                    Some(true) => return Ok(Value::bool(true)),
                    Some(false) => {}
                    None => answer = call.unknown(),
                }
            }
            Ok(answer)
        },
        ..Function::BASE
    },
    Function {
        name: "distinct",
        params: &[Param::new("list", LIST_OF_ANY)],
        returns: Returns::From(super::first_type),
        doc: "The elements of a list, each only where it occurs first.",
        example: ("length(distinct([\"a\", \"b\", \"a\"]))", "2"),
        body: |call| {
            if !call.arg(0).is_wholly_known() {
                return Ok(call.unknown());
            }
            let mut seen = HashSet::new();
            let elements = call.elements(0)?;
            let distinct = elements.iter().filter(|element| seen.insert(*element));
            Ok(call.list(distinct.cloned().collect()))
        },
        ..Function::BASE
    },
    Function {
        name: "element",
        params: &[LIST.marked(), Param::new("index", Kind::Number)],
        may_return_null: true,
        returns: Returns::From(element_type),
        doc: "The element of a list at an index, which begins again after the last and, if \
              negative, counts from the end.",
        example: ("element([\"a\", \"b\", \"c\"], 4)", "\"b\""),
        body: |call| {
            let list = call.arg(0);
            let elements = call.elements(0)?;
            let at = wrapped_index(&call.arg(1), elements.len())?;
            let element = elements.get(at).cloned();
            Ok(element
                .unwrap_or_else(|| call.unknown())
                .marked(list.marks()))
        },
        ..Function::BASE
    },
    Function {
        name: "index",
        params: &[LIST, Param::new("value", Kind::Any)],
        returns: Returns::Fixed(Kind::Number),
        doc: "The index of the first element of a list that equals a value.",
        example: ("index([\"a\", \"b\"], \"b\")", "1"),
        body: |call| {
            let list = call.arg(0);
            if !matches!(list.ty(), Type::List(_) | Type::Tuple(_)) {
                return Err(FunctionError::other("argument must be a list or tuple"));
            }
            let elements = call.elements(0)?;
            if elements.is_empty() {
                return Err(FunctionError::other("cannot search an empty list"));
            }
            for (index, element) in elements.iter().enumerate() {
                match equals(&call.arg(1), element) {
                    Some(true) => return Ok(Value::number(index)),
                    Some(false) => {}
                    None => return Ok(call.unknown()),
                }
            }
            Err(FunctionError::other("item not found"))
        },
        ..Function::BASE
    },
    Function {
        name: "keys",
        params: &[Param::new("inputMap", Kind::Any).unknown().marked()],
        returns: Returns::From(|args| match args.first().map(Value::ty) {
            Some(Type::Map(_)) => Ok(Type::list(Type::String)),
            Some(Type::Object(object)) => {
                Ok(Type::tuple(vec![Type::String; object.attributes.len()]))
            }
            _ => Err(FunctionError::argument(0, "must have map or object type")),
        }),
        doc: "The keys of a map or object, in order.",
        example: ("keys({ b = 1, a = 2 })[0]", "\"a\""),
        body: |call| {
            let map = call.arg(0);
            let names = match map.ty() {
                Type::Object(object) => object.attributes.keys().cloned().collect(),
                _ if !map.is_known() => return Ok(call.unknown().marked(map.marks())),
                _ => call.members(0)?.keys().cloned().collect::<Vec<_>>(),
            };
            let names = names.into_iter().map(Value::string).collect();
            Ok(call.list(names).marked(map.marks()))
        },
        ..Function::BASE
    },
    Function {
        name: "length",
        params: &[Param::new("value", Kind::Any).unknown().any_type().marked()],
        returns: Returns::From(|args| {
            match args.first().map(|arg| {
                // What is in it takes long to look at, and does not matter.
                let many = arg.members().is_some() || arg.elements().is_some();
                if many { Type::Any } else { arg.ty() }
            }) {
                Some(Type::Bool | Type::Number) => Err(FunctionError::other(
                    "argument must be a string, a collection type, or a structural type",
                )),
                _ => Ok(Type::Number),
            }
        }),
        doc: "The number of elements of a collection, or of characters of a string.",
        example: ("length([\"a\", \"b\"])", "2"),
        body: |call| Ok(length(&call.arg(0))),
        ..Function::BASE
    },
    Function {
        name: "lookup",
        params: &[
            Param::new("inputMap", Kind::Any).marked(),
            Param::new("key", Kind::String).marked(),
        ],
        variadic: Some(
            Param::new("default", Kind::Any)
                .null()
                .unknown()
                .any_type()
                .marked(),
        ),
        may_return_null: true,
        returns: Returns::From(lookup_type),
        doc: "The element of a map with a key, or else the default.",
        example: ("lookup({ a = \"x\" }, \"b\", \"none\")", "\"none\""),
        body: lookup,
    },
    Function {
        name: "matchkeys",
        params: &[
            Param::new("values", LIST_OF_ANY),
            Param::new("keys", LIST_OF_ANY),
            Param::new("searchset", LIST_OF_ANY),
        ],
        returns: Returns::From(|args| {
            let types: Vec<Type> = args.iter().skip(1).map(Value::ty).collect();
            if crate::unify(&types).is_none() {
                return Err(FunctionError::other(
                    "keys and searchset must be of the same type",
                ));
            }
            super::first_type(args)
        }),
        doc: "The elements of a list whose keys, at the same index of another list, are among \
              those searched for.",
        example: (
            "matchkeys([1, 2, 3], [\"a\", \"b\", \"a\"], [\"a\"])[1]",
            "3",
        ),
        body: match_keys,
        ..Function::BASE
    },
    Function {
        name: "one",
        params: &[LIST],
        may_return_null: true,
        returns: Returns::From(|args| match args.first().map(Value::ty) {
            Some(Type::List(element) | Type::Set(element)) => Ok(element.as_ref().clone()),
            Some(Type::Tuple(types)) if types.len() < 2 => {
                Ok(types.first().cloned().unwrap_or(Type::Any))
            }
            _ => Err(not_one()),
        }),
        doc: "The only element of a list, or null if it is empty.",
        example: ("one([\"a\"])", "\"a\""),
        body: |call| match call.elements(0)? {
            [] => Ok(Value::null(call.returns.clone())),
            [only] => Ok(only.clone()),
            // Elements of a set that are not known yet may turn out to be the same.
            _ if length(&call.arg(0)).as_number().is_none() => Ok(call.unknown()),
            _ => Err(not_one()),
        },
        ..Function::BASE
    },
    Function {
        name: "sum",
        params: &[LIST],
        returns: Returns::Fixed(Kind::Number),
        doc: "The sum of the numbers of a list.",
        example: ("sum([1, 2, 3])", "6"),
        body: sum,
        ..Function::BASE
    },
    Function {
        name: "values",
        params: &[Param::new("mapping", Kind::Any).marked()],
        returns: Returns::From(|args| match args.first().map(Value::ty) {
            Some(Type::Map(element)) => Ok(Type::list(element.as_ref().clone())),
            Some(Type::Object(object)) => {
                Ok(Type::tuple(object.attributes.values().cloned().collect()))
            }
            _ => Err(FunctionError::other(
                "values() requires a map as the first argument",
            )),
        }),
        doc: "The elements of a map or object, in the order of their keys.",
        example: ("values({ b = 1, a = 2 })[0]", "2"),
        body: |call| {
            let marks = call.arg(0).marks();
            let values = call.members(0)?.values().cloned().collect();
            Ok(call.list(values).marked(marks))
        },
        ..Function::BASE
    },
];

fn coalesce(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    for arg in &call.args {
        let arg = convert(arg, &call.returns).map_err(|e| FunctionError::other(e.to_string()))?;
        if !arg.is_known() {
            return Ok(call.unknown());
        }
        if !arg.is_null() && arg.as_str() != Some("") {
            return Ok(arg);
        }
    }
    Err(FunctionError::other(
        "no non-null, non-empty-string arguments",
    ))
}

fn coalesced_list_type(args: &[Value]) -> Result<Type, FunctionError> {
    let Some(first) = args.first() else {
        return Err(FunctionError::other("at least one argument is required"));
    };
    let mut same = true;
    for arg in args {
        let ty = arg.ty();
        if !arg.is_known() {
            return Ok(Type::Any);
        }
        if !matches!(ty, Type::List(_) | Type::Tuple(_)) {
            return Err(FunctionError::other(
                "coalescelist arguments must be lists or tuples",
            ));
        }
        same &= ty == first.ty();
    }
    Ok(if same { first.ty() } else { Type::Any })
}

fn element_type(args: &[Value]) -> Result<Type, FunctionError> {
    let [list, index] = args else {
        return Ok(Type::Any);
    };
    match list.ty() {
        Type::List(element) => Ok(element.as_ref().clone()),
        Type::Tuple(_) if !index.is_known() => Ok(Type::Any),
        Type::Tuple(types) => {
            let at = wrapped_index(index, types.len())?;
            // Of a tuple Terraform finds only those that are whole rounds back.
            if index.as_number().is_some_and(Number::is_negative) && at != 0 {
                return Err(FunctionError::other(
                    "cannot use element function with a negative index on a tuple; make it a list \
                     with tolist(…)",
                ));
            }
            Ok(types.get(at).cloned().unwrap_or(Type::Any))
        }
        other => Err(FunctionError::other(format!(
            "cannot read elements from {}",
            other.friendly_name()
        ))),
    }
}

/// The index into a sequence of a length, beginning again after the last element.
fn wrapped_index(index: &Value, length: usize) -> Result<usize, FunctionError> {
    let index = index
        .as_number()
        .and_then(Number::to_i64)
        .ok_or_else(|| FunctionError::other(format!("invalid index: {}", super::NOT_WHOLE)))?;
    i64::try_from(length)
        .ok()
        .and_then(|length| index.checked_rem_euclid(length))
        .and_then(|index| usize::try_from(index).ok())
        .ok_or_else(|| FunctionError::other("cannot use element function with an empty list"))
}

/// The length of anything that has one; unknown, within bounds, where it is not known yet.
fn length(value: &Value) -> Value {
    let between = |min: usize, max: Option<usize>| {
        if max == Some(min) {
            return Value::number(min);
        }
        Value::refined(
            Type::Number,
            Refinement {
                not_null: true,
                lower: Some((Number::from(min), true)),
                upper: max.map(|max| (Number::from(max), true)),
                ..Refinement::default()
            },
        )
    };
    let result = match value.kind() {
        flowctl_model::Kind::String(text) => Value::number(grapheme_count(text)),
        flowctl_model::Kind::Set(_, elements)
            if elements.len() > 1 && !elements.iter().all(Value::is_wholly_known) =>
        {
            // Elements that are not known yet may be the same as others.
            let known = elements.iter().filter(|e| e.is_wholly_known()).count();
            between(known.max(1), Some(elements.len()))
        }
        flowctl_model::Kind::Unknown(unknown) => match &unknown.ty {
            Type::Tuple(types) => Value::number(types.len()),
            Type::Object(object) => Value::number(object.attributes.len()),
            Type::Any => Value::unknown_not_null(Type::Number),
            _ => {
                let refinement = unknown.refinement.as_deref();
                between(
                    refinement.and_then(|r| r.min_length).unwrap_or(0),
                    refinement.and_then(|r| r.max_length),
                )
            }
        },
        _ => {
            let elements = value.elements().map(<[Value]>::len);
            let members = value.members().map(std::collections::BTreeMap::len);
            Value::number(elements.or(members).unwrap_or(0))
        }
    };
    result.marked(value.marks())
}

fn lookup_type(args: &[Value]) -> Result<Type, FunctionError> {
    if args.len() > 3 {
        return Err(FunctionError::other(format!(
            "lookup() takes two or three arguments, got {}",
            args.len()
        )));
    }
    let default = args.get(2);
    let key = args.get(1).and_then(Value::as_str);
    // The type of all of an object takes long to find out, and is not needed.
    if let (Some(flowctl_model::Kind::Object(members)), Some(key)) =
        (args.first().map(Value::kind), key)
        && let Some(found) = members.get(key)
    {
        return Ok(found.ty());
    }
    match args.first().map(Value::ty) {
        Some(Type::Object(object)) => {
            let Some(key) = key else {
                return Ok(Type::Any);
            };
            match (object.attributes.get(key), default) {
                (Some(ty), _) => Ok(ty.clone()),
                (None, Some(default)) => Ok(default.ty()),
                (None, None) => Err(FunctionError::argument(
                    0,
                    format!(
                        "the given object has no attribute {}",
                        quoted_unless_sensitive(args.get(1))
                    ),
                )),
            }
        }
        Some(Type::Map(element)) => {
            if default.is_some_and(|default| convert(default, &element).is_err()) {
                return Err(FunctionError::argument(
                    2,
                    "the default value must have the same type as the map elements",
                ));
            }
            Ok(element.as_ref().clone())
        }
        _ => Err(FunctionError::argument(
            0,
            "lookup() requires a map as the first argument",
        )),
    }
}

fn lookup(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let (map, key) = (call.arg(0), call.arg(1));
    let marks = map.marks().union(key.marks());
    if let Some(found) = map.get(call.text(1)?) {
        return Ok(found.clone().marked(marks));
    }
    match call.args.get(2) {
        Some(default) => convert(default, &call.returns)
            .map(|default| default.marked(marks))
            .map_err(|error| FunctionError::argument(2, error.to_string())),
        None => Err(FunctionError::other(format!(
            "lookup failed to find key {}",
            quoted_unless_sensitive(Some(&key))
        ))),
    }
}

fn quoted_unless_sensitive(key: Option<&Value>) -> String {
    match key
        .filter(|key| !key.is_sensitive())
        .and_then(Value::as_str)
    {
        Some(key) => format!("{key:?}"),
        None => "(sensitive value)".to_owned(),
    }
}

fn match_keys(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let (values, keys) = (call.elements(0)?, call.elements(1)?);
    if values.len() != keys.len() {
        return Err(FunctionError::other(
            "length of keys and values should be equal",
        ));
    }
    if !values.is_empty() && call.args.iter().any(|arg| !arg.is_wholly_known()) {
        return Ok(call.unknown());
    }
    let types = [call.arg(1).ty(), call.arg(2).ty()];
    let common = crate::unify(&types).unwrap_or(Type::Any);
    let converted = |index: usize| {
        convert(&call.arg(index), &common)
            .map_err(|error| FunctionError::argument(index, error.to_string()))
    };
    let (keys, wanted) = (converted(1)?, converted(2)?);
    let wanted: HashSet<&Value> = wanted.elements().unwrap_or_default().iter().collect();
    let keys = keys.elements().unwrap_or_default();
    let matching = values
        .iter()
        .zip(keys)
        .filter(|(_, key)| wanted.contains(key));
    Ok(call.list(matching.map(|(value, _)| value.clone()).collect()))
}

fn not_one() -> FunctionError {
    FunctionError::argument(
        0,
        "must be a list, set, or tuple value with either zero or one elements",
    )
}

fn sum(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let list = call.arg(0);
    let elements = call.elements(0).map_err(|_| {
        FunctionError::argument(
            0,
            format!(
                "argument must be list, set, or tuple. Received {}",
                list.ty().friendly_name()
            ),
        )
    })?;
    if elements.is_empty() {
        return Err(FunctionError::argument(0, "cannot sum an empty list"));
    }
    if !list.is_wholly_known() {
        return Ok(call.unknown());
    }
    let mut sum = Number::ZERO;
    for element in elements {
        let number = convert(element, &Type::Number).ok();
        let number = number.as_ref().and_then(Value::as_number).ok_or_else(|| {
            FunctionError::argument(0, "argument must be list, set, or tuple of number values")
        })?;
        sum = sum.add(number).ok_or_else(|| {
            FunctionError::argument(0, "can't compute sum of opposing infinities")
        })?;
    }
    Ok(Value::number(sum))
}
