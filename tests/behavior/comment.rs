//! `flowctl comment`, against a host that the test plays.

use flowctl_testkit::{Ran, TestEnvironment};
use serde_json::json;

use crate::host::Host;
use crate::with;

const PLAN: &str = "//- plan.md\n<!-- flowctl:plan:live -->\n### A plan\n";

fn environment() -> TestEnvironment {
    with(PLAN)
        .with_variable("GITHUB_TOKEN", "CANARY-github")
        .with_variable("GITLAB_TOKEN", "CANARY-gitlab")
        // A proxy of the machine has nothing to do with the test.
        .with_variable("NO_PROXY", "127.0.0.1")
}

fn comment(environment: &TestEnvironment, host: &Host, thread: &str) -> Ran {
    let url = format!("--api-url={}", host.url);
    environment.flowctl(&["comment", thread, "--file=plan.md", &url])
}

const GITHUB: &str = "--github=example/flows#12";

#[test]
fn the_first_one_is_created() {
    let host = Host::new(|number, _| match number {
        0 => (200, "", json!([])),
        _ => (
            201,
            "",
            json!({ "id": 1, "html_url": "https://example.com/c/1" }),
        ),
    });
    let ran = comment(&environment(), &host, GITHUB);
    assert_eq!(ran.out(), "Created the comment: https://example.com/c/1\n");
    assert_eq!(
        host.lines(),
        [
            "GET /repos/example/flows/issues/12/comments?per_page=100&page=1",
            "POST /repos/example/flows/issues/12/comments",
        ]
    );
    for request in host.requests() {
        assert!(
            request.has_header("authorization: Bearer CANARY-github"),
            "{request:?}"
        );
        assert!(
            request
                .headers
                .iter()
                .any(|header| header.starts_with("user-agent: flowctl/"))
        );
    }
    let text = "<!-- flowctl:plan:live -->\n### A plan\n";
    assert_eq!(host.requests()[1].comment(), text);
}

#[test]
fn the_one_that_is_there_is_found_on_a_later_page_and_updated() {
    let host = Host::new(|number, _| match number {
        0 => {
            let other = json!({ "id": 1, "body": "see <!-- flowctl:plan:live -->" });
            (200, "", json!(vec![other; 100]))
        }
        1 => {
            let other = json!({ "id": 2, "body": "<!-- flowctl:plan:test -->\nother" });
            let ours = json!({ "id": 3, "body": "<!-- flowctl:plan:live -->\r\nold" });
            (200, "", json!([other, ours]))
        }
        _ => (200, "", json!({ "id": 3 })),
    });
    let ran = comment(&environment(), &host, GITHUB);
    assert_eq!(ran.out(), "Updated the comment\n");
    assert_eq!(
        host.lines()[1..],
        [
            "GET /repos/example/flows/issues/12/comments?per_page=100&page=2",
            "PATCH /repos/example/flows/issues/comments/3",
        ]
    );
}

#[test]
fn a_comment_of_somebody_else_is_left_alone() {
    let host = Host::new(|number, _| match number {
        0 => {
            let theirs = json!({ "id": 4, "body": "<!-- flowctl:plan:live -->\nnot ours" });
            (200, "", json!([theirs]))
        }
        1 => (403, "", json!({ "message": "Forbidden" })),
        _ => (201, "", json!({ "id": 5 })),
    });
    let ran = comment(&environment(), &host, GITHUB);
    assert_eq!(ran.out(), "Created the comment\n");
    let last = "POST /repos/example/flows/issues/12/comments";
    assert_eq!(host.lines().last().unwrap(), last);
}

#[test]
fn merge_requests_on_gitlab() {
    let host = Host::new(
        |number, request| match (number, request.line.starts_with("GET")) {
            (0, _) => (
                200,
                "",
                json!([{ "id": 9, "body": "<!-- flowctl:plan:live -->\nold" }]),
            ),
            _ => (200, "", json!({ "id": 9 })),
        },
    );
    let ran = comment(&environment(), &host, "--gitlab=group/sub/flows!3");
    assert_eq!(ran.out(), "Updated the comment\n");
    assert_eq!(
        host.lines(),
        [
            "GET /projects/group%2Fsub%2Fflows/merge_requests/3/notes?per_page=100&page=1",
            "PUT /projects/group%2Fsub%2Fflows/merge_requests/3/notes/9",
        ]
    );
    assert!(host.requests()[1].has_header("private-token: CANARY-gitlab"));
}

#[test]
fn a_text_without_a_marker_is_given_one() {
    let host = Host::new(|number, _| match number {
        0 => (200, "", json!([])),
        _ => (201, "", json!({ "id": 1 })),
    });
    let url = format!("--api-url={}", host.url);
    let ran = environment().flowctl_reading("words\n", &["comment", GITHUB, "--file=-", &url]);
    let _ = ran.success();
    assert_eq!(
        host.requests()[1].comment(),
        "<!-- flowctl:comment -->\nwords\n"
    );
}

#[test]
fn the_longest_that_the_host_takes_is_sent() {
    let host = Host::new(|number, _| match number {
        0 => (200, "", json!([])),
        _ => (201, "", json!({ "id": 1 })),
    });
    let environment = environment();
    let marker = "<!-- flowctl:plan:live -->\n";
    let rest = "x".repeat(65_536 - marker.len());
    // The directory of a test ends its files with a line break.
    std::fs::write(environment.path("plan.md"), format!("{marker}{rest}")).unwrap();
    let _ = comment(&environment, &host, GITHUB).success();
    assert_eq!(host.requests()[1].comment().len(), 65_536);
}

