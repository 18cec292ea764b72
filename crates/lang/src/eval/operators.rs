//! Operators, with unknown values and marks.

use flowctl_model::{Kind, Number, Type, Value};
use flowctl_parser::ast::{Binary, BinaryOp, Expr, ExprKind, Unary, UnaryOp};

use super::Session;
use crate::convert::convert;

impl Session<'_> {
    /// A binary operation; long chains to the left are walked without recursion.
    pub(super) fn binary(&mut self, expr: &Expr) -> Value {
        let mut pending: Vec<(&Expr, &Binary)> = Vec::new();
        let mut at = expr;
        while let ExprKind::Binary(binary) = &at.kind {
            pending.push((at, binary));
            at = &binary.left;
        }
        let failures = self.failures;
        let mut left = self.eval(at);
        while let Some((whole, binary)) = pending.pop() {
            let right = self.eval(&binary.right);
            left = if self.failed_since(failures) {
                Value::unknown(result_type(binary.op)).marked(left.marks().union(right.marks()))
            } else {
                self.operation(whole, binary, &left, &right)
            };
        }
        left
    }

    fn operation(&mut self, whole: &Expr, binary: &Binary, left: &Value, right: &Value) -> Value {
        let op = binary.op;
        let result = Value::unknown_not_null(result_type(op));
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            let marks = left.deep_marks().union(right.deep_marks());
            let value = match equals(left, right) {
                Some(equal) => Value::bool(equal == (op == BinaryOp::Equal)),
                None => result,
            };
            return value.marked(marks);
        }
        let marks = left.marks().union(right.marks());
        let wanted = operand_type(op);
        let before = self.failures;
        let mut operand = |value: &Value, expr: &Expr, side: &str| {
            convert(value, &wanted).unwrap_or_else(|error| {
                let detail = format!("Unsuitable value for {side} operand: {error}.");
                self.error(whole, expr.span, "Invalid operand", detail)
            })
        };
        let left = operand(left, &binary.left, "left");
        let right = operand(right, &binary.right, "right");
        if self.failed_since(before) {
            return result.marked(marks);
        }
        if left.is_null() || right.is_null() {
            self.error(
                whole,
                whole.span,
                "Operation failed",
                "Error during operation: argument must not be null.",
            );
            return result.marked(marks);
        }
        let value = match (left.kind(), right.kind()) {
            (Kind::Bool(a), Kind::Bool(b)) => Some(Value::bool(match op {
                BinaryOp::And => *a && *b,
                _ => *a || *b,
            })),
            (Kind::Number(a), Kind::Number(b)) => {
                let value = numeric(op, a, b);
                if value.is_none() {
                    let why = match op {
                        BinaryOp::Add => "can't compute sum of opposing infinities",
                        BinaryOp::Subtract => "can't subtract infinity from itself",
                        BinaryOp::Multiply => "can't multiply zero by infinity",
                        BinaryOp::Divide => "can't divide zero by zero or infinity by infinity",
                        _ => "can't use modulo with zero and infinity",
                    };
                    self.error(
                        whole,
                        whole.span,
                        "Operation failed",
                        format!("Error during operation: {why}."),
                    );
                }
                value
            }
            _ => None,
        };
        value.unwrap_or(result).marked(marks)
    }

    pub(super) fn unary(&mut self, expr: &Expr, unary: &Unary) -> Value {
        let before = self.failures;
        let given = self.eval(&unary.operand);
        let ty = match unary.op {
            UnaryOp::Not => Type::Bool,
            UnaryOp::Negate => Type::Number,
        };
        let result = Value::unknown_not_null(ty.clone()).marked(given.marks());
        if self.failed_since(before) {
            return result;
        }
        let operand = match convert(&given, &ty) {
            Ok(operand) => operand,
            Err(error) => {
                self.error(
                    &unary.operand,
                    unary.operand.span,
                    "Invalid operand",
                    format!("Unsuitable value for unary operand: {error}."),
                );
                return result;
            }
        };
        match operand.kind() {
            Kind::Null(_) => {
                self.error(
                    &unary.operand,
                    expr.span,
                    "Operation failed",
                    "Error during operation: argument must not be null.",
                );
                result
            }
            Kind::Bool(b) => Value::bool(!b).marked(operand.marks()),
            Kind::Number(n) => Value::number(n.neg()).marked(operand.marks()),
            _ => result,
        }
    }
}

