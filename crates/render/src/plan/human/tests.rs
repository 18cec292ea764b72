//! The samples as people read them.

use flowctl_model::plan::Change;
use proptest::prelude::*;

use super::*;
use crate::samples::{self, CANARY, plans, providers, stored};

fn text(name: &str, options: HumanOptions) -> String {
    plan(&samples::plan(name), &providers(), &options)
        .as_str()
        .to_owned()
}

#[test]
fn every_sample_is_shown() {
    for (name, sample) in plans() {
        let shown = plan(&sample, &providers(), &HumanOptions::default());
        insta::assert_snapshot!(format!("human_{name}"), shown.as_str());
    }
}

#[test]
fn compact_is_one_line_for_each_resource() {
    let options = HumanOptions {
        compact: true,
        ..HumanOptions::default()
    };
    insta::assert_snapshot!(text("everything", options));
    insta::assert_snapshot!(text("hostile", options));
}

#[test]
fn all_shows_what_does_not_change_as_well() {
    let options = HumanOptions {
        context: Context::All,
        ..HumanOptions::default()
    };
    insta::assert_snapshot!("human_all_update", text("update", options));
    insta::assert_snapshot!("human_all_values", text("values_changed", options));
}

#[test]
fn an_object_is_shown_as_it_is() {
    let address = samples::address("aws_sample.full");
    let object_value = stored(&address, &samples::sample());
    let shown = object(
        &address,
        "(tainted)",
        &object_value,
        &providers(),
        &HumanOptions::default(),
    );
    insta::assert_snapshot!("human_object", shown.as_str());
}

#[test]
fn nothing_secret_and_nothing_for_the_terminal_is_shown() {
    let contexts = [Context::Lines(0), Context::Lines(3), Context::All];
    for (name, sample) in plans() {
        for (context, compact) in contexts.into_iter().flat_map(|c| [(c, false), (c, true)]) {
            let options = HumanOptions {
                width: 80,
                context,
                compact,
            };
            let shown = plan(&sample, &providers(), &options);
            for word in [CANARY, "\u{1b}", "\u{9b}", "\u{202e}", "\r"] {
                assert!(!shown.as_str().contains(word), "{name}: {word:?}");
            }
            assert!(!shown.ansi().contains(CANARY), "{name}");
        }
    }
}

#[test]
fn colours_are_all_that_colour_adds() {
    for (name, sample) in plans() {
        let shown = plan(&sample, &providers(), &HumanOptions::default());
        let mut plain = String::new();
        let mut rest = shown.ansi();
        while let Some(start) = rest.find('\u{1b}') {
            plain.push_str(&rest[..start]);
            let end = rest[start..].find('m').unwrap();
            rest = rest[start + end + 1..].to_owned();
        }
        assert_eq!(plain + &rest, shown.as_str(), "{name}");
    }
}

#[test]
fn the_summary_is_the_last_line() {
    for (name, sample) in plans() {
        let shown = plan(&sample, &providers(), &HumanOptions::default());
        let last = shown.as_str().lines().last().unwrap();
        assert_eq!(last, summary(&sample).as_str(), "{name}");
    }
}

/// Values of every shape, as JSON that the samples understand.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::json;
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!(samples::UNKNOWN)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i32>().prop_map(|n| json!(n)),
        "\\PC{0,12}".prop_map(|s| json!(s)),
        ".{0,200}".prop_map(|s| json!(s)),
        "([a-c]\n|\u{1b}\\[1m|EOT\n){0,6}".prop_map(|s| json!(s)),
        Just(json!("{\"a\":[1,{\"name\":\"x\"}]}")),
        Just(json!("{\"a\": [1,{\"name\":\"y\"}]}")),
        Just(json!({"secret": "CANARY"})),
        Just(json!({"secret": ["CANARY"]})),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|v| json!(v)),
            prop::collection::btree_map("(name|a|b c|\u{202e})", inner, 0..4)
                .prop_map(|m| json!(m)),
        ]
    })
}

proptest! {
    #[test]
    fn any_values_can_be_shown(
        before in any_json(),
        after in any_json(),
        create in any::<bool>(),
        width in 0_usize..120,
        lines in 0_usize..4,
    ) {
        let object = |input| serde_json::json!({"id": "i", "input": input});
        let (before, after) = (object(before), object(after));
        let (action, before) = if create {
            (Action::Create, None)
        } else {
            (Action::Update, Some(&before))
        };
        let change: Change = samples::change(action, "terraform_data.any", before, Some(&after));
        let sample = Plan { changes: vec![change], edges: vec![Vec::new()], ..Plan::default() };
        for context in [Context::Lines(lines), Context::All] {
            let options = HumanOptions { width, context, compact: false };
            let shown = plan(&sample, &providers(), &options);
            for word in [CANARY, "\u{1b}", "\u{202e}"] {
                prop_assert!(!shown.as_str().contains(word), "{}", shown.as_str());
            }
            prop_assert!(shown.as_str().ends_with(" to destroy.\n"));
        }
    }
}
