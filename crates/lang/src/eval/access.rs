//! Attributes, indices and splats.

use flowctl_model::{Kind, Marks, Number, Refinement, Text, Type, Value};
use flowctl_parser::ast::{Expr, ExprKind, Name, Span, Splat, SplatStep};

use super::Session;
use crate::convert::convert;
use flowctl_parser::nearest;
use flowctl_parser::traversal::Link;

const NO_ELEMENT: &str = "The given key does not identify an element in this collection value";

impl Session<'_> {
    /// One step of a traversal; `context` is the whole of it.
    pub(super) fn follow(&mut self, context: &Expr, value: &Value, link: Link<'_>) -> Value {
        match link {
            Link::Attr(name) => self.attribute(context, value, name),
            Link::Legacy(name) => {
                let key = name
                    .text
                    .parse::<Number>()
                    .map_or_else(|_| Value::string(&*name.text), Value::number);
                self.index(context, value, &key, with_dot(name.span))
            }
            Link::Index(key, brackets) => {
                let before = self.failures;
                let key = self.eval(key);
                if self.failed_since(before) {
                    return Self::dynamic();
                }
                self.index(context, value, &key, brackets)
            }
        }
    }

    /// `value.name`.
    fn attribute(&mut self, context: &Expr, value: &Value, name: &Name) -> Value {
        let marks = value.marks();
        if let Some(member) = value.get(&name.text) {
            return member.clone().marked(marks);
        }
        if value.is_null() {
            return self.error(
                context,
                with_dot(name.span),
                "Attempt to get attribute from null value",
                "This value is null, so it does not have any attributes.",
            );
        }
        let ty = value.ty();
        let detail = match &ty {
            Type::Any => return Self::dynamic().marked(marks),
            Type::Object(object) => {
                if let Some(ty) = object.attributes.get(&*name.text) {
                    return Value::unknown(ty.clone()).marked(marks);
                }
                let detail = format!(
                    "This object does not have an attribute named {:?}.",
                    &*name.text
                );
                match nearest(&name.text, object.attributes.keys().map(|k| &**k)) {
                    Some(near) => format!("{detail} Did you mean {near:?}?"),
                    None => detail,
                }
            }
            Type::Map(element) => {
                if !value.is_known() {
                    return Value::unknown(element.as_ref().clone()).marked(marks);
                }
                return self.error(
                    context,
                    with_dot(name.span),
                    "Missing map element",
                    format!(
                        "This map does not have an element with the key {:?}.",
                        &*name.text
                    ),
                );
            }
            Type::List(element) | Type::Set(element) => match &**element {
                Type::Object(object) if object.attributes.contains_key(&*name.text) => format!(
                    "This is a {} of objects. The attribute belongs to each of its elements: take \
                     it of one of them by index, or of all of them with [*].{}.",
                    if matches!(ty, Type::List(_)) {
                        "list"
                    } else {
                        "set"
                    },
                    name.text
                ),
                _ => "This value does not have any attributes.".into(),
            },
            Type::Bool | Type::Number | Type::String => format!(
                "Can't access attributes on a primitive-typed value ({}).",
                ty.friendly_name()
            ),
            Type::Tuple(_) => "This value does not have any attributes.".into(),
        };
        self.error(
            context,
            with_dot(name.span),
            "Unsupported attribute",
            detail,
        )
    }

    /// `value[key]`.
    pub(super) fn index(
        &mut self,
        context: &Expr,
        value: &Value,
        key: &Value,
        span: Span,
    ) -> Value {
        if value.is_null() {
            return self.error(
                context,
                span,
                "Attempt to index null value",
                "This value is null, so it does not have any indices.",
            );
        }
        let invalid = |session: &mut Self, detail: String| {
            session.error(context, span, "Invalid index", detail)
        };
        if key.is_null() {
            return invalid(self, "Can't use a null value as an indexing key.".into());
        }
        let ty = outer_type(value);
        let marks = value.marks().union(key.marks());
        let key_type = match &ty {
            Type::Any => return Self::dynamic().marked(marks),
            Type::List(_) | Type::Tuple(_) => Type::Number,
            Type::Map(_) | Type::Object(_) => Type::String,
            Type::Set(_) => {
                return invalid(
                    self,
                    "The elements of a set have no index or key of their own, so one of them \
                     cannot be selected. A set can be made a list with tolist()."
                        .into(),
                );
            }
            _ => return invalid(self, "This value does not have any indices.".into()),
        };
        if key.ty() == Type::Any {
            return Self::dynamic().marked(marks);
        }
        let key = match convert(key, &key_type) {
            Ok(key) => key,
            Err(error) => return invalid(self, format!("{NO_ELEMENT}: {error}.")),
        };
        match key.kind() {
            Kind::Number(number) => match element(value, number) {
                Some(element) => element.marked(marks),
                None => invalid(self, missing_element(value, number, key.is_sensitive())),
            },
            Kind::String(name) => match member(value, name) {
                // The key of an object is part of the program, so its marks do not spread.
                Some(member) if matches!(ty, Type::Object(_)) => member.marked(value.marks()),
                Some(member) => member.marked(marks),
                None => invalid(self, format!("{NO_ELEMENT}.")),
            },
            // The key is not known yet.
            _ => match &ty {
                Type::List(element) | Type::Map(element) => {
                    Value::unknown(element.as_ref().clone()).marked(marks)
                }
                _ => Self::dynamic().marked(marks),
            },
        }
    }

    /// `source[*].each`, also one inside another: `a[*].b[*].c` takes the second of each element
    /// of the first.
    pub(super) fn splat(&mut self, expr: &Expr) -> Value {
        let mut levels: Vec<&Splat> = Vec::new();
        let mut at = expr;
        while let ExprKind::Splat(splat) = &at.kind {
            if levels.last().is_some_and(|_| !splat.full) {
                break;
            }
            levels.push(splat);
            at = &splat.source;
        }
        levels.reverse();
        let before = self.failures;
        let source = self.eval(at);
        if self.failed_since(before) {
            return Self::dynamic();
        }
        self.splat_level(expr, &source, &levels)
    }

    fn splat_level(&mut self, expr: &Expr, source: &Value, levels: &[&Splat]) -> Value {
        let Some((splat, deeper)) = levels.split_first() else {
            return source.clone();
        };
        let ty = source.ty();
        let sequence = matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_));
        if source.is_null() {
            if !sequence {
                return Value::tuple(Vec::new()).marked(source.marks());
            }
            return self.error(
                expr,
                splat.source.span,
                "Splat of null value",
                "The * of a splat expression cannot be applied to a null sequence.",
            );
        }
        let marks = source.marks();
        if ty == Type::Any {
            return Self::dynamic().marked(marks);
        }
        if !sequence {
            if !source.is_known() {
                // It may turn out to be null, which gives an empty tuple.
                let _ = self.splat_item(expr, source, splat, deeper);
                return Self::dynamic().marked(marks);
            }
            let bare = source.clone().with_marks(Marks::NONE);
            let item = self.splat_item(expr, &bare, splat, deeper);
            return Value::tuple(vec![item]).marked(marks);
        }
        let Some(elements) = source.elements() else {
            return self.splat_unknown(expr, &ty, splat, deeper).marked(marks);
        };
        let before = self.failures;
        let items: Vec<Value> = elements
            .iter()
            .map(|element| self.splat_item(expr, element, splat, deeper))
            .collect();
        if self.failed_since(before) {
            // The type of the result is known all the same.
            return self.splat_unknown(expr, &ty, splat, deeper).marked(marks);
        }
        match &ty {
            Type::List(element) | Type::Set(element) => {
                let item_type = match items.first() {
                    Some(item) => item.ty(),
                    None => self
                        .quietly(|session| {
                            let element = Value::unknown(element.as_ref().clone());
                            session.splat_item(expr, &element, splat, deeper)
                        })
                        .ty(),
                };
                // Elements of one type give items of one type, unless nulls hide it.
                if items.iter().all(|item| item.ty() == item_type) {
                    Value::list(item_type, items).marked(marks)
                } else {
                    Value::tuple(items).marked(marks)
                }
            }
            _ => Value::tuple(items).marked(marks),
        }
    }

    /// The result for a sequence that is not known yet.
    fn splat_unknown(&mut self, expr: &Expr, ty: &Type, splat: &Splat, deeper: &[&Splat]) -> Value {
        let mut item = |ty: &Type| {
            self.splat_item(expr, &Value::unknown(ty.clone()), splat, deeper)
                .ty()
        };
        match ty {
            Type::List(element) | Type::Set(element) => Value::refined(
                Type::list(item(element)),
                Refinement {
                    not_null: true,
                    ..Refinement::default()
                },
            ),
            Type::Tuple(types) => Value::unknown(Type::tuple(types.iter().map(item).collect())),
            _ => Self::dynamic(),
        }
    }

    fn splat_item(
        &mut self,
        expr: &Expr,
        element: &Value,
        splat: &Splat,
        deeper: &[&Splat],
    ) -> Value {
        let mut value = element.clone();
        for step in &splat.each {
            let link = match step {
                SplatStep::Attr(name) => Link::Attr(name),
                SplatStep::Index(key, brackets) => Link::Index(key, *brackets),
                SplatStep::LegacyIndex(name) => Link::Legacy(name),
            };
            let before = self.failures;
            value = self.follow(expr, &value, link);
            if self.failed_since(before) {
                return Self::dynamic();
            }
        }
        if deeper.is_empty() {
            value
        } else {
            self.splat_level(expr, &value, deeper)
        }
    }
}