fn operand_type(op: BinaryOp) -> Type {
    match op {
        BinaryOp::Or | BinaryOp::And => Type::Bool,
        _ => Type::Number,
    }
}

fn result_type(op: BinaryOp) -> Type {
    match op {
        BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Modulo => Type::Number,
        _ => Type::Bool,
    }
}

/// `None` for what has no result, such as zero divided by zero.
fn numeric(op: BinaryOp, a: &Number, b: &Number) -> Option<Value> {
    let number = match op {
        BinaryOp::Less => return Some(Value::bool(a < b)),
        BinaryOp::LessOrEqual => return Some(Value::bool(a <= b)),
        BinaryOp::Greater => return Some(Value::bool(a > b)),
        BinaryOp::GreaterOrEqual => return Some(Value::bool(a >= b)),
        BinaryOp::Add => a.add(b)?,
        BinaryOp::Subtract => a.sub(b)?,
        BinaryOp::Multiply => a.mul(b)?,
        BinaryOp::Divide => a.div(b)?,
        _ if a.is_infinite() || b.is_infinite() => return None,
        // The remainder of a division by zero is the number itself, as in Terraform.
        _ if b.is_zero() => a.clone(),
        _ => a.sub(&a.div(b)?.trunc().mul(b)?)?,
    };
    Some(Value::number(number))
}

/// The language's `==`: `None` while it cannot be told. Marks play no part in it.
pub fn equals(a: &Value, b: &Value) -> Option<bool> {
    let certain = |value: &Value| match value.kind() {
        Kind::Unknown(unknown) => unknown.refinement.as_ref().is_some_and(|r| r.not_null),
        _ => !value.is_null(),
    };
    match (a.kind(), b.kind()) {
        (Kind::Null(_), Kind::Null(_)) => Some(true),
        (Kind::Null(_), _) => certain(b).then_some(false),
        (_, Kind::Null(_)) => certain(a).then_some(false),
        (Kind::Unknown(u), _) | (_, Kind::Unknown(u)) => {
            let other = if a.is_known() { a } else { b };
            let both = [&u.ty, &other.ty()];
            if both.iter().any(|ty| ty.has_any()) || both.first() == both.last() {
                None
            } else {
                // Values of different types differ, whatever they are, unless both are null.
                (certain(a) || certain(b)).then_some(false)
            }
        }
        (Kind::Bool(a), Kind::Bool(b)) => Some(a == b),
        (Kind::Number(a), Kind::Number(b)) => Some(a == b),
        (Kind::String(a), Kind::String(b)) => Some(a == b),
        (Kind::List(ty, x), Kind::List(other, y)) if ty == other => all_equal(x, y),
        (Kind::Tuple(x), Kind::Tuple(y)) => {
            let same = same_types(a, b);
            if same == Some(false) {
                return same;
            }
            all_equal(x, y)
        }
        (Kind::Set(ty, x), Kind::Set(other, y)) if ty == other => {
            if x.iter().chain(y.iter()).all(Value::is_wholly_known) {
                all_equal(x, y)
            } else {
                None
            }
        }
        (Kind::Map(ty, x), Kind::Map(other, y)) if ty == other => all_members_equal(x, y),
        (Kind::Object(x), Kind::Object(y)) => {
            let same = same_types(a, b);
            if same == Some(false) {
                return same;
            }
            all_members_equal(x, y)
        }
        _ => Some(false),
    }
}

/// Whether two values are of one type, `None` while something inside has no type yet.
fn same_types(a: &Value, b: &Value) -> Option<bool> {
    if a.ty() == b.ty() {
        Some(true)
    } else if a.is_wholly_known() && b.is_wholly_known() {
        Some(false)
    } else {
        None
    }
}

fn all_equal(a: &[Value], b: &[Value]) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    conjunction(a.iter().zip(b).map(|(a, b)| equals(a, b)))
}

fn all_members_equal(
    a: &std::collections::BTreeMap<flowctl_model::Text, Value>,
    b: &std::collections::BTreeMap<flowctl_model::Text, Value>,
) -> Option<bool> {
    if !a.keys().eq(b.keys()) {
        return Some(false);
    }
    conjunction(a.values().zip(b.values()).map(|(a, b)| equals(a, b)))
}

/// False if anything is, otherwise unknown if anything is.
fn conjunction(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(true) => {}
            Some(false) => return Some(false),
            None => result = None,
        }
    }
    result
}
