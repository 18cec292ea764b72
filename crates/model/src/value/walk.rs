//! Walks over a whole value: what is unknown or sensitive inside, and changes to every leaf.

use std::sync::Arc;

use super::{Kind, Marks, Value, marks};
use crate::{AttributePath, Step};

impl Value {
    /// Whether nothing inside is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match &self.kind {
            Kind::Unknown(_) => false,
            Kind::List(_, v) | Kind::Set(_, v) | Kind::Tuple(v) => {
                v.iter().all(Self::is_wholly_known)
            }
            Kind::Map(_, m) | Kind::Object(m) => m.values().all(Self::is_wholly_known),
            _ => true,
        }
    }

    /// Whether a number inside is infinite: such a value has no form in JSON, and none that can be
    /// kept.
    pub fn has_infinity(&self) -> bool {
        match &self.kind {
            Kind::Number(number) => number.is_infinite(),
            Kind::List(_, v) | Kind::Set(_, v) | Kind::Tuple(v) => v.iter().any(Self::has_infinity),
            Kind::Map(_, m) | Kind::Object(m) => m.values().any(Self::has_infinity),
            _ => false,
        }
    }

    /// Marks of the value and of everything inside. What is large is looked through once only.
    pub fn deep_marks(&self) -> Marks {
        fn all<'v>(values: impl Iterator<Item = &'v Value>) -> Marks {
            values.fold(Marks::NONE, |marks, value| marks.union(value.deep_marks()))
        }
        let inside = match &self.kind {
            Kind::List(_, v) | Kind::Set(_, v) | Kind::Tuple(v) => {
                marks::of_elements(v, |v| all(v.iter()))
            }
            Kind::Map(_, m) | Kind::Object(m) => marks::of_members(m, |m| all(m.values())),
            _ => Marks::NONE,
        };
        self.marks.union(inside)
    }

    /// The value inside at `path`, if the path leads there.
    pub fn at(&self, path: &AttributePath) -> Option<&Value> {
        path.steps()
            .iter()
            .try_fold(self, |value, step| match step {
                Step::Attribute(name) | Step::Key(name) => value.get(name),
                Step::Index(index) => value.elements()?.get(*index),
            })
    }

    /// Calls `visit` with every value inside, outermost first, and its path. The visitor returns
    /// whether to go on into the value.
    pub fn visit(&self, visit: &mut impl FnMut(&AttributePath, &Value) -> bool) {
        self.visit_at(&mut AttributePath::root(), visit);
    }

    fn visit_at(
        &self,
        path: &mut AttributePath,
        visit: &mut impl FnMut(&AttributePath, &Value) -> bool,
    ) {
        if !visit(path, self) {
            return;
        }
        match &self.kind {
            Kind::List(_, v) | Kind::Set(_, v) | Kind::Tuple(v) => {
                for (i, value) in v.iter().enumerate() {
                    path.push(Step::Index(i));
                    value.visit_at(path, visit);
                    path.pop();
                }
            }
            Kind::Map(_, m) | Kind::Object(m) => {
                let is_map = matches!(self.kind, Kind::Map(..));
                for (name, value) in m.iter() {
                    path.push(if is_map {
                        Step::Key(name.clone())
                    } else {
                        Step::Attribute(name.clone())
                    });
                    value.visit_at(path, visit);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// The value with every value inside replaced by what `change` returns for it, outermost
    /// first; `None` keeps the value and goes on into it.
    #[must_use]
    pub fn map_at(
        &self,
        path: &mut AttributePath,
        change: &mut impl FnMut(&AttributePath, &Value) -> Option<Value>,
    ) -> Value {
        if let Some(changed) = change(path, self) {
            return changed;
        }
        let mut sequence = |v: &[Value], path: &mut AttributePath| {
            v.iter()
                .enumerate()
                .map(|(i, value)| {
                    path.push(Step::Index(i));
                    let value = value.map_at(path, change);
                    path.pop();
                    value
                })
                .collect::<Vec<_>>()
        };
        let kind = match &self.kind {
            Kind::List(t, v) => Kind::List(t.clone(), Arc::new(sequence(v, path))),
            Kind::Set(t, v) => Kind::Set(t.clone(), Arc::new(sequence(v, path))),
            Kind::Tuple(v) => Kind::Tuple(Arc::new(sequence(v, path))),
            Kind::Map(_, m) | Kind::Object(m) => {
                let is_map = matches!(self.kind, Kind::Map(..));
                let members = m
                    .iter()
                    .map(|(name, value)| {
                        path.push(if is_map {
                            Step::Key(name.clone())
                        } else {
                            Step::Attribute(name.clone())
                        });
                        let value = value.map_at(path, change);
                        path.pop();
                        (name.clone(), value)
                    })
                    .collect();
                match &self.kind {
                    Kind::Map(t, _) => Kind::Map(t.clone(), Arc::new(members)),
                    _ => Kind::Object(Arc::new(members)),
                }
            }
            other => other.clone(),
        };
        Value {
            kind,
            marks: self.marks,
        }
    }

    /// The value with `marks` taken away everywhere inside.
    #[must_use]
    pub fn unmarked_deep(&self, marks: Marks) -> Value {
        let all = |v: &[Value]| Arc::new(v.iter().map(|v| v.unmarked_deep(marks)).collect());
        let kind = match &self.kind {
            Kind::List(t, v) => Kind::List(t.clone(), all(v)),
            Kind::Set(t, v) => Kind::Set(t.clone(), all(v)),
            Kind::Tuple(v) => Kind::Tuple(all(v)),
            Kind::Map(t, m) => Kind::Map(
                t.clone(),
                Arc::new(
                    m.iter()
                        .map(|(n, v)| (n.clone(), v.unmarked_deep(marks)))
                        .collect(),
                ),
            ),
            Kind::Object(m) => Kind::Object(Arc::new(
                m.iter()
                    .map(|(n, v)| (n.clone(), v.unmarked_deep(marks)))
                    .collect(),
            )),
            other => other.clone(),
        };
        Value {
            kind,
            marks: self.marks.without(marks),
        }
    }
}
