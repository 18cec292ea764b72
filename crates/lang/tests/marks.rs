//! Marks never vanish: whatever is computed from a secret or from what must not be kept is marked
//! as that is, through every operator, function, collection, loop and template. Only
//! `nonsensitive` takes a mark away. Everything here is text that the real evaluator runs.

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::collections::BTreeMap;

use flowctl_lang::functions::{self, Function};
use flowctl_lang::{Evaluator, Reference, Resolved, Scope, Subject};
use flowctl_model::{Kind, Marks, Text, Type, Value};
use flowctl_parser::ast::FileId;
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_parser::hcl;
use proptest::prelude::*;
use proptest::sample::Index;

mod common;

use common::{Quiet, argument};

/// Input variables by name.
struct Variables(BTreeMap<String, Value>);

impl Scope for Variables {
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic> {
        match &reference.subject {
            Subject::Variable(name) if self.0.contains_key(&**name) => {
                Ok(Resolved::Whole(self.0[&**name].clone()))
            }
            _ => Err(reference.undeclared([])),
        }
    }
}

/// The value of an expression; `None` if it has none.
fn evaluated(text: &str, variables: &Variables) -> Option<Value> {
    let expr = hcl::parse_expression(FileId(0), text).unwrap();
    let evaluator = Evaluator::new(variables, &Quiet);
    evaluator.evaluate(&expr).into_result().ok()
}

fn unmarked(value: &Value) -> Value {
    value.unmarked_deep(value.deep_marks())
}

fn any_marks() -> impl Strategy<Value = Marks> {
    prop_oneof![
        Just(Marks::SENSITIVE),
        Just(Marks::EPHEMERAL),
        Just(Marks::SENSITIVE.union(Marks::EPHEMERAL)),
    ]
}

/// What an expression gives, as far as the contexts need it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    Text,
    Number,
    Bool,
    /// A list, a set or a tuple, of strings mostly.
    List,
    /// A map or an object, likewise.
    Map,
}

use Shape::{Bool, List, Map, Number, Text as Str};

/// The secret that is marked: its name, its shape, and two values it may have.
fn leaves() -> Vec<(&'static str, Shape, [Value; 2])> {
    let list = |a: &str| Value::list(Type::String, vec![a.into(), "b".into()]);
    let map = |a: &str| {
        let members: [(Text, Value); 2] = [("j".into(), "b".into()), ("k".into(), a.into())];
        Value::map(Type::String, BTreeMap::from(members))
    };
    let tuple = |a: &str| Value::tuple(vec![a.into(), "b".into()]);
    let object = |a: &str| Value::object([("j", Value::from("b")), ("k", a.into())]);
    vec![
        ("text", Str, ["a".into(), "zz".into()]),
        ("digits", Str, ["1".into(), "42".into()]),
        ("number", Number, [Value::number(1), Value::number(4)]),
        ("bool", Bool, [true.into(), false.into()]),
        ("list", List, [list("a"), list("zz")]),
        ("tuple", List, [tuple("a"), tuple("zz")]),
        ("map", Map, [map("a"), map("zz")]),
        ("object", Map, [object("a"), object("zz")]),
    ]
}

/// A leaf with its mark: on the whole of it, or on the one thing inside that may differ.
fn marked(value: Value, marks: Marks, inside: bool) -> Value {
    let mark = |element: &Value| match element.as_str() {
        Some("a" | "zz") => element.clone().marked(marks),
        _ => element.clone(),
    };
    let members = |members: &BTreeMap<Text, Value>| -> BTreeMap<Text, Value> {
        let marked = members
            .iter()
            .map(|(name, value)| (name.clone(), mark(value)));
        marked.collect()
    };
    match value.kind() {
        Kind::List(ty, all) if inside => Value::list(ty.clone(), all.iter().map(mark).collect()),
        Kind::Tuple(all) if inside => Value::tuple(all.iter().map(mark).collect()),
        Kind::Map(ty, all) if inside => Value::map(ty.clone(), members(all)),
        Kind::Object(all) if inside => Value::object(members(all)),
        _ => value.marked(marks),
    }
}

