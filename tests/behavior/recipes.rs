//! The pipelines of examples/ci: the shell steps of their jobs are run as a runner runs them, against
//! a host and an endpoint that the test plays.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use flowctl_testkit::{Emulator, TestEnvironment};
use serde_json::Value;

use crate::empty;
use crate::host::Thread;
use crate::review::{commit, git, replace};

/// The repository whose pipelines run: the configuration is in `live`.
const REPOSITORY: &str = r#"
//- live/main.tf
variable "salesforce_client_secret" {
  type      = string
  sensitive = true
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = var.salesforce_client_secret
        application_key = var.salesforce_client_secret
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}
"#;

/// A variable of the environment of a job.
type Variables = BTreeMap<String, String>;

/// A job that was run.
#[derive(Debug)]
struct Job {
    /// The exit code of the last step that was run.
    code: i32,
    /// What the steps said, and what they summed up.
    said: String,
    summary: String,
    /// What the steps hand to later ones, as STEP.NAME.
    outputs: Variables,
}

impl Job {
    #[track_caller]
    fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.said);
        assert!(!self.said.contains("CANARY"), "{}", self.said);
        assert!(!self.summary.contains("CANARY"), "{}", self.summary);
        self
    }
}

/// A runner with a checkout.
struct Runner {
    checkout: TestEnvironment,
    /// The file of the pipeline, as JSON.
    pipeline: Value,
    thread: Thread,
    emulator: Emulator,
}

impl Runner {
    fn new(file: &str) -> Self {
        let checkout = empty().with(REPOSITORY);
        let emulator = Emulator::start(&checkout, &[]);
        git(&checkout, &["init", "--quiet"]);
        commit(&checkout);
        git(
            &checkout,
            &["update-ref", "refs/remotes/origin/main", "HEAD"],
        );
        Self {
            pipeline: pipeline(file),
            checkout,
            thread: Thread::new(),
            emulator,
        }
    }

