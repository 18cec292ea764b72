//! Functions that make collections out of others: joined, cut, reordered, rearranged.

use std::collections::BTreeMap;

use flowctl_model::{Marks, Text, Type, Value};

use super::{Call, Function, FunctionError, Kind, Param, Returns};
use crate::convert::convert;

const LIST: Param = Param::new("list", Kind::Any);
const LIST_OF_ANY: Kind = Kind::List(&Kind::Any);
const LISTS_BY_KEY: Kind = Kind::Map(&Kind::List(&Kind::String));

/// Values within values deeper than this are not flattened.
const MAX_DEPTH: usize = 512;

/// So many numbers come from one call of range.
const MAX_RANGE: usize = 1024;

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "chunklist",
        params: &[
            Param::new("list", LIST_OF_ANY).marked(),
            Param::new("size", Kind::Number).marked(),
        ],
        returns: Returns::From(|args| Ok(Type::list(super::first_type(args)?))),
        doc: "The list cut into lists of a size; the last may be shorter.",
        example: ("length(chunklist([\"a\", \"b\", \"c\"], 2))", "2"),
        body: |call| {
            let list = call.arg(0);
            let marks = list.marks().union(call.arg(1).marks());
            let size = call.integer(1)?;
            let size = usize::try_from(size)
                .map_err(|_| FunctionError::other("the size argument must be positive"))?;
            let elements = call.elements(0)?;
            let Type::List(element) = list.ty() else {
                return Ok(call.unknown().marked(marks));
            };
            // No size means no cut.
            let size = if size == 0 { elements.len() } else { size };
            let chunks = elements
                .chunks(size.max(1))
                .map(|chunk| Value::list(element.as_ref().clone(), chunk.to_vec()));
            Ok(call.list(chunks.collect()).marked(marks))
        },
        ..Function::BASE
    },
    Function {
        name: "concat",
        variadic: Some(Param::new("seqs", Kind::Any).marked()),
        returns: Returns::From(concatenated_type),
        doc: "The elements of several lists, one list after the other.",
        example: ("concat([\"a\"], [\"b\"])[1]", "\"b\""),
        body: concat,
        ..Function::BASE
    },
    Function {
        name: "flatten",
        params: &[LIST.marked()],
        doc: "The elements of a list, with the elements of lists inside in the place of those.",
        example: ("flatten([[\"a\", []], [\"b\"]])[1]", "\"b\""),
        body: |call| {
            let list = call.arg(0);
            if list.elements().is_none() {
                return Err(FunctionError::other(
                    "can only flatten lists, sets and tuples",
                ));
            }
            let mut flat = Flat::default();
            flat.add(&list, 0)?;
            let value = if flat.unknown {
                call.unknown().marked(list.deep_marks())
            } else {
                Value::tuple(flat.elements)
            };
            Ok(value.marked(flat.marks))
        },
        ..Function::BASE
    },
    Function {
        name: "merge",
        variadic: Some(Param::new("maps", Kind::Any).null().any_type().marked()),
        returns: Returns::From(merged_type),
        doc: "One map or object with the elements of all; a later element takes the place of an \
              earlier one of the same key.",
        example: ("merge({ a = 1 }, { a = 2 }).a", "2"),
        body: |call| {
            let mut marks = Marks::NONE;
            let mut merged: BTreeMap<Text, Value> = BTreeMap::new();
            for arg in &call.args {
                // Beside what has no type yet a set of strings gets through, as if it was an object.
                if let flowctl_model::Kind::Set(Type::String, names) = arg.kind() {
                    for name in names.iter() {
                        let text = name.as_str().unwrap_or_default();
                        merged.insert(text.into(), name.clone());
                    }
                } else if arg.members().is_none() && !arg.is_null() {
                    return Err(unmergeable(&arg.ty()));
                }
                marks = marks.union(arg.marks());
                for (name, value) in arg.members().into_iter().flatten() {
                    merged.insert(name.clone(), value.clone());
                }
            }
            Ok(call.mapping(merged).marked(marks))
        },
        ..Function::BASE
    },
    Function {
        name: "range",
        variadic: Some(Param::new("params", Kind::Number)),
        returns: Returns::Fixed(Kind::List(&Kind::Number)),
        doc: "The numbers from a start (or 0) up to but without an end, with a step between them \
              (or 1).",
        example: ("range(1, 8, 2)[1]", "3"),
        body: range,
        ..Function::BASE
    },
    Function {
        name: "reverse",
        params: &[LIST.marked()],
        returns: Returns::From(|args| match args.first().map(Value::ty) {
            Some(Type::List(element) | Type::Set(element)) => Ok(Type::List(element)),
            Some(Type::Tuple(types)) => Ok(Type::tuple(types.iter().rev().cloned().collect())),
            other => Err(FunctionError::argument(
                0,
                format!(
                    "can only reverse list or tuple values, not {}",
                    other.unwrap_or(Type::Any).friendly_name()
                ),
            )),
        }),
        doc: "The elements of a list from the last to the first.",
        example: ("reverse([\"a\", \"b\"])[0]", "\"b\""),
        body: |call| {
            let marks = call.arg(0).marks();
            let reversed = call.elements(0)?.iter().rev().cloned().collect();
            Ok(call.list(reversed).marked(marks))
        },
        ..Function::BASE
    },
    Function {
        name: "slice",
        params: &[
            LIST.marked(),
            Param::new("start_index", Kind::Number),
            Param::new("end_index", Kind::Number),
        ],
        returns: Returns::From(slice_type),
        doc: "The elements of a list from a start up to but without an end.",
        example: ("slice([\"a\", \"b\", \"c\"], 1, 3)[0]", "\"b\""),
        body: |call| {
            let marks = call.arg(0).marks();
            let (start, end) = slice_bounds(&call.args)?;
            let range = start.unwrap_or(0)..end.unwrap_or(0);
            let elements = call.elements(0)?.get(range).unwrap_or_default().to_vec();
            Ok(call.list(elements).marked(marks))
        },
        ..Function::BASE
    },
    Function {
        name: "transpose",
        params: &[Param::new("values", LISTS_BY_KEY)],
        returns: Returns::Fixed(LISTS_BY_KEY),
        doc: "A map of lists turned around: each string of the lists becomes a key of the keys \
              under which it was found.",
        example: ("transpose({ a = [\"x\"], b = [\"x\"] }).x[1]", "\"b\""),
        body: |call| {
            let map = call.arg(0);
            if !map.is_wholly_known() {
                return Ok(call.unknown());
            }
            let mut turned: BTreeMap<Text, Vec<Value>> = BTreeMap::new();
            for (name, list) in call.members(0)? {
                let elements = list
                    .elements()
                    .ok_or_else(|| FunctionError::other("input must not contain null list"))?;
                for element in elements {
                    let key = element.as_str().ok_or_else(|| {
                        FunctionError::other("input must not contain null string")
                    })?;
                    let found = turned.entry(Text::from(key)).or_default();
                    found.push(Value::string(name.clone()));
                }
            }
            let lists = turned
                .into_iter()
                .map(|(name, keys)| (name, Value::list(Type::String, keys)));
            Ok(Value::map(Type::list(Type::String), lists.collect()))
        },
        ..Function::BASE
    },
    Function {
        name: "zipmap",
        params: &[
            Param::new("keys", Kind::List(&Kind::String)).marked(),
            Param::new("values", Kind::Any).marked(),
        ],
        returns: Returns::From(zipped_type),
        doc: "A map or object of the keys of one list and the values of another.",
        example: ("zipmap([\"a\", \"b\"], [1, 2]).b", "2"),
        body: |call| {
            let (keys, values) = (call.arg(0), call.arg(1));
            let mut marks = keys.marks().union(values.marks());
            if !keys.is_wholly_known() {
                return Ok(call.unknown().marked(keys.deep_marks().union(marks)));
            }
            let (names, elements) = (call.elements(0)?, call.elements(1)?);
            same_number(names.len(), elements.len())?;
            let mut zipped = BTreeMap::new();
            for (index, (name, element)) in names.iter().zip(elements).enumerate() {
                marks = marks.union(name.marks());
                zipped.insert(key_at(index, name)?, element.clone());
            }
            Ok(call.mapping(zipped).marked(marks))
        },
        ..Function::BASE
    },
];