/// The type of a value, but for what is inside of it where that would take long to find out: an
/// index into a large object must not cost as much as the whole of it.
fn outer_type(value: &Value) -> Type {
    match value.kind() {
        Kind::Object(_) => Type::object::<Text>([]),
        Kind::Tuple(_) => Type::tuple(Vec::new()),
        _ => value.ty(),
    }
}

/// The element at `number`, of an unknown sequence too if its type says that it is there.
fn element(value: &Value, number: &Number) -> Option<Value> {
    if let Some(elements) = value.elements() {
        return elements.get(number.to_usize()?).cloned();
    }
    match value.ty() {
        Type::List(element) => (number.is_integer() && !number.is_negative())
            .then(|| Value::unknown((*element).clone())),
        Type::Tuple(types) => types.get(number.to_usize()?).cloned().map(Value::unknown),
        _ => None,
    }
}

/// The member called `name`, of an unknown map or object too if its type says that it is there.
fn member(value: &Value, name: &Text) -> Option<Value> {
    if let Some(members) = value.members() {
        return members.get(name).cloned();
    }
    match value.ty() {
        Type::Map(element) => Some(Value::unknown((*element).clone())),
        Type::Object(object) => object.attributes.get(name).cloned().map(Value::unknown),
        _ => None,
    }
}

fn missing_element(value: &Value, number: &Number, secret: bool) -> String {
    let count = match (value.elements(), value.ty()) {
        (Some(elements), _) => elements.len(),
        (None, Type::Tuple(types)) => types.len(),
        _ => 0,
    };
    if secret {
        return format!("{NO_ELEMENT}.");
    }
    if number.is_negative() {
        return format!(
            "{NO_ELEMENT}: a negative number is not a valid index for a sequence; the last \
             element is at length(…) - 1."
        );
    }
    if !number.is_integer() {
        return format!("{NO_ELEMENT}: indexing a sequence requires a whole number.");
    }
    match count {
        0 => format!("{NO_ELEMENT}: the collection has no elements."),
        1 => format!("{NO_ELEMENT}: it has one element, whose index is 0."),
        count => format!(
            "{NO_ELEMENT}: it has {count} elements, with indices 0 to {}.",
            count - 1
        ),
    }
}

/// The span of a name behind a dot, the dot included.
fn with_dot(name: Span) -> Span {
    Span {
        start: name.start.saturating_sub(1),
        ..name
    }
}