    /// Runs a shell over a script.
    fn shell(&self, shell: &[&str], script: &str, variables: &Variables) -> (i32, String) {
        let path = self.checkout.path(".script");
        std::fs::write(&path, script).unwrap();
        let binary = Path::new(env!("CARGO_BIN_EXE_flowctl"));
        let binaries = binary.parent().unwrap().display().to_string();
        let found = std::env::var("PATH").unwrap();
        let place = self.checkout.path(".");
        let output = Command::new(shell[0])
            .args(&shell[1..])
            .arg(&path)
            .current_dir(&place)
            .env_clear()
            .env("PATH", format!("{binaries}:{found}"))
            .env("HOME", &place)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("NO_PROXY", "127.0.0.1")
            // What the step before took from AWS.
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL_APPFLOW", self.emulator.url())
            .envs(variables)
            // On the volume of the runner.
            .env("STATE", place.join("volume/state.db"))
            .output()
            .unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap(), said.into_owned())
    }

    /// Runs a job of GitHub. `needs` are the outputs of jobs before.
    fn github(&self, name: &str, needs: &Variables) -> Job {
        let pipeline = &self.pipeline;
        let job = &pipeline["jobs"][name];
        let mut known: Variables = [
            ("secrets.FLOWCTL_STATE_KEY", "07".repeat(32)),
            (
                "secrets.SALESFORCE_CLIENT_SECRET",
                "CANARY-secret".to_owned(),
            ),
            ("github.token", "CANARY-token".to_owned()),
            ("github.event.number", "12".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        known.extend(needs.clone());
        let file = |name: &str| self.checkout.path(name).display().to_string();
        let mut variables: Variables = [
            ("GITHUB_API_URL", self.thread.host.url.clone()),
            ("GITHUB_BASE_REF", "main".to_owned()),
            ("GITHUB_OUTPUT", file(".output")),
            ("GITHUB_REPOSITORY", "example/flows".to_owned()),
            ("GITHUB_SHA", "0a1b2c".to_owned()),
            ("GITHUB_STEP_SUMMARY", file(".summary")),
            ("GITHUB_WORKSPACE", file(".")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        add(&mut variables, &pipeline["env"], &known);
        add(&mut variables, &job["env"], &known);
        let mut ran = Job {
            code: 0,
            said: String::new(),
            summary: String::new(),
            outputs: Variables::new(),
        };
        for step in job["steps"].as_array().unwrap() {
            let Some(script) = step["run"].as_str() else {
                continue; // An action of somebody else.
            };
            std::fs::write(self.checkout.path(".output"), "").unwrap();
            std::fs::write(self.checkout.path(".summary"), "").unwrap();
            let mut variables = variables.clone();
            add(&mut variables, &step["env"], &known);
            // As GitHub's documentation says which shell there is.
            let shell: &[&str] = match (step["shell"].as_str(), job.get("container")) {
                (Some("bash"), _) => &["bash", "--noprofile", "--norc", "-eo", "pipefail"],
                (_, Some(_)) => &["sh", "-e"],
                _ => &["bash", "-e"],
            };
            let (code, said) = self.shell(shell, &filled(script, &known), &variables);
            ran.said += &said;
            ran.summary += &self.checkout.read(".summary");
            for line in self.checkout.read(".output").lines() {
                let (name, value) = line.split_once('=').unwrap();
                let id = step["id"].as_str().unwrap();
                known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
            }
            ran.code = code;
            if code != 0 {
                break;
            }
        }
        if let Some(outputs) = job["outputs"].as_object() {
            for (output, value) in outputs {
                // What a step that was not reached would have said is nothing.
                let value = filled(value.as_str().unwrap(), &known);
                ran.outputs
                    .insert(format!("needs.{name}.outputs.{output}"), value);
            }
        }
        ran
    }

    /// Runs a job of GitLab.
    fn gitlab(&self, name: &str) -> Job {
        let pipeline = &self.pipeline;
        let job = &pipeline[name];
        let base = job["extends"].as_str().map(|base| &pipeline[base]);
        let lines = |list: &Value| -> Vec<String> {
            let lines = list.as_array().into_iter().flatten();
            lines
                .map(|line| line.as_str().unwrap().to_owned())
                .collect()
        };
        let mut script = base
            .map(|base| lines(&base["before_script"]))
            .unwrap_or_default();
        script.extend(lines(&job["script"]));
        let head = self.checkout.path(".git/refs/remotes/origin/main");
        let mut variables: Variables = [
            ("AWS_TOKEN", "CANARY-aws".to_owned()),
            (
                "APPLY_ROLE",
                "arn:aws:iam::123456789012:role/apply".to_owned(),
            ),
            ("CI_COMMIT_SHA", "0a1b2c".to_owned()),
            (
                "CI_MERGE_REQUEST_DIFF_BASE_SHA",
                std::fs::read_to_string(head).unwrap().trim().to_owned(),
            ),
            ("CI_MERGE_REQUEST_IID", "3".to_owned()),
            (
                "CI_PROJECT_DIR",
                self.checkout.path("project").display().to_string(),
            ),
            ("CI_PROJECT_PATH", "group/flows".to_owned()),
            ("CI_SERVER_URL", self.thread.host.url.clone()),
            ("FLOWCTL_STATE_KEY", "07".repeat(32)),
            ("GITLAB_TOKEN", "CANARY-token".to_owned()),
            (
                "PLAN_ROLE",
                "arn:aws:iam::123456789012:role/plan".to_owned(),
            ),
            (
                "TF_VAR_salesforce_client_secret",
                "CANARY-secret".to_owned(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        add(&mut variables, &pipeline["variables"], &Variables::new());
        let shell = ["bash", "-eo", "pipefail"];
        let (code, said) = self.shell(&shell, &script.join("\n"), &variables);
        Job {
            code,
            said,
            summary: String::new(),
            outputs: Variables::new(),
        }
    }

    fn change(&self, from: &str, to: &str) {
        replace(&self.checkout, "live/main.tf", from, to);
    }

    /// Somebody changes what exists without telling: another state knows it as it was.
    fn change_outside(&self, url: &str) {
        let away = empty().with(REPOSITORY);
        replace(&away, "live/main.tf", "https://api.datadoghq.com", url);
        std::fs::create_dir(away.path("volume")).unwrap();
        std::fs::copy(
            self.checkout.path("volume/state.db"),
            away.path("volume/state.db"),
        )
        .unwrap();
        let away = away
            .with_variable("AWS_ACCESS_KEY_ID", "test")
            .with_variable("AWS_SECRET_ACCESS_KEY", "test")
            .with_variable("AWS_REGION", "us-east-1")
            .with_variable("AWS_ENDPOINT_URL_APPFLOW", &self.emulator.url())
            .with_variable("FLOWCTL_STATE_KEY", &"07".repeat(32))
            .with_variable("TF_VAR_salesforce_client_secret", "CANARY-secret");
        let state = ["-C", "live", "--state", "../volume/state.db"];
        let _ = away
            .flowctl(&[&state[..], &["apply", "-auto-approve"]].concat())
            .success();
    }

    /// The one comment there is.
    #[track_caller]
    fn comment(&self) -> String {
        let comments = self.thread.comments();
        assert_eq!(comments.len(), 1, "{comments:#?}");
        assert!(!comments[0].contains("CANARY"), "{}", comments[0]);
        comments[0].clone()
    }
}

/// A file of examples/ci as JSON: flowctl itself reads YAML.
fn pipeline(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ci");
    let path = path.join(file).canonicalize().unwrap();
    let reader = empty().with(&format!(
        "output \"pipeline\" {{\n  value = jsonencode(yamldecode(file(\"{}\")))\n}}\n",
        path.display()
    ));
    let _ = reader.flowctl(&["apply", "-auto-approve"]).success();
    reader.flowctl(&["output", "-raw", "pipeline"]).json()
}

/// Adds the variables of an `env`.
fn add(variables: &mut Variables, env: &Value, known: &Variables) {
    for (name, value) in env.as_object().into_iter().flatten() {
        variables.insert(name.clone(), filled(value.as_str().unwrap(), known));
    }
}

/// A text with the values of its `${{ … }}`.
fn filled(text: &str, known: &Variables) -> String {
    let mut parts = text.split("${{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap();
        let value = known.get(name.trim());
        assert!(value.is_some(), "no value of {name}");
        filled += value.unwrap();
        filled += rest;
    }
    filled
}

const EU: &str = "https://api.datadoghq.eu";

#[test]
fn on_github_from_the_pull_request_to_the_nightly_look() {
    let runner = Runner::new("github-actions.yml");
    let none = Variables::new();
    // A pull request is opened: what changes in the configuration, and what would be done.
    runner.change("\"metrics\"\n  connector", "\"first\"\n  connector");
    let review = runner.github("review", &none).ends_with(0);
    assert!(review.summary.contains("metrics"), "{}", review.summary);
    let _ = runner.github("plan", &none).ends_with(0);
    let first = runner.comment();
    assert!(first.contains("first"), "{first}");
    // It is pushed to again: the same comment says what is true now.
    runner.change("\"first\"\n  connector", "\"metrics\"\n  connector");
    let _ = runner.github("plan", &none).ends_with(0);
    let second = runner.comment();
    assert!(second != first && !second.contains("first"), "{second}");
    // What does not plan is told in the comment too, and the job fails.
    runner.change("instance_url", "instance_ulr");
    let _ = runner.github("plan", &none).ends_with(1);
    assert!(runner.comment().contains("instance_ulr"));
    let _ = runner.github("review", &none).ends_with(1);
    runner.change("instance_ulr", "instance_url");

    // It is merged: exactly what was approved is done.
    let prepared = runner.github("prepare", &none).ends_with(0);
    assert_eq!(prepared.outputs["needs.prepare.outputs.changes"], "2");
    assert!(
        prepared.summary.contains("1 to add"),
        "{}",
        prepared.summary
    );
    let job = &runner.pipeline["jobs"]["apply"];
    assert_eq!(job["if"], "needs.prepare.outputs.changes == '2'");
    let _ = runner.github("apply", &prepared.outputs).ends_with(0);
    // There is nothing more to do, and nobody is asked.
    let again = runner.github("prepare", &none).ends_with(0);
    assert_eq!(again.outputs["needs.prepare.outputs.changes"], "0");
    let _ = runner.github("drift", &none).ends_with(0);

    // Somebody changes the service while a plan waits for its approval.
    runner.change("https://api.datadoghq.com", EU);
    let waiting = runner.github("prepare", &none).ends_with(0);
    runner.change_outside("https://us3.datadoghq.com");
    let refused = runner.github("apply", &waiting.outputs).ends_with(1);
    assert!(refused.said.contains("live objects"), "{}", refused.said);
    runner.change(EU, "https://api.datadoghq.com");
    let _ = runner.github("drift", &none).ends_with(2);
}

#[test]
fn on_gitlab_from_the_merge_request_to_the_nightly_look() {
    let runner = Runner::new("gitlab-ci.yml");
    runner.change("\"metrics\"\n  connector", "\"first\"\n  connector");
    let review = runner.gitlab("review").ends_with(0);
    assert!(review.said.contains("metrics"), "{}", review.said);
    let _ = runner.gitlab("plan").ends_with(0);
    let first = runner.comment();
    assert!(first.contains("first"), "{first}");
    runner.change("\"first\"\n  connector", "\"metrics\"\n  connector");
    let _ = runner.gitlab("plan").ends_with(0);
    let second = runner.comment();
    assert!(second != first && !second.contains("first"), "{second}");
    runner.change("instance_url", "instance_ulr");
    let _ = runner.gitlab("plan").ends_with(1);
    assert!(runner.comment().contains("instance_ulr"));
    runner.change("instance_ulr", "instance_url");

    let prepared = runner.gitlab("prepare").ends_with(0);
    assert!(prepared.said.contains("1 to add"), "{}", prepared.said);
    let _ = runner.gitlab("apply").ends_with(0);
    let _ = runner.gitlab("drift").ends_with(0);
    // The plan was applied: once.
    let twice = runner.gitlab("apply").ends_with(1);
    assert!(twice.said.contains("state: aws_appflow"), "{}", twice.said);
    runner.change_outside(EU);
    let _ = runner.gitlab("drift").ends_with(2);
}
