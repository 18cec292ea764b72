//! Object constructors and `for` expressions.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowctl_model::{Kind, Marks, Text, Type, Value};
use flowctl_parser::ast::{Expr, For, Name, ObjectItem, ObjectKey};

use super::Session;
use crate::convert::convert;

/// What is walked: keys and elements, or why there is nothing to walk.
pub(super) enum Walk {
    /// The keys and elements.
    Elements(Vec<(Value, Value)>),
    /// The collection is not known yet, or an error was reported.
    Unknown,
}

impl Session<'_> {
    pub(super) fn object(&mut self, items: &[ObjectItem]) -> Value {
        let mut members = BTreeMap::new();
        let mut marks = Marks::NONE;
        let mut known = true;
        for item in items {
            let name = match &item.key {
                ObjectKey::Name(name) => Some(crate::strings::nfc(name.text.to_string())),
                ObjectKey::Expr(key) => self.object_key(key, &item.value, &mut marks),
            };
            let value = self.eval(&item.value);
            match name {
                Some(name) => {
                    members.insert(name, value);
                }
                None => known = false,
            }
        }
        if known {
            Value::object(members).marked(marks)
        } else {
            Self::dynamic().marked(marks)
        }
    }

    fn object_key(&mut self, expr: &Expr, value: &Expr, marks: &mut Marks) -> Option<Text> {
        let before = self.failures;
        let key = self.eval(expr);
        if self.failed_since(before) {
            return None;
        }
        if key.is_null() {
            self.error(
                expr,
                value.span,
                "Null value as key",
                "Can't use a null value as a key.",
            );
            return None;
        }
        *marks = marks.union(key.marks());
        match convert(&key, &Type::String) {
            Ok(key) => key.as_str().map(Text::from),
            Err(error) => {
                self.error(
                    expr,
                    expr.span,
                    "Incorrect key type",
                    format!("Can't use this value as a key: {error}."),
                );
                None
            }
        }
    }

    /// Walks a collection for a `for`; its marks are left to the caller.
    pub(super) fn walk(&mut self, expr: &Expr, collection: &Value) -> Walk {
        if collection.is_null() {
            self.error(
                expr,
                expr.span,
                "Iteration over null value",
                "A null value cannot be used as the collection in a 'for' expression.",
            );
            return Walk::Unknown;
        }
        match collection.kind() {
            Kind::List(_, elements) | Kind::Tuple(elements) => Walk::Elements(
                elements
                    .iter()
                    .enumerate()
                    .map(|(i, element)| (Value::number(i), element.clone()))
                    .collect(),
            ),
            Kind::Set(_, elements) => {
                Walk::Elements(elements.iter().map(|e| (e.clone(), e.clone())).collect())
            }
            Kind::Map(_, members) | Kind::Object(members) => Walk::Elements(
                members
                    .iter()
                    .map(|(name, value)| (Value::string(name.clone()), value.clone()))
                    .collect(),
            ),
            Kind::Unknown(unknown) if !unknown.ty.is_primitive() => Walk::Unknown,
            _ => {
                self.error(
                    expr,
                    expr.span,
                    "Iteration over non-iterable value",
                    format!(
                        "A value of type {} cannot be used as the collection in a 'for' \
                         expression.",
                        collection.ty().friendly_name()
                    ),
                );
                Walk::Unknown
            }
        }
    }

    /// The names of a `for` with their values.
    pub(super) fn names(
        key: Option<&Name>,
        value: &Name,
        element: (Value, Value),
    ) -> impl Iterator<Item = (Arc<str>, Value)> {
        key.map(|name| (name.text.clone(), element.0))
            .into_iter()
            .chain(std::iter::once((value.text.clone(), element.1)))
    }

    pub(super) fn for_expr(&mut self, f: &For) -> Value {
        let before = self.failures;
        let collection = self.eval(&f.collection);
        if self.failed_since(before) {
            return Self::dynamic();
        }
        let mut run = ForRun {
            marks: collection.marks(),
            known: true,
            ..ForRun::default()
        };
        let walk = self.walk(&f.collection, &collection);
        if self.failed_since(before) || !self.is_sound(f, &collection) {
            return Self::dynamic().marked(run.marks);
        }
        let Walk::Elements(elements) = walk else {
            return Self::dynamic().marked(run.marks);
        };
        for element in elements {
            let names = Self::names(f.key.as_ref(), &f.value, element);
            self.with_bindings(names, |session| session.for_element(f, &mut run));
        }
        let value = match (&f.result_key, f.group) {
            _ if !run.known => Self::dynamic(),
            (None, _) => Value::tuple(run.elements),
            (Some(_), false) => Value::object(run.members),
            (Some(_), true) => Value::object(
                run.groups
                    .into_iter()
                    .map(|(name, group)| (name, Value::tuple(group))),
            ),
        };
        value.marked(run.marks)
    }

    /// Whether the condition is not wrong already, whatever the elements are. It is looked at also
    /// when there is nothing to walk.
    fn is_sound(&mut self, f: &For, collection: &Value) -> bool {
        let Some(condition) = f
            .condition
            .as_ref()
            .filter(|_| collection.ty() != Type::Any)
        else {
            return true;
        };
        let before = self.failures;
        let names = Self::names(f.key.as_ref(), &f.value, (Self::dynamic(), Self::dynamic()));
        self.with_bindings(names, |session| {
            let mut run = ForRun {
                known: true,
                ..ForRun::default()
            };
            session.for_condition(condition, &mut run, "Condition is null");
        });
        !self.failed_since(before)
    }

    fn for_element(&mut self, f: &For, run: &mut ForRun) {
        if let Some(condition) = &f.condition
            && !self.for_condition(condition, run, "Invalid 'for' condition")
        {
            return;
        }
        let Some(key) = &f.result_key else {
            run.elements.push(self.eval(&f.result));
            return;
        };
        let Some(name) = self.for_key(key, run) else {
            return;
        };
        let value = self.eval(&f.result);
        if f.group {
            run.groups.entry(name).or_default().push(value);
            return;
        }
        if run.members.insert(name.clone(), value).is_some() {
            let shown = if run.marks.is_none() {
                format!("the key {:?}", name.as_str())
            } else {
                "the same key".to_owned()
            };
            self.error(
                key,
                key.span,
                "Duplicate object key",
                format!(
                    "Two different items produced {shown} in this 'for' expression. If that is \
                     expected, put an ellipsis (...) after the value to collect the values of \
                     each key in a list."
                ),
            );
        }
    }

    /// Whether the element counts. `null` is the summary of the error for a condition that is null.
    fn for_condition(&mut self, condition: &Expr, run: &mut ForRun, null: &str) -> bool {
        let before = self.failures;
        let include = self.eval(condition);
        if self.failed_since(before) {
            run.known = false;
            return false;
        }
        // Of a result that is not known anyway, Terraform does not say what else is wrong with it.
        let known = std::mem::replace(&mut run.known, false);
        if include.is_null() {
            if known {
                self.error(
                    condition,
                    condition.span,
                    null,
                    "The value of the 'if' clause must not be null.",
                );
            }
            return false;
        }
        match convert(&include, &Type::Bool) {
            Err(_) if !known => false,
            Err(error) => {
                self.error(
                    condition,
                    condition.span,
                    "Invalid 'for' condition",
                    format!("The 'if' clause value is invalid: {error}."),
                );
                false
            }
            Ok(include) => {
                run.marks = run.marks.union(include.marks());
                run.known = known && include.is_known();
                include.as_bool().unwrap_or(false)
            }
        }
    }

    fn for_key(&mut self, expr: &Expr, run: &mut ForRun) -> Option<Text> {
        let before = self.failures;
        let key = self.eval(expr);
        if self.failed_since(before) {
            run.known = false;
            return None;
        }
        run.marks = run.marks.union(key.marks());
        let known = std::mem::replace(&mut run.known, false);
        if key.is_null() {
            if known {
                self.error(
                    expr,
                    expr.span,
                    "Invalid object key",
                    "Key expression in 'for' expression must not produce a null value.",
                );
            }
            return None;
        }
        match convert(&key, &Type::String) {
            Ok(key) => {
                let name = key.as_str().map(Text::from);
                run.known = known && name.is_some();
                name
            }
            Err(_) if !known => None,
            Err(error) => {
                self.error(
                    expr,
                    expr.span,
                    "Invalid object key",
                    format!("The key expression produced an invalid result: {error}."),
                );
                None
            }
        }
    }
}

/// What a `for` has gathered.
#[derive(Default)]
struct ForRun {
    marks: Marks,
    known: bool,
    members: BTreeMap<Text, Value>,
    groups: BTreeMap<Text, Vec<Value>>,
    elements: Vec<Value>,
}
