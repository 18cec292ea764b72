//! The sample plans as pages, with nothing that runs or leaks in them.

use super::*;
use crate::samples::{self, CANARY};

fn write(plan: &Plan) -> String {
    page(&Input {
        plan,
        providers: &samples::providers(),
        diagnostics: &[],
        sources: &SourceMap::default(),
        target: "prod </title><script>",
        flowctl_version: "0.1.0",
        timestamp: Some("2026-11-25T01:34:46Z"),
    })
}

/// The page between style and script: all that depends on the plan.
fn body(page: &str) -> &str {
    let start = page.find("</style>").unwrap();
    let end = page.rfind("<script>").unwrap();
    &page[start..end]
}

#[test]
fn samples_as_pages() {
    for (name, plan) in samples::plans() {
        let page = write(&plan);
        assert!(!page.contains(CANARY), "{name}");
        assert_eq!(page, write(&plan), "{name}");
    }
    for name in ["empty", "replace", "hostile", "outputs"] {
        let page = write(&samples::plan(name));
        insta::assert_snapshot!(format!("html_{name}"), body(&page));
    }
}

#[test]
fn nothing_of_a_plan_becomes_markup() {
    const OURS: [&str; 35] = [
        "a", "body", "button", "code", "del", "details", "div", "footer", "g", "h1", "h2", "head",
        "header", "html", "input", "ins", "kbd", "main", "mark", "meta", "p", "path", "pre",
        "rect", "script", "section", "span", "strong", "style", "summary", "svg", "text", "title",
        "!doctype", "/",
    ];
    for (name, plan) in samples::plans() {
        let page = write(&plan);
        assert_eq!(page.matches("<script>").count(), 1, "{name}");
        let body = body(&page);
        for tag in body.split('<').skip(1) {
            let word: String = tag
                .trim_start_matches('/')
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '!')
                .collect();
            assert!(OURS.contains(&word.as_str()), "{name}: <{tag}");
        }
        for active in [
            "onerror=alert(1)>",
            "\u{1b}",
            "\u{202e}",
            "href=\"javascript",
        ] {
            assert!(!body.contains(active), "{name}: {active:?}");
        }
    }
}

#[test]
fn every_element_is_closed() {
    for (name, plan) in samples::plans() {
        let page = write(&plan);
        for element in [
            "details", "div", "section", "summary", "span", "del", "ins", "mark", "svg", "g", "a",
            "code",
        ] {
            let open = page.matches(&format!("<{element}>")).count()
                + page.matches(&format!("<{element} ")).count();
            let closed = page.matches(&format!("</{element}>")).count();
            assert_eq!(open, closed, "{name}: {element}");
        }
    }
}

#[test]
fn the_policy_names_the_style_and_the_script() {
    let page = write(&samples::plan("update"));
    for (open, close) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let content = page
            .split(open)
            .nth(1)
            .unwrap()
            .split(close)
            .next()
            .unwrap();
        let digest = BASE64.encode(Sha256::digest(content.as_bytes()));
        assert!(page.contains(&format!("'sha256-{digest}'")), "{open}");
    }
    assert!(page.contains("default-src 'none'"));
    for address in ["http://", "https://", "url(", "@import"] {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        let head = &found[..found.find("<body>").unwrap()];
        assert!(
            !head.contains(address) && !SCRIPT.contains(address),
            "{address}"
        );
    }
}