fn concatenated_type(args: &[Value]) -> Result<Type, FunctionError> {
    if args.is_empty() {
        return Err(FunctionError::other("at least one argument is required"));
    }
    let types: Vec<Type> = args.iter().map(Value::ty).collect();
    if types.iter().all(|ty| matches!(ty, Type::List(_)))
        && let Some(common) = crate::unify(&types)
    {
        return Ok(common);
    }
    let mut elements = Vec::new();
    for (index, (arg, ty)) in args.iter().zip(types).enumerate() {
        match ty {
            Type::Tuple(types) => elements.extend(types.iter().cloned()),
            Type::List(element) => match arg.elements() {
                Some(of) => elements.extend(of.iter().map(|_| element.as_ref().clone())),
                None => return Ok(Type::Any),
            },
            other => {
                return Err(FunctionError::argument(
                    index,
                    format!(
                        "all arguments must be lists or tuples; got {}",
                        other.friendly_name()
                    ),
                ));
            }
        }
    }
    Ok(Type::tuple(elements))
}

fn concat(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let mut marks = Marks::NONE;
    let mut elements = Vec::new();
    for (index, arg) in call.args.iter().enumerate() {
        marks = marks.union(arg.marks());
        if matches!(call.returns, Type::List(_)) {
            let arg = convert(arg, &call.returns)
                .map_err(|error| FunctionError::argument(index, error.to_string()))?;
            elements.extend_from_slice(arg.elements().unwrap_or_default());
        } else {
            elements.extend_from_slice(call.elements(index)?);
        }
    }
    Ok(call.list(elements).marked(marks))
}

