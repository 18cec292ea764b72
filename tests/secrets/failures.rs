//! Commands that fail, next to secrets and because of them.

use std::os::unix::process::ExitStatusExt as _;

use crate::canary::{plain, quoted, spicy};
use crate::connectors::{every_connector, ways};
use crate::ground::Ground;

/// Everything but the profile of Redshift.
const WITHOUT_ROLES: &str = "-exclude=aws_appflow_connector_profile.c12";

/// A profile with secrets written in it, and one line of something else.
fn with_line(line: &str) -> String {
    format!(
        "resource \"aws_appflow_connector_profile\" \"p\" {{\n  name = \"p\"\n  connector_type = \
         \"Slack\"\n  connection_mode = \"Public\"\n  connector_profile_config {{\n    \
         connector_profile_credentials {{\n      slack {{\n        client_id = \"id\"\n        \
         client_secret = \"{}\"\n{line}\n      }}\n    }}\n    connector_profile_properties {{\n      \
         slack {{\n        instance_url = \"https://x.slack.com\"\n      }}\n    }}\n  }}\n}}\n",
        plain(1)
    )
}

#[test]
fn errors_beside_and_inside_of_what_is_secret() {
    let (p, s) = (plain(2), quoted(&spicy(3)));
    let lines = [
        format!("access_token = \"{p}\" acess_token = \"{s}\""),
        format!("acess_token = \"{p}\""),
        format!("access_token = \"{p} {p}\""),
        format!("access_token = \"{}\"", p.repeat(200)),
        format!("access_token = [\"{p}\"]"),
        format!("access_token = {{ a = \"{p}\" }}"),
        format!("access_token = \"{p}\" + 1"),
        format!("access_token = uper(\"{p}\")"),
        format!("access_token = jsondecode(\"{p}\")"),
        format!("access_token = tonumber(\"{p}\")"),
        format!("access_token = base64decode(\"{p}!\")"),
        format!("access_token = file(\"{p}\")"),
        format!("access_token = lookup({{ a = \"{p}\" }}, \"b\")"),
        format!("access_token = {{ a = \"{p}\" }}.b"),
        format!("access_token = [\"{p}\"][1]"),
        format!("access_token = \"{p}"),
        format!("access_token = \"{p}${{\""),
        format!("access_token = \"{s}\" \"{p}\""),
        format!("access_token = '{p}'"),
        format!("access_token = <<EOT\n{p}\nEOT"),
        format!("access_token = <<EOT\n{p}\n"),
        format!("access_token = \"{p}\"\naccess_token = \"{s}\""),
        format!("access_token = null\nclient_secret = \"{p}\""),
        format!(
            "oauth_request {{\nauth_code = \"{p}\"\ncode_verifier = \"{}\"\n}}",
            &p[..9]
        ),
        format!("oauth_request {{\nauth_code = \"{p}\"\nredirect = \"{p}\"\n}}"),
        format!("access_token = \"{p}\"\n}}\nredshift {{\npassword = \"{s}\""),
        format!("access_token = \"{p}\" == 1 ? \"{p}\" : []"),
        format!("access_token = nope.thing[\"{p}\"]"),
        format!("access_token = \"{p}\"\nbad-{{"),
        format!("# access_token = \"{p}\"\naccess_token = 5x"),
    ];
    let mut ground = Ground::new();
    for line in &lines {
        ground.write(&[("main.tf", &with_line(line))]);
        for arguments in [
            &["validate"][..],
            &["validate", "-json"],
            &["plan"],
            &["plan", "-json"],
            &["apply", "-auto-approve", "--color=always"],
        ] {
            let output = ground.run(arguments);
            assert!(output.status.code().is_some(), "{line}");
        }
        let _ = ground.run(&["destroy", "-auto-approve"]);
    }
    ground.assert_clean("errors beside literals");
}

