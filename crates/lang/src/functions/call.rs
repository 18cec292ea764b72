//! What all calls have in common: counting and converting arguments, nulls, unknown values, marks.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_model::{Marks, Number, Refinement, Text, Type, Value};

use super::{Function, FunctionError, Returns};
use crate::world::World;

/// What bodies may ask of the evaluator.
pub trait Services {
    /// The outside world.
    fn world(&self) -> &dyn World;
    /// Renders the template in `source` with the given variables; `origin` names it in errors.
    fn render(
        &self,
        source: &str,
        origin: &str,
        variables: &BTreeMap<Text, Value>,
    ) -> Result<Value, FunctionError>;
}

/// One call of a function, as its body sees it.
pub struct Call<'a> {
    /// The arguments, converted to the parameters' types.
    pub args: Vec<Value>,
    /// The type of the result, as far as it can be told from the arguments.
    pub returns: Type,
    /// Where files, the clock and templates are.
    pub services: &'a dyn Services,
}

impl Call<'_> {
    /// The argument at `index`; null if there are fewer.
    pub fn arg(&self, index: usize) -> Value {
        self.args
            .get(index)
            .cloned()
            .unwrap_or_else(|| Value::null(Type::Any))
    }
    /// The outside world.
    pub fn world(&self) -> &dyn World {
        self.services.world()
    }
    /// A known string.
    pub fn text(&self, index: usize) -> Result<&str, FunctionError> {
        self.args
            .get(index)
            .and_then(Value::as_str)
            .ok_or_else(|| FunctionError::argument(index, "a string is required"))
    }
    /// A known number.
    pub fn number(&self, index: usize) -> Result<&Number, FunctionError> {
        self.args
            .get(index)
            .and_then(Value::as_number)
            .ok_or_else(|| FunctionError::argument(index, "a number is required"))
    }
    /// A known whole number of machine size.
    pub fn integer(&self, index: usize) -> Result<i64, FunctionError> {
        self.number(index)?
            .to_i64()
            .ok_or_else(|| FunctionError::other(super::NOT_WHOLE))
    }
    /// A known boolean.
    pub fn bool(&self, index: usize) -> Result<bool, FunctionError> {
        self.args
            .get(index)
            .and_then(Value::as_bool)
            .ok_or_else(|| FunctionError::argument(index, "a bool is required"))
    }
    /// The elements of a known list, set or tuple.
    pub fn elements(&self, index: usize) -> Result<&[Value], FunctionError> {
        self.args
            .get(index)
            .and_then(Value::elements)
            .ok_or_else(|| FunctionError::argument(index, "a list, set or tuple is required"))
    }
    /// The members of a known map or object.
    pub fn members(&self, index: usize) -> Result<&BTreeMap<Text, Value>, FunctionError> {
        self.args
            .get(index)
            .and_then(Value::members)
            .ok_or_else(|| FunctionError::argument(index, "a map or object is required"))
    }
    /// An unknown value of the result's type.
    pub fn unknown(&self) -> Value {
        Value::unknown(self.returns.clone())
    }
    /// A list or a tuple, whichever the result is to be.
    pub fn list(&self, elements: Vec<Value>) -> Value {
        match &self.returns {
            Type::List(element) => Value::list(element.as_ref().clone(), elements),
            _ => Value::tuple(elements),
        }
    }
    /// A map or an object, whichever the result is to be.
    pub fn mapping(&self, members: BTreeMap<Text, Value>) -> Value {
        match &self.returns {
            Type::Map(element) => Value::map(element.as_ref().clone(), members),
            _ => Value::object(members),
        }
    }
}

/// Calls `function`. The number of arguments has been checked.
pub fn call(
    function: &Function,
    mut args: Vec<Value>,
    services: &dyn Services,
) -> Result<Value, FunctionError> {
    let mut marks = Marks::NONE;
    let mut any_type = false;
    let mut unknown = false;
    for (index, arg) in args.iter_mut().enumerate() {
        let Some(param) = function.param(index) else {
            continue;
        };
        *arg = param
            .convert(std::mem::replace(arg, Value::null(Type::Any)))
            .map_err(|error| FunctionError::argument(index, error.to_string()))?;
        if arg.is_null() && !param.null {
            return Err(FunctionError::argument(index, "argument must not be null"));
        }
        if !param.marked {
            let inside = arg.deep_marks();
            if !inside.is_none() {
                marks = marks.union(inside);
                *arg = arg.unmarked_deep(inside);
            }
        }
        unknown |= !arg.is_known() && !param.unknown;
        // A null that has no type yet counts too.
        let untyped = arg.is_null() || !arg.is_known();
        any_type |= untyped && arg.ty() == Type::Any && !param.any_type;
    }
    let returns = match function.returns {
        _ if any_type => Type::Any,
        Returns::Fixed(kind) => kind.to_type(),
        Returns::From(derive) => derive(&args)?,
    };
    let not_null = |value: Value| {
        if function.may_return_null {
            value
        } else {
            refine_not_null(value)
        }
    };
    if any_type || unknown {
        // The body, which would have put the marks where they belong, is not called.
        let left = args
            .iter()
            .fold(marks, |marks, arg| marks.union(arg.marks()));
        return Ok(not_null(Value::unknown(returns)).marked(left));
    }
    let mut call = Call {
        args,
        returns,
        services,
    };
    let value = (function.body)(&mut call)?;
    Ok(not_null(value).marked(marks))
}

/// Adds to an unknown value of known type that it will not be null.
fn refine_not_null(value: Value) -> Value {
    let (kind, marks) = value.into_parts();
    match kind {
        flowctl_model::Kind::Unknown(unknown) if unknown.ty != Type::Any => {
            let refinement = unknown
                .refinement
                .map(Arc::unwrap_or_clone)
                .unwrap_or_default();
            let refinement = Refinement {
                not_null: true,
                ..refinement
            };
            Value::refined(unknown.ty, refinement).with_marks(marks)
        }
        kind => Value::new(kind).with_marks(marks),
    }
}