#[test]
fn what_passes_is_tried_again_from_the_beginning() {
    // The answer to the first attempt is lost after the comment was made.
    let host = Host::new(|number, _| match number {
        0 => (200, "", json!([])),
        1 => (502, "", json!({ "message": "bad gateway" })),
        2 => (429, "retry-after: 0\r\n", json!({})),
        3 => (
            403,
            "retry-after: 0\r\n",
            json!({ "message": "secondary rate limit" }),
        ),
        4 => (
            200,
            "",
            json!([{ "id": 5, "body": "<!-- flowctl:plan:live -->\n" }]),
        ),
        _ => (200, "", json!({ "id": 5 })),
    });
    let ran = comment(&environment(), &host, GITHUB);
    assert_eq!(ran.out(), "Updated the comment\n");
    let posts = host
        .lines()
        .iter()
        .filter(|line| line.starts_with("POST"))
        .count();
    assert_eq!(posts, 1);
    // A host that asks for more patience than there is, is believed.
    let busy = Host::new(|_, _| (429, "retry-after: 3600\r\n", json!({})));
    let ran = comment(&environment(), &busy, GITHUB).code(1);
    assert!(ran.stderr.contains("3600 s"), "{ran}");
    assert_eq!(busy.lines().len(), 1);
}

#[test]
fn the_limit_of_requests_is_told_as_such() {
    // One that is only told in words passes.
    let host = Host::new(|number, _| match number {
        0 => (
            403,
            "",
            json!({ "message": "You have exceeded a secondary rate limit." }),
        ),
        1 => (200, "", json!([])),
        _ => (201, "", json!({ "id": 1 })),
    });
    let ran = comment(&environment(), &host, GITHUB);
    assert_eq!(ran.out(), "Created the comment\n");
    // Of one that is counted it is told when it is renewed: in the year 2100.
    let headers = "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 4102444800\r\n";
    let message = json!({ "message": "API rate limit exceeded" });
    let spent = Host::new(move |_, _| (403, headers, message.clone()));
    let ran = comment(&environment(), &spent, GITHUB).code(1);
    assert!(
        ran.stderr.contains("GitHub takes no more requests for now") && ran.stderr.contains(" s."),
        "{ran}"
    );
    assert_eq!(spent.lines().len(), 1);
}

#[test]
fn one_that_is_deleted_meanwhile_is_made_again() {
    let host = Host::new(|number, _| match number {
        0 => (
            200,
            "",
            json!([{ "id": 4, "body": "<!-- flowctl:plan:live -->\nold" }]),
        ),
        1 => (404, "", json!({ "message": "Not Found" })),
        _ => (201, "", json!({ "id": 5 })),
    });
    let ran = comment(&environment(), &host, GITHUB);
    assert_eq!(ran.out(), "Created the comment\n");
    let last = "POST /repos/example/flows/issues/12/comments";
    assert_eq!(host.lines().last().unwrap(), last);
}

#[test]
fn what_does_not_pass_is_said_without_the_token() {
    let mut said = String::new();
    for (status, message) in [
        (401, "Bad credentials CANARY-github"),
        (403, "Resource not accessible by integration"),
        (404, "Not Found"),
        (422, "Validation Failed"),
    ] {
        let host = Host::new(move |_, _| (status, "", json!({ "message": message })));
        let ran = comment(&environment(), &host, GITHUB).code(1);
        assert_eq!(host.lines().len(), 1, "{status} is final");
        said.push_str(&ran.to_string().replace(&host.url, "[URL]"));
    }
    assert!(!said.contains("CANARY"), "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn the_log_does_not_have_the_token() {
    let host = Host::new(|number, _| match number {
        0 => (
            503,
            "retry-after: 0\r\n",
            json!({ "message": "CANARY-github" }),
        ),
        1 => (200, "", json!([])),
        _ => (201, "", json!({ "id": 1 })),
    });
    let url = format!("--api-url={}", host.url);
    let environment = environment().with_variable("FLOWCTL_LOG", "trace");
    let ran = environment.flowctl(&["-vv", "comment", GITHUB, "--file=plan.md", &url]);
    let ran = ran.success();
    assert!(
        ran.stderr.contains("sent again") && !ran.to_string().contains("CANARY"),
        "{ran}"
    );
}

#[test]
fn what_is_wrong_before_anything_is_sent() {
    let environment = environment();
    environment.write(&format!(
        "//- long.md\n{}\n//- empty.md\n",
        "x".repeat(70_000)
    ));
    let mut said = String::new();
    for arguments in [
        &["comment", GITHUB, "--file=missing.md"][..],
        &["comment", GITHUB, "--file=empty.md"],
        &["comment", GITHUB, "--file=long.md"],
        &[
            "comment",
            GITHUB,
            "--file=plan.md",
            "--api-url=http://example.com",
        ],
        &["comment", "--github=flows", "--file=plan.md"],
        &["comment", "--file=plan.md"],
        &["comment", GITHUB, "--gitlab=a/b!1", "--file=plan.md"],
    ] {
        said.push_str(&environment.flowctl(arguments).code(1).to_string());
    }
    let unknown = with(PLAN).flowctl(&["comment", GITHUB, "--file=plan.md"]);
    said.push_str(&unknown.code(1).to_string());
    assert!(!said.contains("CANARY"), "{said}");
    insta::assert_snapshot!(said);
}
