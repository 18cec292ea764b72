//! Type constraints as written: `list(object({ a = optional(string, "x") }))`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flowctl_model::{Kind, ObjectType, Text, Type, Value};
use flowctl_parser::ast::{Expr, ExprKind, ObjectKey};
use flowctl_parser::diagnostic::Diagnostic;

use crate::convert::convert;
use crate::eval::Evaluator;
use crate::scope::NoScope;
use crate::world::World;

/// The second arguments of `optional(…)` inside a type constraint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Defaults {
    /// For attributes of this object that are absent or null.
    values: BTreeMap<Text, Value>,
    /// For what is inside: by attribute name or tuple position.
    children: BTreeMap<Text, Defaults>,
    /// For every element of this collection.
    elements: Option<Box<Defaults>>,
}

impl Defaults {
    /// Whether there is no default anywhere inside.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.children.is_empty() && self.elements.is_none()
    }

    /// Puts the defaults in place of absent and null attributes. The result is to be converted to
    /// the type afterwards: collections may come out as tuples and objects.
    #[must_use]
    pub fn apply(&self, value: &Value) -> Value {
        if self.is_empty() {
            return value.clone();
        }
        let child = |name: &str| self.children.get(name).or(self.elements.as_deref());
        let inside = |name: &str, value: &Value| match child(name) {
            Some(defaults) => defaults.apply(value),
            None => value.clone(),
        };
        let applied = match value.kind() {
            Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
                Value::tuple(
                    elements
                        .iter()
                        .enumerate()
                        .map(|(i, e)| inside(&i.to_string(), e))
                        .collect(),
                )
            }
            Kind::Map(_, members) | Kind::Object(members) => {
                let mut members: BTreeMap<Text, Value> = members
                    .iter()
                    .map(|(name, value)| (name.clone(), inside(name, value)))
                    .collect();
                for (name, default) in &self.values {
                    if members.get(name).is_none_or(Value::is_null) {
                        members.insert(name.clone(), inside(name, default));
                    }
                }
                Value::object(members)
            }
            _ => return value.clone(),
        };
        applied.marked(value.marks())
    }
}

/// Reads a type constraint.
pub fn type_constraint(expr: &Expr) -> Result<(Type, Defaults), Diagnostic> {
    Reader { depth: 0 }.read(expr)
}

/// Deeper constraints are refused, before the stack ends.
const MAX_DEPTH: usize = 100;

struct Reader {
    depth: usize,
}

fn invalid(expr: &Expr, detail: impl Into<String>) -> Diagnostic {
    Diagnostic::error(expr.span, "Invalid type specification", detail)
}

impl Reader {
    fn read(&mut self, expr: &Expr) -> Result<(Type, Defaults), Diagnostic> {
        if self.depth >= MAX_DEPTH {
            return Err(invalid(expr, "This type constraint is nested too deeply."));
        }
        self.depth += 1;
        let read = self.read_inside(expr);
        self.depth -= 1;
        read
    }

    fn read_inside(&mut self, expr: &Expr) -> Result<(Type, Defaults), Diagnostic> {
        let simple = |ty| Ok((ty, Defaults::default()));
        match &expr.kind {
            ExprKind::Parens(inner) => self.read(inner),
            ExprKind::Variable(name) => match &**name {
                "any" => simple(Type::Any),
                "bool" => simple(Type::Bool),
                "number" => simple(Type::Number),
                "string" => simple(Type::String),
                // As older versions of the language wrote them.
                "list" => simple(Type::list(Type::Any)),
                "map" => simple(Type::map(Type::Any)),
                "set" => Err(invalid(
                    expr,
                    "The set type constructor requires one argument: the type of its elements.",
                )),
                "object" => Err(invalid(
                    expr,
                    "The object type constructor requires one argument: its attributes and their \
                     types, in braces.",
                )),
                "tuple" => Err(invalid(
                    expr,
                    "The tuple type constructor requires one argument: the types of its \
                     elements, in brackets.",
                )),
                "optional" => Err(invalid(
                    expr,
                    "Only attributes of an object type can be optional.",
                )),
                other => Err(invalid(
                    expr,
                    format!(
                        "{other:?} is not a type: bool, number, string, any, list(…), \
                             set(…), map(…), object({{…}}) and tuple([…]) are."
                    ),
                )),
            },
            ExprKind::String(text) => Err(Diagnostic::error(
                expr.span,
                "Invalid quoted type constraints",
                "Types are written without quotes.",
            )
            .with_help(format!("Write {text} without the quotes."))),
            ExprKind::Call(call) => {
                let [arg] = &*call.args else {
                    return Err(invalid(
                        expr,
                        format!(
                            "The {} type constructor takes exactly one argument.",
                            call.name.text
                        ),
                    ));
                };
                match &*call.name.text {
                    "list" => self.collection(arg, Type::list),
                    "set" => self.collection(arg, Type::set),
                    "map" => self.collection(arg, Type::map),
                    "tuple" => self.tuple(arg),
                    "object" => self.object(arg),
                    "optional" => Err(invalid(
                        expr,
                        "Only attributes of an object type can be optional.",
                    )),
                    other => Err(invalid(
                        expr,
                        format!("There is no type constructor {other:?}."),
                    )),
                }
            }
            _ => Err(invalid(
                expr,
                "A type constraint is a keyword or a call of a type constructor.",
            )),
        }
    }