/// Where an expression can stand, as `@`, so that all that is marked in it is in the result.
const KEEPING: &[(Shape, Shape, &str)] = &[
    // Templates and parentheses.
    (Str, Str, r#""x${@}y""#),
    (Str, Str, r#""${@}""#),
    (Str, Str, r#""${@}${@}""#),
    (Str, Str, r#""%{ if true }${@}%{ endif }""#),
    (Str, Str, r#""%{ if @ == "a" }x%{ else }y%{ endif }""#),
    (Str, Str, r#""%{ for v in [@] }${v}%{ endfor }""#),
    (Str, Str, r#""%{ for v in ["q"] ~} ${@} %{~ endfor }""#),
    (Number, Str, r#""n${@}""#),
    (Bool, Str, r#""${@}!""#),
    (Bool, Str, r#""%{ if @ }x%{ endif }""#),
    (List, Str, r#""%{ for v in @ }${v}%{ endfor }""#),
    (Map, Str, r#""%{ for k, v in @ }${k}${v}%{ endfor }""#),
    (Str, Str, "(@)"),
    (Number, Number, "(@)"),
    (List, List, "(@)"),
    // Operators.
    (Number, Number, "@ + 1"),
    (Number, Number, "1 - @"),
    (Number, Number, "@ * 0"),
    (Number, Number, "@ / 3"),
    (Number, Number, "7 % (@ + 10)"),
    (Number, Number, "-@"),
    (Number, Number, "@ - @"),
    (Number, Bool, "@ < 3"),
    (Number, Bool, "3 <= @"),
    (Number, Bool, "@ > 3"),
    (Number, Bool, "3 >= @"),
    (Number, Bool, "@ == 1"),
    (Number, Bool, r#"@ == "1""#),
    (Str, Bool, r#"@ == "a""#),
    (Str, Bool, r#""a" != @"#),
    (Str, Bool, "@ == null"),
    (List, Bool, r#"@ == ["a"]"#),
    (List, Bool, "@ != null"),
    (Map, Bool, "{} == @"),
    (Map, Bool, "@ == null"),
    (Bool, Bool, "!@"),
    (Bool, Bool, "@ && true"),
    (Bool, Bool, "false && @"),
    (Bool, Bool, "@ || false"),
    (Bool, Bool, "true || @"),
    (Bool, Bool, "@ == true"),
    // Conditionals.
    (Str, Str, r#"true ? @ : "z""#),
    (Str, Str, r#"@ == "q" ? "x" : "y""#),
    (Number, Str, r#"false ? "z" : @"#),
    (Bool, Str, r#"@ ? "x" : "y""#),
    (Bool, List, r#"@ ? ["x"] : []"#),
    (Bool, Map, r#"@ ? { k = "x" } : {}"#),
    (List, List, r#"true ? @ : ["z", "z"]"#),
    (Map, Map, r#"false ? { j = "z", k = "z" } : @"#),
    // Constructors.
    (Str, List, r#"[@, "b"]"#),
    (Str, List, r#"["b", @]"#),
    (Str, Map, r#"{ k = @, j = "b" }"#),
    (Str, Map, r#"{ (@) = "v" }"#),
    (Str, Map, r#"{ "${@}" = "v", w = "x" }"#),
    // Attributes and indices.
    (Str, Str, "{ k = @ }.k"),
    (Str, Str, r#"{ k = @ }["k"]"#),
    (Str, Str, r#"["b", @][1]"#),
    (Str, Str, "[@].0"),
    (Number, Str, r#"["a", "b", "c"][@ == 1 ? 0 : 1]"#),
    // Of an object, unlike of a map, Terraform takes an attribute without asking who named it.
    (
        Number,
        Str,
        r#"tomap({ "1" = "a", "4" = "b" })[@ == 1 ? 1 : 4]"#,
    ),
    (List, List, "{ k = @ }.k"),
    (List, List, "[@][0]"),
    (Map, Map, "[@][0]"),
    // Splats.
    (Str, List, "@[*]"),
    (Str, List, "@.*"),
    (List, List, "@[*]"),
    (List, List, "@.*"),
    (Str, List, "[{ a = @ }, { a = \"b\" }][*].a"),
    (Str, List, "[{ a = [@] }].*.a[*][0]"),
    (List, List, "[{ a = @ }][*].a"),
    (Map, List, "@[*]"),
    // Loops.
    (Str, List, r#"[for v in ["b"] : "${v}${@}"]"#),
    (Str, List, "[for v in [@] : v]"),
    (List, List, "[for v in @ : v]"),
    (List, List, r#"[for i, v in @ : "${i}${v}"]"#),
    (List, List, r#"[for v in @ : v if v != "q"]"#),
    (List, Map, "{ for i, v in @ : i => v }"),
    (List, Map, "zipmap(tolist(@), tolist(@))"),
    (Map, Map, r#"merge({ q = "z" }, @)"#),
    (Map, List, "values(@)"),
    (Map, Str, "jsonencode(@)"),
    (Map, Str, "yamlencode(@)"),
    (Map, Map, "jsondecode(jsonencode(@))"),
    (List, List, "jsondecode(jsonencode(@))"),
    (Str, Str, "max([length(@), 2]...) == 2 ? \"x\" : \"y\""),
];

/// Where what is marked need not be in the result: it is, if the result depends on it. `try` and
/// `can` are not among them: whether something fails is no secret to Terraform.
const DROPPING: &[(Shape, Shape, &str)] = &[
    (Str, Str, r#"["b", @][0]"#),
    (Str, Str, r#"{ k = @, j = "b" }.j"#),
    (Str, Str, r#"true ? "z" : @"#),
    (Str, Str, r#"lookup({ a = "x", b = "y" }, @, "z")"#),
    (Str, Number, "length([@])"),
    (Str, List, "keys({ k = @ })"),
    (Str, List, r#"keys({ (@) = "v" })"#),
    (Str, Str, r#"coalesce(@, "z")"#),
    (Str, Str, r#"coalesce("z", @)"#),
    (Str, List, r#"distinct(["b", @])"#),
    (Str, List, r#"compact([@, "b", ""])"#),
    (Str, List, r#"sort([@, "b"])"#),
    (Str, List, r#"setsubtract(["a", "b"], [@])"#),
    (Str, List, r#"[for k, v in { (@) = "v" } : k]"#),
    (Str, List, r#"matchkeys(["x", "y"], ["a", "b"], [@])"#),
    (Str, Number, r#"index(["a", "zz"], @)"#),
    (Str, Number, "length({ (@) = 1, a = 2 })"),
    (Str, Number, r#"length(toset([@, "a"]))"#),
    (
        Str,
        Number,
        r#"length([for v in [@, "a"] : v if v == "a"])"#,
    ),
    (List, Str, "@[0]"),
    (List, Map, "{ for v in @ : v => v... }"),
    (
        List,
        Map,
        r#"{ for v in @ : "k${v}" => "c"... if v != "q" }"#,
    ),
    (Bool, List, r#"[for v in ["b"] : v if @]"#),
    (Bool, Map, r#"{ for v in ["b"] : v => v if @ }"#),
    (Map, List, "[for k, v in @ : v]"),
    (Map, Map, "{ for k, v in @ : k => v }"),
    (Map, Map, "{ for k, v in @ : v => k... }"),
    // Conversions, and functions that do more than hand their arguments on.
    (Number, Str, "tostring(@)"),
    (Bool, Str, "tostring(@)"),
    (Str, Bool, r#"tobool("${@ == "a"}")"#),
    (Number, Number, r#"tonumber("${@}")"#),
    (List, List, "tolist(@)"),
    (List, List, "toset(@)"),
    (Map, Map, "tomap(@)"),
    (Str, Str, "upper(@)"),
    (Str, Number, "length(@)"),
    (Str, Str, r#"format("%s-%s", "x", @)"#),
    (List, Str, r#"format("%v", jsonencode(@))"#),
    (Number, Number, "max(@, 100)"),
    (List, Str, r#"join(",", @)"#),
    (List, List, r#"concat(["q"], @)"#),
    (List, List, "flatten([[@], []])"),
    (List, List, r#"coalescelist(@, ["q"])"#),
    (List, Bool, r#"contains(@, "q")"#),
    (List, List, "reverse(tolist(@))"),
    (
        List,
        Map,
        r#"zipmap(["k", "j"], slice(concat(tolist(@), ["y", "y"]), 0, 2))"#,
    ),
    (List, List, "[{ a = @ }][*].a[0]"),
    (List, Str, "@[1]"),
    (List, Str, "element(@, 3)"),
    (List, Number, "length(@)"),
    (List, Number, "length(toset(@))"),
    (List, List, "[for i, v in @ : i]"),
    (List, List, "slice(@, 0, 1)"),
    (List, List, "slice(@, 1, 2)"),
    (List, List, "chunklist(@, 1)"),
    (List, Str, "one(slice(@, 0, 1))"),
    (List, List, r#"setunion(@, ["a"])"#),
    (List, List, r#"setintersection(@, ["a"])"#),
    (List, List, r#"setproduct(@, ["a"])"#),
    (List, Number, r#"index(@, "b")"#),
    (List, Bool, "alltrue([for v in @ : v == \"a\"])"),
    (List, Bool, "anytrue([for v in @ : v == \"a\"])"),
    (Map, Str, "@.k"),
    (Map, Str, "@.j"),
    (Map, Str, r#"lookup(@, "k", "z")"#),
    (Map, Str, r#"lookup(@, "j", "z")"#),
    (Map, List, "keys(@)"),
    (Map, List, "[for k, v in @ : k]"),
    (Map, List, r#"[for k, v in @ : k if v == "a"]"#),
    (Map, Number, "length(@)"),
    (Map, List, "[@][*].k"),
    (Map, Map, "merge(@, { k = \"z\" })"),
    (Map, Map, "transpose({ for k, v in @ : k => [v] })"),
    (Number, Number, "length(range(@ == 1 ? 1 : 2))"),
    (Number, List, r#"slice(["a", "b"], 0, @ == 1 ? 1 : 2)"#),
    (Number, Str, r#"element(["a", "b", "c"], @ == 1 ? 1 : 2)"#),
    (Bool, Bool, "alltrue([@, false])"),
    (Bool, Bool, "anytrue([@, true])"),
    (Bool, Number, "sum([for v in [1, 2] : v if @ || v == 1])"),
];

/// Puts a leaf into contexts, one around the other, as far as there are ones that fit.
fn wrapped(
    leaf: &str,
    shape: Shape,
    tables: &[&[(Shape, Shape, &str)]],
    steps: &[Index],
) -> String {
    let mut text = format!("var.{leaf}");
    let mut shape = shape;
    for step in steps {
        let contexts = tables.iter().flat_map(|table| table.iter());
        let fitting: Vec<_> = contexts.filter(|(from, _, _)| *from == shape).collect();
        let (_, to, context) = fitting[step.index(fitting.len())];
        text = context.replace('@', &format!("({text})"));
        shape = *to;
        // Some contexts say it twice.
        if text.len() > 2_000 {
            break;
        }
    }
    text
}

fn one(name: &str, value: Value) -> Variables {
    Variables(BTreeMap::from([(name.to_owned(), value)]))
}

/// Values that differ in one leaf, the one at `index` of all in them: as given, and with another.
fn differing(value: &Value, index: &mut usize, marks: Marks) -> Option<[Value; 2]> {
    let other = match value.kind() {
        Kind::Bool(b) => Value::bool(!b),
        Kind::Number(n) => Value::number(n.add(&1_i64.into())?),
        Kind::String(text) => Value::string(format!("{text}x")),
        Kind::Tuple(elements) => {
            let found = elements
                .iter()
                .enumerate()
                .find_map(|(at, element)| differing(element, index, marks).map(|pair| (at, pair)));
            let (at, pair) = found?;
            return Some(pair.map(|element| {
                let mut elements = elements.to_vec();
                elements[at] = element;
                Value::tuple(elements)
            }));
        }
        Kind::Object(members) => {
            let found = members.iter().find_map(|(name, member)| {
                differing(member, index, marks).map(|pair| (name, pair))
            });
            let (name, pair) = found?;
            return Some(pair.map(|member| {
                let mut members = BTreeMap::clone(members);
                members.insert(name.clone(), member);
                Value::object(members)
            }));
        }
        _ => return None,
    };
    if *index > 0 {
        *index -= 1;
        return None;
    }
    Some([value.clone().marked(marks), other.marked(marks)])
}

/// Functions whose results say nothing of their arguments, or which are about marks themselves.
/// A hash of `bcrypt` takes long, and is another each time.
const EXCEPTIONS: [&str; 5] = ["nonsensitive", "issensitive", "try", "can", "bcrypt"];

/// A call of any function, with arguments that often suit it.
fn any_call() -> impl Strategy<Value = (&'static Function, Vec<Value>)> {
    let functions: Vec<&'static Function> = functions::all()
        .filter(|function| !EXCEPTIONS.contains(&function.name))
        .filter(|function| !function.params.is_empty() || function.variadic.is_some())
        .collect();
    prop::sample::select(functions).prop_flat_map(|function| {
        let fixed: Vec<_> = function.params.iter().map(|p| argument(*p)).collect();
        let further = match function.variadic {
            Some(param) => prop::collection::vec(argument(param), 0..3).boxed(),
            None => Just(Vec::new()).boxed(),
        };
        (Just(function), fixed, further).prop_map(|(function, mut args, further)| {
            args.extend(further);
            (function, args)
        })
    })
}

/// The call as text, and its arguments as variables.
fn called(function: &Function, args: Vec<Value>) -> (String, Variables) {
    let names: Vec<String> = (0..args.len()).map(|i| format!("var.a{i}")).collect();
    let text = format!("{}({})", function.name, names.join(", "));
    let args = args.into_iter().enumerate();
    let variables = args.map(|(i, value)| (format!("a{i}"), value)).collect();
    (text, Variables(variables))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_holds_a_secret_is_marked(
        leaf in prop::sample::select(leaves()),
        steps in prop::collection::vec(any::<Index>(), 1..6),
        marks in any_marks(),
        inside in any::<bool>(),
        known in any::<bool>(),
    ) {
        let (name, shape, [value, _]) = leaf;
        let value = if known {
            marked(value, marks, inside)
        } else {
            Value::unknown(value.ty()).marked(marks)
        };
        let text = wrapped(name, shape, &[KEEPING], &steps);
        if let Some(result) = evaluated(&text, &one(name, value)) {
            prop_assert!(result.deep_marks().contains(marks), "{text} lost a mark: {result:?}");
        }
    }

    #[test]
    fn what_depends_on_a_secret_is_marked(
        leaf in prop::sample::select(leaves()),
        steps in prop::collection::vec(any::<Index>(), 1..7),
        marks in any_marks(),
        inside in any::<bool>(),
    ) {
        let (name, shape, values) = leaf;
        let text = wrapped(name, shape, &[KEEPING, DROPPING], &steps);
        let [a, b] = values.map(|value| evaluated(&text, &one(name, marked(value, marks, inside))));
        if let (Some(a), Some(b)) = (a, b)
            && unmarked(&a) != unmarked(&b)
        {
            for value in [a, b] {
                prop_assert!(value.deep_marks().contains(marks), "{text} tells a secret");
            }
        }
    }

    #[test]
    fn functions_hand_marks_on(
        (function, args) in any_call(),
        chosen in any::<Index>(),
        marks in any_marks(),
    ) {
        prop_assume!(!args.is_empty());
        let index = chosen.index(args.len());
        // The default of a lookup that found something plays no part in what it found.
        prop_assume!(function.name != "lookup" || index < 2);
        // This one gives null for what must not be kept: nothing of it is left to be marked.
        let marks = match function.name {
            "ephemeralasnull" => Marks::SENSITIVE,
            _ => marks,
        };
        let mut args = args;
        args[index] = args[index].clone().marked(marks);
        let (text, variables) = called(function, args);
        if let Some(value) = evaluated(&text, &variables) {
            prop_assert!(value.deep_marks().contains(marks), "{text} lost a mark");
        }
    }

    #[test]
    fn functions_tell_nothing_of_a_secret_inside(
        (function, args) in any_call(),
        chosen in any::<Index>(),
        leaf in 0_usize..6,
        marks in any_marks(),
    ) {
        prop_assume!(!args.is_empty());
        let at = chosen.index(args.len());
        let Some(pair) = differing(&args[at], &mut leaf.clone(), marks) else {
            return Ok(());
        };
        let [a, b] = pair.map(|value| {
            let mut args = args.clone();
            args[at] = value;
            let (text, variables) = called(function, args);
            evaluated(&text, &variables)
        });
        if let (Some(a), Some(b)) = (a, b)
            && unmarked(&a) != unmarked(&b)
        {
            for value in [a, b] {
                prop_assert!(value.deep_marks().contains(marks), "{} tells a secret", function.name);
            }
        }
    }

    #[test]
    fn only_nonsensitive_takes_a_mark_away(
        leaf in prop::sample::select(leaves()),
        steps in prop::collection::vec(any::<Index>(), 0..4),
        ephemeral in any::<bool>(),
    ) {
        let (name, shape, [value, _]) = leaf;
        let kept = if ephemeral { Marks::EPHEMERAL } else { Marks::NONE };
        let value = value.marked(Marks::SENSITIVE.union(kept));
        let text = wrapped(name, shape, &[KEEPING], &steps);
        let variables = one(name, value);
        if let Some(value) = evaluated(&text, &variables) {
            let open = evaluated(&format!("nonsensitive({text})"), &variables).unwrap();
            prop_assert!(!open.is_sensitive());
            prop_assert_eq!(open.marks().union(Marks::SENSITIVE), value.marks().union(Marks::SENSITIVE));
            prop_assert!(open.deep_marks().contains(kept));
            prop_assert_eq!(unmarked(&open), unmarked(&value));
        }
    }
}

/// Contexts that never give a value would make the laws above say nothing.
#[test]
fn every_context_has_a_value() {
    for (from, _, context) in KEEPING.iter().chain(DROPPING) {
        let fits = leaves().into_iter().filter(|(_, shape, _)| shape == from);
        let values = fits.filter_map(|(name, _, [value, _])| {
            let text = context.replace('@', &format!("var.{name}"));
            evaluated(&text, &one(name, value.marked(Marks::SENSITIVE)))
        });
        assert!(values.count() > 0, "{context}");
    }
}
