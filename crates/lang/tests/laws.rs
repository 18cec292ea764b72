//! Laws that hold for every value: of conversion, of marks, of encodings and of size.

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use flowctl_lang::functions::{self, Function, FunctionError, Services};
use flowctl_lang::{World, convert};
use flowctl_model::{Marks, Text, Type, Value};
use proptest::prelude::*;

mod common;

use common::{Quiet, argument, plain};

impl Services for Quiet {
    fn world(&self) -> &dyn World {
        self
    }
    fn render(
        &self,
        source: &str,
        _: &str,
        _: &BTreeMap<Text, Value>,
    ) -> Result<Value, FunctionError> {
        Ok(Value::string(source))
    }
}

fn call(name: &str, args: Vec<Value>) -> Result<Value, FunctionError> {
    functions::call(functions::function(name).unwrap(), args, &Quiet)
}

fn any_type() -> impl Strategy<Value = Type> {
    prop_oneof![
        Just(Type::Any),
        Just(Type::Bool),
        Just(Type::Number),
        Just(Type::String),
    ]
    .prop_recursive(3, 12, 3, |inside| {
        prop_oneof![
            inside.clone().prop_map(Type::list),
            inside.clone().prop_map(Type::set),
            inside.clone().prop_map(Type::map),
            prop::collection::vec(inside.clone(), 0..3).prop_map(Type::tuple),
            prop::collection::btree_map("[a-c]", inside, 0..3).prop_map(Type::object),
        ]
    })
}

