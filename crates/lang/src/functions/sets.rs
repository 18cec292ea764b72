//! Functions of sets.

use std::collections::HashSet;

use flowctl_model::{Marks, Type, Value};

use super::{Call, Function, FunctionError, Kind, Param, Returns};
use crate::convert::convert;

const SET_OF_ANY: Kind = Kind::Set(&Kind::Any);
const FIRST: Param = Param::new("first_set", SET_OF_ANY);
const OTHERS: Param = Param::new("other_sets", SET_OF_ANY);

/// So many combinations come from one call of setproduct, so that a slip cannot exhaust the
/// memory.
const MAX_PRODUCT: usize = 1_000_000;

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "setintersection",
        params: &[FIRST],
        variadic: Some(OTHERS),
        returns: Returns::From(common_type),
        doc: "The elements that are in every one of the sets.",
        example: ("length(setintersection([1, 2], [2, 3]))", "1"),
        body: |call| {
            let Some(sets) = known_sets(call)? else {
                return Ok(call.unknown());
            };
            Ok(combined(call, &sets, |element, others| {
                others.iter().all(|other| other.contains(element))
            }))
        },
        ..Function::BASE
    },
    Function {
        name: "setproduct",
        variadic: Some(Param::new("sets", Kind::Any).marked()),
        returns: Returns::From(product_type),
        doc: "All combinations of an element of each of the sets.",
        example: ("length(setproduct([\"a\", \"b\"], [1, 2]))", "4"),
        body: product,
        ..Function::BASE
    },
    Function {
        name: "setsubtract",
        params: &[Param::new("a", SET_OF_ANY), Param::new("b", SET_OF_ANY)],
        returns: Returns::From(common_type),
        doc: "The elements of the first set that are not in the second.",
        example: ("length(setsubtract([1, 2], [2, 3]))", "1"),
        body: |call| {
            let Some(sets) = known_sets(call)? else {
                return Ok(call.unknown());
            };
            Ok(combined(call, &sets, |element, others| {
                !others.iter().any(|other| other.contains(element))
            }))
        },
        ..Function::BASE
    },
    Function {
        name: "setunion",
        params: &[FIRST],
        variadic: Some(OTHERS),
        returns: Returns::From(common_type),
        doc: "The elements that are in any of the sets.",
        example: ("length(setunion([1, 2], [2, 3]))", "3"),
        body: |call| {
            let mut elements = Vec::new();
            for set in converted(call)? {
                elements.extend_from_slice(set.elements().unwrap_or_default());
            }
            Ok(Value::set(element(call), elements))
        },
        ..Function::BASE
    },
];

fn common_type(args: &[Value]) -> Result<Type, FunctionError> {
    let mut types = Vec::new();
    for arg in args {
        if let Type::Set(element) = arg.ty()
            // The empty set goes with every other.
            && !(*element == Type::Any && arg.elements().is_some_and(<[Value]>::is_empty))
        {
            types.push(element.as_ref().clone());
        }
    }
    if types.is_empty() {
        return Ok(Type::set(Type::Any));
    }
    crate::unify(&types)
        .map(Type::set)
        .ok_or_else(|| FunctionError::other("given sets must all have compatible element types"))
}

/// The element type of the result.
fn element(call: &Call<'_>) -> Type {
    match &call.returns {
        Type::Set(element) => element.as_ref().clone(),
        _ => Type::Any,
    }
}

/// The arguments as sets of one type.
fn converted(call: &Call<'_>) -> Result<Vec<Value>, FunctionError> {
    let convert_one = |(index, arg): (usize, &Value)| {
        convert(arg, &call.returns)
            .map_err(|error| FunctionError::argument(index, error.to_string()))
    };
    call.args.iter().enumerate().map(convert_one).collect()
}

/// The same, or `None` while something inside is not known.
fn known_sets(call: &Call<'_>) -> Result<Option<Vec<Value>>, FunctionError> {
    let sets = converted(call)?;
    Ok(sets.iter().all(Value::is_wholly_known).then_some(sets))
}

/// The set of the first set's elements that are kept in view of all the others.
fn combined(
    call: &Call<'_>,
    sets: &[Value],
    keep: fn(&Value, &[HashSet<&Value>]) -> bool,
) -> Value {
    let mut sets = sets.iter().map(|set| set.elements().unwrap_or_default());
    let first = sets.next().unwrap_or_default();
    let others: Vec<HashSet<&Value>> = sets.map(|set| set.iter().collect()).collect();
    let kept = first.iter().filter(|element| keep(element, &others));
    Value::set(element(call), kept.cloned().collect())
}

fn product_type(args: &[Value]) -> Result<Type, FunctionError> {
    if args.len() < 2 {
        return Err(FunctionError::other("at least two arguments are required"));
    }
    let mut ordered = true;
    let mut elements = Vec::new();
    for (index, arg) in args.iter().enumerate() {
        elements.push(match arg.ty() {
            Type::Set(element) => {
                ordered = false;
                element.as_ref().clone()
            }
            Type::List(element) => element.as_ref().clone(),
            Type::Tuple(types) if types.is_empty() => Type::Any,
            Type::Tuple(types) => crate::unify(&types).ok_or_else(|| {
                FunctionError::argument(index, "all elements must be of the same type")
            })?,
            other => {
                return Err(FunctionError::argument(
                    index,
                    format!(
                        "a set or a list is required, but given {}",
                        other.friendly_name()
                    ),
                ));
            }
        });
    }
    let combination = Type::tuple(elements);
    Ok(if ordered {
        Type::list(combination)
    } else {
        Type::set(combination)
    })
}

fn product(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let (Type::List(combination) | Type::Set(combination)) = &call.returns else {
        return Ok(call.unknown());
    };
    let Type::Tuple(types) = combination.as_ref() else {
        return Ok(call.unknown());
    };
    let mut marks = Marks::NONE;
    let mut combinations: Vec<Vec<Value>> = vec![Vec::new()];
    for (index, (arg, ty)) in call.args.iter().zip(types.iter()).enumerate() {
        marks = marks.union(arg.marks());
        if matches!(arg.ty(), Type::Set(_))
            && !arg.is_wholly_known()
            && call.elements(index)?.len() > 1
        {
            return Ok(call.unknown().marked(marks));
        }
        let elements = call
            .elements(index)?
            .iter()
            .map(|element| convert(element, ty))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| FunctionError::argument(index, error.to_string()))?;
        if combinations.len().saturating_mul(elements.len()) > MAX_PRODUCT {
            return Err(FunctionError::other(format!(
                "there would be more than {MAX_PRODUCT} combinations"
            )));
        }
        combinations = combinations
            .iter()
            .flat_map(|before| {
                elements.iter().map(move |element| {
                    let mut combination = before.clone();
                    combination.push(element.clone());
                    combination
                })
            })
            .collect();
    }
    let tuples = combinations.into_iter().map(Value::tuple).collect();
    Ok(match &call.returns {
        Type::Set(_) => Value::set(combination.as_ref().clone(), tuples),
        _ => call.list(tuples),
    }
    .marked(marks))
}