#[test]
fn errors_about_variables_and_their_files() {
    let mut ground = Ground::new();
    let (p, s) = (plain(4), quoted(&spicy(5)));
    let declared = "variable \"text\" {\n  type = string\n  sensitive = true\n  validation {\n    \
                    condition = length(var.text) < 3\n    error_message = \"No ${var.text}.\"\n  \
                    }\n}\nvariable \"number\" {\n  type = number\n  sensitive = true\n  default = 1\n}\n\
                    variable \"object\" {\n  type = object({ a = number })\n  sensitive = true\n  default = { a = 1 }\n}\n\
                    output \"shown\" {\n  value = \"x${var.text}\"\n}\n\
                    resource \"terraform_data\" \"each\" {\n  for_each = toset([var.text])\n}\n\
                    resource \"terraform_data\" \"pre\" {\n  input = var.text\n  lifecycle {\n    precondition {\n      \
                    condition = var.text == \"\"\n      error_message = \"Is ${var.text}.\"\n    }\n  }\n}\n";
    ground.write(&[("main.tf", declared)]);
    for values in [
        format!("text = \"{s}\"\n"),
        format!("text = \"{p}\"\nnumber = \"{p}\"\n"),
        format!("text = \"{p}\"\nobject = {{ a = \"{p}\" }}\n"),
        format!("text = \"{p}\n"),
        format!("text = \"{p}\" \"{p}\"\n"),
        format!("text = \"{p}\"\ntext = \"{s}\"\n"),
        format!("text = \"{p}\"\nunknown = \"{s}\"\n"),
        format!("text = {p}\n"),
        format!("text = [\"{p}\"]\n"),
        format!("text = upper(\"{p}\")\n"),
        format!("text = <<EOT\n{p}\n"),
    ] {
        ground.write(&[("terraform.tfvars", &values)]);
        for arguments in [
            &["plan"][..],
            &["plan", "-json"],
            &["validate"],
            &["apply", "-auto-approve"],
        ] {
            let _ = ground.run(arguments);
        }
        let json = format!("{{\"text\": \"{p}\", \"number\": \"{p}\"");
        ground.write(&[("other.tfvars.json", &json)]);
        let _ = ground.run(&["plan", "-var-file=other.tfvars.json"]);
    }
    ground.write(&[("terraform.tfvars", "")]);
    for argument in [
        format!("-var=text={p}"),
        format!("-var=number={p}"),
        format!("-var=object={{ a = \"{p}\" }}"),
        format!("-var=object={{ a = \"{p}"),
    ] {
        let _ = ground.run(&["plan", &argument]);
        let _ = ground.run(&["apply", "-auto-approve", &argument]);
        let _ = ground.run(&["history"]);
    }
    for name in ["text", "number", "object", "unknown"] {
        let variable = format!("TF_VAR_{name}");
        let _ = ground.run_with(&["plan"], &[(&variable, &p)]);
        let _ = ground.run_with(&["apply", "-auto-approve"], &[(&variable, &p)]);
    }
    let _ = ground.run_with(
        &["plan"],
        &[("TF_CLI_ARGS_plan", &format!("-var=text={p} 'open"))],
    );
    let _ = ground.run_with(&["plan"], &[("FLOWCTL_STATE_KEY", &p)]);
    ground.assert_clean("errors about variables");
}

#[test]
fn a_service_that_repeats_what_it_was_sent() {
    let mut ground = Ground::new();
    for configuration in [every_connector(0), ways()] {
        ground.configure(&configuration);
        for rules in [
            "create:echo,update:echo,delete:echo",
            "create:echo:0.5",
            "create:conflict",
            "create:validation",
            "create:auth",
            "create:server",
            "describe:echo",
        ] {
            ground.emulator.set_faults(rules);
            let json = rules.contains("0.5") || rules.contains("auth");
            let arguments: &[&str] = if json {
                &["apply", "-auto-approve", "-json"]
            } else {
                &["apply", "-auto-approve", "-vv"]
            };
            // A refusal that names a role is taken for a role that is not known everywhere yet, and
            // waited for: that takes minutes and shows nothing else.
            let arguments: Vec<_> = arguments.iter().copied().chain([WITHOUT_ROLES]).collect();
            let _ = ground.run(&arguments);
            let _ = ground.run(&["history", "1"]);
            let _ = ground.run(&["history", "1", "-json"]);
        }
        ground.emulator.set_faults("");
        let _ = ground.run(&["apply", "-auto-approve"]);
        ground.emulator.set_faults("update:echo,delete:echo");
        let _ = ground.run(&["destroy", "-auto-approve"]);
        ground.emulator.set_faults("");
        let _ = ground.expect(0, &["destroy", "-auto-approve"]);
    }
    ground.assert_clean("a service that repeats");
}

#[test]
fn a_fault_of_flowctl_and_a_process_that_dies() {
    let mut ground = Ground::new();
    ground.configure(&every_connector(0));
    for point in [
        "before-intent",
        "after-intent",
        "after-send",
        "before-result",
        "after-result",
    ] {
        let fault = format!("panic:{point}:3");
        let output = ground.run_with(&["apply", "-auto-approve"], &[("FLOWCTL_FAULT", &fault)]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("internal error"), "{point}");
        let _ = ground.look_everywhere();
    }
    // Dying in earnest leaves no image of the memory behind, even where images are wanted.
    let mut command = ground.environment.command(&["apply", "-auto-approve"]);
    let limit = rustix::process::Rlimit {
        current: None,
        maximum: None,
    };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, limit);
    let output = command.env("FLOWCTL_FAULT", "after-intent:3").output();
    let output = output.expect("the binary runs");
    assert!(output.status.signal().is_some() && !output.status.core_dumped());
    let _ = ground.expect(0, &["apply", "-auto-approve"]);
    let _ = ground.expect(0, &["plan", "-detailed-exitcode"]);
    ground.assert_clean("faults of flowctl");
}