/// A call of any function but those that are about marks, or whose arguments the evaluator sees.
fn any_call() -> impl Strategy<Value = (&'static Function, Vec<Value>)> {
    let excluded = ["nonsensitive", "issensitive", "try", "can", "bcrypt"];
    let functions: Vec<&'static Function> = functions::all()
        .filter(|function| !excluded.contains(&function.name))
        .filter(|function| !function.params.is_empty() || function.variadic.is_some())
        .collect();
    prop::sample::select(functions).prop_flat_map(|function| {
        let fixed: Vec<_> = function
            .params
            .iter()
            .map(|param| argument(*param))
            .collect();
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_was_converted_stays_as_it_is(value in plain(), ty in any_type()) {
        if let Ok(converted) = convert(&value, &ty) {
            prop_assert_eq!(convert(&converted, &ty), Ok(converted));
        }
    }

    #[test]
    fn json_reads_back(value in plain()) {
        let json = call("jsonencode", vec![value.clone()]).unwrap();
        prop_assert_eq!(call("jsondecode", vec![json]), Ok(value));
    }

    #[test]
    fn yaml_reads_back(value in plain()) {
        let yaml = call("yamlencode", vec![value.clone()]).unwrap();
        // A key `<<` merges, whoever wrote it.
        prop_assume!(!yaml.as_str().unwrap().contains("<<"));
        prop_assert_eq!(call("yamldecode", vec![yaml]), Ok(value));
    }

    #[test]
    fn no_text_breaks_a_decoder(text in "\\PC{0,40}|[\\[\\]{}:,&*!|>'\"%@`# \\n\\t0-9a-c-]{0,60}") {
        for function in ["yamldecode", "jsondecode", "csvdecode", "base64decode"] {
            let _ = call(function, vec![text.as_str().into()]);
        }
        let _ = call("regex", vec![text.as_str().into(), "abc".into()]);
        let _ = call("format", vec![text.as_str().into(), Value::number(1), "a".into()]);
        let _ = call("formatdate", vec![text.as_str().into(), "2024-01-01T00:00:00Z".into()]);
        let _ = call("fileset", vec![".".into(), text.as_str().into()]);
    }

    #[test]
    fn marks_do_not_vanish((function, args) in any_call(), chosen in any::<prop::sample::Index>()) {
        prop_assume!(!args.is_empty());
        let plain = functions::call(function, args.clone(), &Quiet);
        let index = chosen.index(args.len());
        // The default of a lookup that found something plays no part in what it found.
        prop_assume!(function.name != "lookup" || index < 2);
        let mut marked = args;
        marked[index] = marked[index].clone().marked(Marks::SENSITIVE);
        let result = functions::call(function, marked, &Quiet);
        if let Ok(value) = &result {
            prop_assert!(
                value.deep_marks().contains(Marks::SENSITIVE),
                "{} lost a mark", function.name
            );
        }
        prop_assert_eq!(plain.is_ok(), result.is_ok(), "{} depends on marks", function.name);
    }

    #[test]
    fn unknown_arguments_break_nothing(
        (function, args) in any_call(),
        chosen in any::<prop::sample::Index>(),
        known_type in any::<bool>(),
    ) {
        prop_assume!(!args.is_empty());
        let mut args = args;
        let index = chosen.index(args.len());
        let ty = if known_type { args[index].ty() } else { Type::Any };
        args[index] = Value::unknown(ty);
        let _ = functions::call(function, args, &Quiet);
    }
}

#[test]
fn large_collections_take_a_moment() {
    const COUNT: usize = 20_000;
    let started = Instant::now();
    let name = |i: usize| Text::from(format!("name{i}"));
    let strings = || Value::list(Type::String, (0..COUNT).map(|i| name(i).into()).collect());
    let mixed = || Value::tuple((0..COUNT).map(Value::number).collect());
    let objects = || -> Vec<Value> {
        (0..COUNT)
            .map(|i| Value::object([(name(i), Value::bool(true))]))
            .collect()
    };
    let nested = Value::tuple(
        (0..COUNT)
            .map(|i| Value::tuple(vec![Value::number(i)]))
            .collect(),
    );
    for (function, args, length) in [
        ("merge", objects(), COUNT),
        ("concat", vec![strings(), strings()], 2 * COUNT),
        ("concat", vec![mixed(), mixed()], 2 * COUNT),
        (
            "concat",
            (0..COUNT)
                .map(|i| Value::tuple(vec![Value::number(i)]))
                .collect(),
            COUNT,
        ),
        ("flatten", vec![nested], COUNT),
        ("distinct", vec![mixed()], COUNT),
        ("setunion", vec![strings(), mixed()], 2 * COUNT),
        ("setsubtract", vec![strings(), strings()], 0),
        ("setintersection", vec![strings(), strings()], COUNT),
        ("zipmap", vec![strings(), mixed()], COUNT),
        ("matchkeys", vec![strings(), strings(), strings()], COUNT),
        ("reverse", vec![mixed()], COUNT),
        ("sort", vec![strings()], COUNT),
        ("compact", vec![strings()], COUNT),
        (
            "chunklist",
            vec![strings(), Value::number(3)],
            COUNT.div_ceil(3),
        ),
        (
            "setproduct",
            vec![strings(), Value::tuple(vec![true.into(), false.into()])],
            2 * COUNT,
        ),
        ("toset", vec![strings()], COUNT),
        ("formatlist", vec!["%s".into(), strings()], COUNT),
        (
            "jsondecode",
            vec![call("jsonencode", vec![mixed()]).unwrap()],
            COUNT,
        ),
        (
            "yamldecode",
            vec![call("yamlencode", vec![mixed()]).unwrap()],
            COUNT,
        ),
    ] {
        let result = call(function, args).unwrap();
        let length = Value::number(length);
        assert_eq!(call("length", vec![result]), Ok(length), "{function}");
    }
    // Anything quadratic would take minutes.
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn values_nested_deep_are_flattened_or_refused() {
    let deep =
        |levels: usize| (0..levels).fold(Value::number(1), |inside, _| Value::tuple(vec![inside]));
    assert_eq!(call("flatten", vec![deep(300)]), Ok(deep(1)));
    assert!(call("flatten", vec![deep(800)]).is_err());
    // As deep as JSON may be, and everything that walks a value walks it.
    let json = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let value = call("jsondecode", vec![json.as_str().into()]).unwrap();
    assert_eq!(
        call("jsonencode", vec![value.clone()]),
        Ok(json.as_str().into())
    );
    for function in [
        "yamlencode",
        "toset",
        "distinct",
        "sensitive",
        "tolist",
        "one",
    ] {
        assert!(call(function, vec![value.clone()]).is_ok(), "{function}");
    }
    for function in ["setunion", "contains", "coalesce", "setproduct", "concat"] {
        assert!(
            call(function, vec![value.clone(), value.clone()]).is_ok(),
            "{function}"
        );
    }
}

#[test]
fn passwords_fit_their_hashes() {
    let hash = call("bcrypt", vec!["secret".into(), Value::number(4)]).unwrap();
    let hash = hash.as_str().unwrap();
    assert!(hash.starts_with("$2a$04$"));
    assert!(bcrypt::verify("secret", hash).unwrap());
    assert!(!bcrypt::verify("Secret", hash).unwrap());
}
