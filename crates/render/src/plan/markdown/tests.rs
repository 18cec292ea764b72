//! The sample plans as comments of a review.

use std::sync::OnceLock;

use flowctl_model::Address;
use flowctl_model::plan::{CheckResult, CheckStatus};
use flowctl_model::problem::Severity;
use flowctl_parser::Span;
use proptest::prelude::*;

use super::*;
use crate::samples::{self, CANARY};

const HOSTILE: &str = "``` ````\n</details></summary><script>@org #1 | \u{1b}[31m\u{202e}\n- gone";

fn options(target: &str) -> Options<'_> {
    Options {
        kind: Kind::Plan,
        target,
        host: Host::GitHub,
        max_length: None,
        whole: Some("https://ci.example.com/runs/1"),
    }
}

fn write(plan: &Plan, options: &Options<'_>) -> String {
    let sources = SourceMap::default();
    comment(
        &Input {
            plan,
            providers: &samples::providers(),
            diagnostics: &[],
            sources: &sources,
            summary: None,
        },
        options,
    )
}

/// What is outside of code must be words and tags of ours, and everything opened is closed.
fn check(text: &str, folds: bool) {
    let mut fence: Option<usize> = None;
    let mut open = 0;
    for line in text.lines().skip(usize::from(!folds)) {
        let ticks = line.bytes().take_while(|b| *b == b'`').count();
        if let Some(length) = fence {
            if ticks >= length && line.len() == ticks {
                fence = None;
            }
            continue;
        }
        if ticks >= 3 && !line[ticks..].contains('`') {
            assert!(["diff", "text"].contains(&&line[ticks..]), "{line}");
            fence = Some(ticks);
            continue;
        }
        let outside = without_code(line);
        let words = outside
            .replace("<details><summary>", "\u{1}")
            .replace("</summary>", "")
            .replace("</details>", "\u{2}");
        let marker = words.starts_with("<!-- flowctl:") && words.ends_with(" -->");
        assert!(
            marker || !words.contains(['<', '>', '@', '`', '\u{1b}', '\u{202e}']),
            "{line}"
        );
        open += words.matches('\u{1}').count();
        let closed = words.matches('\u{2}').count();
        assert!(closed <= open, "{line}");
        open -= closed;
    }
    assert_eq!((fence, open), (None, 0), "{text}");
}

fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(['`', '<']) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let ticks = rest.bytes().take_while(|b| *b == b'`').count();
        let (begin, end) = if ticks > 0 {
            (&rest[..ticks], &rest[..ticks])
        } else if rest.starts_with("<code>") {
            ("<code>", "</code>")
        } else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        // A run of backticks ends at one of the same length.
        let mut at = begin.len();
        loop {
            let found = rest[at..].find(end).unwrap_or_else(|| panic!("{line}")) + at;
            let length = rest[found..].bytes().take_while(|b| *b == b'`').count();
            at = found + length.max(end.len());
            if ticks == 0 || length == ticks {
                break;
            }
        }
        rest = &rest[at..];
    }
    out + rest
}

#[test]
fn samples_as_comments() {
    for (name, plan) in samples::plans() {
        let text = write(&plan, &options("prod/eu"));
        check(&text, true);
        assert!(!text.contains(CANARY), "{name}");
        insta::assert_snapshot!(format!("markdown_{name}"), text);
    }
}

#[test]
fn counts_and_what_is_destroyed_come_first() {
    let text = write(&samples::plan("everything"), &options("x"));
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what}"));
    assert!(at("### flowctl plan") < at("| destroy |"));
    assert!(at("| destroy |") < at("#### Destroyed or replaced"));
    assert!(at("`name` forces replacement") < at("<details>"));
    let first = text.split("<details>").nth(1).unwrap();
    assert!(
        first.contains("must be replaced") || first.contains("destroyed"),
        "{first}"
    );
}

#[test]
fn an_update_on_one_line_names_what_changes() {
    let short = Options {
        max_length: Some(1000),
        ..options("x")
    };
    let text = write(&samples::plan("update"), &short);
    assert!(text.contains("will be updated in-place: `"), "{text}");
}

