//! Remembers which marks are inside of large collections: every comparison and every call of a
//! function with one of them asks, and a collection that is shared never changes.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

use super::{Marks, Value};
use crate::Text;

/// Smaller collections are looked through faster than looked up.
const LARGE: usize = 32;

/// How many collections are remembered before all are forgotten.
const MAX_REMEMBERED: usize = 4096;

type Members = BTreeMap<Text, Value>;

/// Collections by where they are in memory, with their marks. As long as one is referred to from
/// here, weakly, nothing else can come to be in its place, and whoever wants to change it has to
/// move it elsewhere.
struct Memory<T>(HashMap<usize, (Weak<T>, Marks)>);

thread_local! {
    static ELEMENTS: RefCell<Memory<Vec<Value>>> = RefCell::new(Memory::default());
    static MEMBERS: RefCell<Memory<Members>> = RefCell::new(Memory::default());
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Memory<T> {
    fn get(&self, collection: &Arc<T>) -> Option<Marks> {
        self.0.get(&place(collection)).map(|(_, marks)| *marks)
    }

    fn keep(&mut self, collection: &Arc<T>, marks: Marks) {
        if self.0.len() >= MAX_REMEMBERED {
            self.0.clear();
        }
        let kept = (Arc::downgrade(collection), marks);
        self.0.insert(place(collection), kept);
    }
}

fn place<T>(collection: &Arc<T>) -> usize {
    Arc::as_ptr(collection).addr()
}

/// The marks inside of a list, a set or a tuple, which `look` finds.
pub(super) fn of_elements(
    elements: &Arc<Vec<Value>>,
    look: impl FnOnce(&[Value]) -> Marks,
) -> Marks {
    if elements.len() < LARGE {
        return look(elements);
    }
    if let Some(marks) = ELEMENTS.with_borrow(|memory| memory.get(elements)) {
        return marks;
    }
    let marks = look(elements);
    ELEMENTS.with_borrow_mut(|memory| memory.keep(elements, marks));
    marks
}

/// The marks inside of a map or an object, which `look` finds.
pub(super) fn of_members(members: &Arc<Members>, look: impl FnOnce(&Members) -> Marks) -> Marks {
    if members.len() < LARGE {
        return look(members);
    }
    if let Some(marks) = MEMBERS.with_borrow(|memory| memory.get(members)) {
        return marks;
    }
    let marks = look(members);
    MEMBERS.with_borrow_mut(|memory| memory.keep(members, marks));
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn large(secret: Option<usize>) -> Vec<Value> {
        let value = |i| match secret {
            Some(at) if at == i => Value::number(i).marked(Marks::SENSITIVE),
            _ => Value::number(i),
        };
        (0..LARGE * 2).map(value).collect()
    }

    #[test]
    fn a_collection_that_changes_is_looked_at_again() {
        let mut elements = Arc::new(large(None));
        let look = |elements: &Arc<Vec<Value>>| {
            of_elements(elements, |all| {
                all.iter().fold(Marks::NONE, |m, v| m.union(v.marks()))
            })
        };
        assert_eq!(look(&elements), Marks::NONE);
        for value in Arc::make_mut(&mut elements).iter_mut().take(1) {
            *value = value.clone().marked(Marks::SENSITIVE);
        }
        assert_eq!(look(&elements), Marks::SENSITIVE);
        assert_eq!(look(&elements.clone()), Marks::SENSITIVE);
    }

    #[test]
    fn no_collection_is_taken_for_one_that_was_there_before() {
        // Memory is used again at once where nothing refers to it.
        for round in 0..3 * MAX_REMEMBERED {
            let secret = (round % 3 == 0).then_some(round % LARGE);
            let tuple = Value::tuple(large(secret));
            let object = Value::object(
                large(secret)
                    .into_iter()
                    .enumerate()
                    .map(|(i, value)| (i.to_string(), value)),
            );
            for value in [tuple, object] {
                assert_eq!(value.deep_marks().is_none(), secret.is_none(), "{round}");
            }
        }
    }

    #[test]
    fn a_large_collection_is_looked_through_once() {
        let elements = Arc::new(large(Some(3)));
        let mut looked = 0;
        for _ in 0..5 {
            let marks = of_elements(&elements, |_| {
                looked += 1;
                Marks::EPHEMERAL
            });
            assert_eq!(marks, Marks::EPHEMERAL);
        }
        assert_eq!(looked, 1);
    }
}