/// What flatten has gathered.
#[derive(Default)]
struct Flat {
    elements: Vec<Value>,
    marks: Marks,
    /// Something is not known that may yet turn out to have elements.
    unknown: bool,
}

impl Flat {
    fn add(&mut self, list: &Value, depth: usize) -> Result<(), FunctionError> {
        if depth > MAX_DEPTH {
            return Err(FunctionError::other(format!(
                "lists are nested more than {MAX_DEPTH} levels deep"
            )));
        }
        self.marks = self.marks.union(list.marks());
        for element in list.elements().unwrap_or_default() {
            let ty = match element.kind() {
                flowctl_model::Kind::Unknown(unknown) => &unknown.ty,
                _ if element.elements().is_some() => {
                    self.add(element, depth + 1)?;
                    continue;
                }
                _ => &Type::Bool,
            };
            match ty {
                Type::Any => self.unknown = true,
                Type::List(_) | Type::Set(_) | Type::Tuple(_) => {
                    self.unknown = true;
                    self.marks = self.marks.union(element.marks());
                }
                _ => self.elements.push(element.clone()),
            }
        }
        Ok(())
    }
}

fn unmergeable(ty: &Type) -> FunctionError {
    FunctionError::other(format!(
        "arguments must be maps or objects, got {:?}",
        ty.friendly_name()
    ))
}

fn merged_type(args: &[Value]) -> Result<Type, FunctionError> {
    let mut attributes: BTreeMap<Text, Type> = BTreeMap::new();
    let types: Vec<Type> = args.iter().map(Value::ty).collect();
    let mut known = true;
    for (arg, ty) in args.iter().zip(&types) {
        match ty {
            Type::Any => return Ok(Type::Any),
            Type::Object(_) | Type::Map(_) if arg.is_null() => {}
            Type::Object(object) => {
                attributes.extend(
                    object
                        .attributes
                        .iter()
                        .map(|(n, t)| (n.clone(), t.clone())),
                );
            }
            Type::Map(element) => match arg.members() {
                Some(members) => attributes.extend(
                    members
                        .keys()
                        .map(|name| (name.clone(), element.as_ref().clone())),
                ),
                None => known = false,
            },
            other => {
                return Err(unmergeable(other));
            }
        }
    }
    match types.split_first() {
        Some((first, rest)) if rest.iter().all(|ty| ty == first) => Ok(first.clone()),
        _ if !known => Ok(Type::Any),
        _ => Ok(Type::object(attributes)),
    }
}