#[test]
fn markers_are_stable_and_tell_comments_apart() {
    let plan = samples::plan("update");
    let first = |kind, target: &str| {
        let text = write(
            &plan,
            &Options {
                kind,
                ..options(target)
            },
        );
        assert_eq!(
            text,
            write(
                &plan,
                &Options {
                    kind,
                    ..options(target)
                }
            )
        );
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(first(Kind::Plan, "prod"), "<!-- flowctl:plan:prod -->");
    assert_eq!(first(Kind::Apply, "prod"), "<!-- flowctl:apply:prod -->");
    assert_eq!(
        first(Kind::Plan, "a--> b"),
        "<!-- flowctl:plan:a-%2d%3e%20b -->"
    );
    let long = "x".repeat(300);
    let longer = format!("{long}y");
    assert_ne!(first(Kind::Plan, &long), first(Kind::Plan, &longer));
    assert!(first(Kind::Plan, &long).len() < 140);
}

#[test]
fn bitbucket_gets_no_html() {
    let options = Options {
        host: Host::Bitbucket,
        ..options("prod")
    };
    let text = write(&samples::plan("everything"), &options);
    assert!(text.starts_with("[//]: # (flowctl:plan:prod)\n"));
    assert!(!text.contains("<details>"), "{text}");
    check(&text, false);
}

#[test]
fn an_apply_says_how_it_ended() {
    let mut sources = SourceMap::default();
    let file = sources.add("main.tf", "a = 1\nb = 2\n");
    let span = Span {
        file,
        start: 6,
        end: 7,
    };
    let mut error = Diagnostic::error(span, "409 `ConflictException` @org", HOSTILE);
    error.help = Some("Use another name.".to_owned());
    let warning = Diagnostic::warning(span, "Something @org", "Look at it.");
    let summary = Summary {
        added: 2,
        failed: 1,
        ..Summary::default()
    };
    let text = comment(
        &Input {
            plan: &samples::plan("remove"),
            providers: &samples::providers(),
            diagnostics: &[error, warning],
            sources: &sources,
            summary: Some(&summary),
        },
        &Options {
            kind: Kind::Apply,
            ..options("prod")
        },
    );
    check(&text, true);
    insta::assert_snapshot!("markdown_apply", text);
}

/// Every sample change again and again, hostile text in every place that takes any.
fn many() -> &'static Plan {
    static MANY: OnceLock<Plan> = OnceLock::new();
    MANY.get_or_init(|| {
        let samples: Vec<_> = samples::plans();
        let mut plan = Plan::default();
        while plan.changes.len() < 5000 {
            for (_, sample) in &samples {
                for change in &sample.changes {
                    let number = plan.changes.len();
                    let mut change = change.clone();
                    let key = format!("{number}{HOSTILE}");
                    change.address.key = Some(flowctl_model::InstanceKey::Str(key.into()));
                    if number % 3 == 0 {
                        change.importing = Some(HOSTILE.into());
                        change.deposed = Some(HOSTILE.into());
                    }
                    plan.changes.push(change);
                }
            }
        }
        plan.changes.truncate(5000);
        plan.drift = vec![samples::plan("drift").drift; 20].concat();
        plan.outputs = samples::plan("outputs").outputs;
        for number in 0..50 {
            let output = plan.outputs.values().next().unwrap().clone();
            plan.outputs
                .insert(format!("{HOSTILE}{number}").into(), output);
            plan.checks.push(CheckResult {
                address: format!("check.{HOSTILE}{number}"),
                status: CheckStatus::Fail,
                severity: Severity::Error,
                message: Some(HOSTILE.to_owned()),
            });
        }
        plan
    })
}

fn fits(count: usize, limit: usize, kind: Kind, host: Host) {
    let many = many();
    let plan = Plan {
        changes: many.changes[..count].to_vec(),
        ..many.clone()
    };
    let target = HOSTILE.repeat(count % 5);
    let sources = SourceMap::default();
    let error = Diagnostic::error_without_place(HOSTILE, HOSTILE);
    let diagnostics = vec![error; count % 30];
    let options = Options {
        kind,
        target: &target,
        host,
        max_length: Some(limit),
        whole: Some(HOSTILE),
    };
    let input = Input {
        plan: &plan,
        providers: &samples::providers(),
        diagnostics: &diagnostics,
        sources: &sources,
        summary: None,
    };
    let text = comment(&input, &options);
    assert!(text.len() <= limit, "{} is more than {limit}", text.len());
    assert!(!text.contains(CANARY));
    check(&text, host.has_html());
    // The verdict and the counts are never left out, nor is that something was.
    assert!(text.contains("### flowctl"), "{text}");
    let destroyed = plan
        .changes
        .iter()
        .filter(|c| c.action == Action::Delete)
        .count();
    assert!(destroyed == 0 || text.contains("| destroy |"), "{text}");
    let folded = text.contains("Left out for length");
    assert!(count < 1000 || folded, "{text}");
}

#[test]
fn thousands_of_hostile_changes_fit() {
    for (count, limit, host) in [
        (5000, 1000, Host::GitHub),
        (5000, 65_536, Host::GitHub),
        (5000, 32_768, Host::Bitbucket),
        (1200, 250_000, Host::GitLab),
    ] {
        fits(count, limit, Kind::Plan, host);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_plan_fits_any_limit(
        count in 0_usize..120,
        limit in prop_oneof![1000_usize..3000, 3000_usize..80_000],
        apply in any::<bool>(),
        host in prop_oneof![Just(Host::GitHub), Just(Host::Bitbucket)],
    ) {
        fits(count, limit, if apply { Kind::Apply } else { Kind::Plan }, host);
    }
}

#[test]
fn an_address_that_does_not_fit_is_shortened() {
    let mut change = samples::plan("remove").changes[0].clone();
    change.address = Address::root("aws_x", "y".repeat(10_000));
    let line = destroyed_line(&change);
    assert!(line.len() < 600, "{line}");
}
