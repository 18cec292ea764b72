//! Functions of numbers.

use flowctl_model::{Number, Value};

use super::float::{ln, pow};
use super::{Call, Function, FunctionError, Kind, Param, Returns};

const NUM: Param = Param::new("num", Kind::Number);
const NUMBERS: Param = Param::new("numbers", Kind::Number);
const NUMBER: Returns = Returns::Fixed(Kind::Number);

/// The table of this area.
pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        params: &[NUM],
        returns: NUMBER,
        doc: "The number without its sign.",
        example: ("abs(-12.4)", "12.4"),
        body: |call| {
            let number = call.number(0)?;
            Ok(Value::number(if number.is_negative() {
                number.neg()
            } else {
                number.clone()
            }))
        },
        ..Function::BASE
    },
    Function {
        name: "ceil",
        params: &[NUM],
        returns: NUMBER,
        doc: "The nearest whole number that is not less.",
        example: ("ceil(5.1)", "6"),
        body: |call| Ok(Value::number(call.number(0)?.ceil())),
        ..Function::BASE
    },
    Function {
        name: "floor",
        params: &[NUM],
        returns: NUMBER,
        doc: "The nearest whole number that is not greater.",
        example: ("floor(4.9)", "4"),
        body: |call| Ok(Value::number(call.number(0)?.floor())),
        ..Function::BASE
    },
    Function {
        name: "log",
        params: &[NUM, Param::new("base", Kind::Number)],
        returns: NUMBER,
        doc: "The logarithm of a number to a base, with the precision of a double.",
        example: ("log(16, 2)", "4"),
        body: |call| double(ln(call.number(0)?.to_f64()) / ln(call.number(1)?.to_f64())),
        ..Function::BASE
    },
    Function {
        name: "max",
        variadic: Some(NUMBERS),
        returns: NUMBER,
        doc: "The greatest of one or more numbers.",
        example: ("max(12, 54, 3)", "54"),
        body: |call| extreme(call, |candidate, best| candidate > best),
        ..Function::BASE
    },
    Function {
        name: "min",
        variadic: Some(NUMBERS),
        returns: NUMBER,
        doc: "The least of one or more numbers.",
        example: ("min(12, 54, 3)", "3"),
        body: |call| extreme(call, |candidate, best| candidate < best),
        ..Function::BASE
    },
    Function {
        name: "parseint",
        params: &[
            Param::new("number", Kind::Any),
            Param::new("base", Kind::Number),
        ],
        returns: NUMBER,
        doc: "The whole number that a string writes in a base from 2 to 62.",
        example: ("parseint(\"FF\", 16)", "255"),
        body: parse_int,
        ..Function::BASE
    },
    Function {
        name: "pow",
        params: &[NUM, Param::new("power", Kind::Number)],
        returns: NUMBER,
        doc: "A number raised to a power, with the precision of a double.",
        example: ("pow(3, 2)", "9"),
        body: |call| double(pow(call.number(0)?.to_f64(), call.number(1)?.to_f64())),
        ..Function::BASE
    },
    Function {
        name: "signum",
        params: &[NUM],
        returns: NUMBER,
        doc: "-1, 0 or 1 for a whole number below, equal to or above zero.",
        example: ("signum(-13)", "-1"),
        body: |call| {
            let number = call.number(0)?;
            call.integer(0)?;
            Ok(Value::number(match number.cmp(&Number::ZERO) {
                std::cmp::Ordering::Less => -1,
                std::cmp::Ordering::Equal => 0,
                std::cmp::Ordering::Greater => 1,
            }))
        },
        ..Function::BASE
    },
];

/// The result of a computation with doubles.
fn double(value: f64) -> Result<Value, FunctionError> {
    Number::from_f64(value)
        .map(Value::number)
        .ok_or_else(|| FunctionError::other("the result is not a finite number"))
}

fn extreme(
    call: &mut Call<'_>,
    better: fn(&Number, &Number) -> bool,
) -> Result<Value, FunctionError> {
    let mut best: Option<&Number> = None;
    for index in 0..call.args.len() {
        let candidate = call.number(index)?;
        if best.is_none_or(|best| better(candidate, best)) {
            best = Some(candidate);
        }
    }
    best.cloned()
        .map(Value::number)
        .ok_or_else(|| FunctionError::other("must pass at least one number"))
}

fn parse_int(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let Some(text) = call.args.first().and_then(Value::as_str) else {
        return Err(FunctionError::argument(0, "a string is required"));
    };
    let base = call.number(1)?.to_i64();
    let base = base.ok_or_else(|| FunctionError::argument(1, super::NOT_WHOLE))?;
    let Some(base) = u32::try_from(base).ok().filter(|b| (2..=62).contains(b)) else {
        return Err(FunctionError::argument(
            1,
            "base must be a whole number between 2 and 62 inclusive",
        ));
    };
    Number::from_str_radix(text, base)
        .map(Value::number)
        .ok_or_else(|| {
            FunctionError::argument(0, format!("cannot parse {text:?} as a base {base} integer"))
        })
}