fn range(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    use flowctl_model::Number;
    let args = &call.args;
    let number = |index: usize| call.number(index).cloned();
    let (zero, one) = (Number::ZERO, Number::from(1));
    let direction = |start: &Number, end: &Number| {
        if end < start { one.neg() } else { one.clone() }
    };
    let (start, end, step) = match args.len() {
        1 => {
            let end = number(0)?;
            let step = direction(&zero, &end);
            (zero.clone(), end, step)
        }
        2 => {
            let (start, end) = (number(0)?, number(1)?);
            let step = direction(&start, &end);
            (start, end, step)
        }
        3 => (number(0)?, number(1)?, number(2)?),
        _ => {
            return Err(FunctionError::other(
                "must have one, two, or three arguments",
            ));
        }
    };
    let down = step.is_negative();
    if step.is_zero() {
        return Err(FunctionError::other("step must not be zero"));
    }
    if down && end > start {
        return Err(FunctionError::argument(
            1,
            "end must be less than start when step is negative",
        ));
    }
    if !down && end < start {
        return Err(FunctionError::argument(
            1,
            "end must be greater than start when step is positive",
        ));
    }
    let mut numbers = Vec::new();
    let mut next = start;
    while if down { next > end } else { next < end } {
        if numbers.len() >= MAX_RANGE {
            return Err(FunctionError::other(format!(
                "more than {MAX_RANGE} values were generated; either decrease the difference \
                 between start and end or use a smaller step"
            )));
        }
        numbers.push(Value::number(next.clone()));
        next = next
            .add(&step)
            .ok_or_else(|| FunctionError::other("can't compute sum of opposing infinities"))?;
    }
    Ok(call.list(numbers))
}

/// Start and end of a slice, as far as they are known; errors where they cannot fit.
fn slice_bounds(args: &[Value]) -> Result<(Option<usize>, Option<usize>), FunctionError> {
    let length = match args.first() {
        Some(list) if list.is_known() => list.elements().map(<[Value]>::len),
        Some(list) => match list.ty() {
            Type::Tuple(types) => Some(types.len()),
            _ => None,
        },
        None => None,
    };
    let bound = |index: usize, what: &str| {
        let wrong = |why: String| Err(FunctionError::argument(index, why));
        let Some(number) = args.get(index).and_then(Value::as_number) else {
            return Ok(None);
        };
        let Some(at) = number.to_i64() else {
            return wrong(format!("invalid {what} index: {}", super::NOT_WHOLE));
        };
        let Ok(at) = usize::try_from(at) else {
            return wrong(format!("{what} index must not be less than zero"));
        };
        if length.is_some_and(|length| at > length) {
            return wrong(format!(
                "{what} index must not be greater than the length of the list"
            ));
        }
        Ok(Some(at))
    };
    let (start, end) = (bound(1, "start")?, bound(2, "end")?);
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        return Err(FunctionError::argument(
            1,
            "start index must not be greater than end index",
        ));
    }
    Ok((start, end))
}

fn slice_type(args: &[Value]) -> Result<Type, FunctionError> {
    let ty = super::first_type(args)?;
    match &ty {
        Type::Set(_) => Err(FunctionError::argument(
            0,
            "cannot slice a set, because its elements do not have indices; explicitly convert to \
             a list if the ordering of the result is not important",
        )),
        Type::List(_) => {
            slice_bounds(args)?;
            Ok(ty)
        }
        Type::Tuple(types) => Ok(match slice_bounds(args)? {
            (Some(start), Some(end)) => {
                Type::tuple(types.get(start..end).unwrap_or_default().to_vec())
            }
            _ => Type::Any,
        }),
        _ => Err(FunctionError::argument(0, "must be a list or tuple value")),
    }
}

fn zipped_type(args: &[Value]) -> Result<Type, FunctionError> {
    let [keys, values] = args else {
        return Ok(Type::Any);
    };
    match values.ty() {
        Type::List(element) => Ok(Type::Map(element)),
        Type::Tuple(_) if !keys.is_wholly_known() => Ok(Type::Any),
        Type::Tuple(types) => {
            let names = keys.elements().unwrap_or_default();
            same_number(names.len(), types.len())?;
            let attributes = names
                .iter()
                .zip(types.iter())
                .enumerate()
                .map(|(index, (name, ty))| Ok((key_at(index, name)?, ty.clone())))
                .collect::<Result<Vec<_>, FunctionError>>()?;
            Ok(Type::object(attributes))
        }
        _ => Err(FunctionError::other(
            "values argument must be a list or tuple value",
        )),
    }
}

fn same_number(keys: usize, values: usize) -> Result<(), FunctionError> {
    if keys == values {
        return Ok(());
    }
    Err(FunctionError::other(format!(
        "number of keys ({keys}) does not match number of values ({values})"
    )))
}

fn key_at(index: usize, key: &Value) -> Result<Text, FunctionError> {
    key.as_str()
        .map(Text::from)
        .ok_or_else(|| FunctionError::other(format!("keys list has null value at index {index}")))
}