    fn collection(
        &mut self,
        element: &Expr,
        make: fn(Type) -> Type,
    ) -> Result<(Type, Defaults), Diagnostic> {
        let (ty, inside) = self.read(element)?;
        let elements = (!inside.is_empty()).then(|| Box::new(inside));
        Ok((
            make(ty),
            Defaults {
                elements,
                ..Defaults::default()
            },
        ))
    }

    fn tuple(&mut self, list: &Expr) -> Result<(Type, Defaults), Diagnostic> {
        let ExprKind::Tuple(exprs) = &list.kind else {
            return Err(invalid(
                list,
                "A tuple type takes a list of types, in brackets.",
            ));
        };
        let mut types = Vec::new();
        let mut defaults = Defaults::default();
        for (i, expr) in exprs.iter().enumerate() {
            let (ty, inside) = self.read(expr)?;
            types.push(ty);
            if !inside.is_empty() {
                defaults.children.insert(i.to_string().into(), inside);
            }
        }
        Ok((Type::tuple(types), defaults))
    }

    fn object(&mut self, body: &Expr) -> Result<(Type, Defaults), Diagnostic> {
        let ExprKind::Object(items) = &body.kind else {
            return Err(invalid(
                body,
                "An object type takes its attributes and their types, in braces.",
            ));
        };
        let mut attributes = BTreeMap::new();
        let mut optional = BTreeSet::new();
        let mut defaults = Defaults::default();
        for item in items {
            let name: Text = match &item.key {
                ObjectKey::Name(name) => Text::from(&*name.text),
                ObjectKey::Expr(key) => match &key.kind {
                    ExprKind::String(text) => Text::from(&**text),
                    _ => return Err(invalid(key, "Names of attributes are written out.")),
                },
            };
            let (ty, inside) = match &item.value.kind {
                ExprKind::Call(call) if &*call.name.text == "optional" => {
                    let (ty_expr, default) = match &*call.args {
                        [ty] => (ty, None),
                        [ty, default] => (ty, Some(default)),
                        _ => {
                            return Err(invalid(
                                &item.value,
                                "optional takes a type and, if wanted, a default value.",
                            ));
                        }
                    };
                    optional.insert(name.clone());
                    let (ty, inside) = self.read(ty_expr)?;
                    if let Some(default) = default {
                        let value = default_value(default, &ty, &inside)?;
                        defaults.values.insert(name.clone(), value);
                    }
                    (ty, inside)
                }
                _ => self.read(&item.value)?,
            };
            if !inside.is_empty() {
                defaults.children.insert(name.clone(), inside);
            }
            if attributes.insert(name.clone(), ty).is_some() {
                return Err(invalid(
                    body,
                    format!("The attribute {:?} is there twice.", name.as_str()),
                ));
            }
        }
        let ty = Type::Object(Arc::new(ObjectType {
            attributes,
            optional,
        }));
        Ok((ty, defaults))
    }
}

fn default_value(expr: &Expr, ty: &Type, inside: &Defaults) -> Result<Value, Diagnostic> {
    let evaluated = Evaluator::new(&NoScope, &Nowhere).evaluate(expr);
    if let Some(first) = evaluated.diagnostics.into_iter().find(Diagnostic::is_error) {
        return Err(first);
    }
    convert(&inside.apply(&evaluated.value), ty).map_err(|error| {
        Diagnostic::error(
            expr.span,
            "Invalid default value for optional attribute",
            format!("This default value does not fit the attribute's type: {error}."),
        )
    })
}

/// A world without anything, for values that must be written out.
pub(crate) struct Nowhere;

impl World for Nowhere {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, crate::world::FileError> {
        Err(crate::world::FileError::NotFound)
    }
    fn file_exists(&self, _: &str) -> Result<bool, crate::world::FileError> {
        Ok(false)
    }
    fn list_files(&self, _: &str) -> Result<Vec<String>, crate::world::FileError> {
        Err(crate::world::FileError::NotFound)
    }
    fn now(&self) -> Option<std::time::SystemTime> {
        None
    }
    fn plan_timestamp(&self) -> std::time::SystemTime {
        std::time::SystemTime::UNIX_EPOCH
    }
    fn random(&self, _: &mut [u8]) -> bool {
        false
    }
    fn home(&self) -> Option<String> {
        None
    }
    fn working_directory(&self) -> String {
        String::new()
    }
}
