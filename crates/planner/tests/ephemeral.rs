//! Ephemeral resources: asked for in every plan, part of none.

#![expect(clippy::unwrap_used, reason = "a test ends where something goes wrong")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::Project;
use flowctl_lang::World;
use flowctl_model::{Address, Type, Value};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_planner::{Input, Policies, settings, validate};
use flowctl_schema::builtin::BuiltinProvider;
use flowctl_schema::{
    Attribute, Block, ConfiguredProvider, DataSource, Presence, Provider, ProviderError, Providers,
    RemoteObjects, ResourceType, Schema,
};

/// A provider with a setting and one ephemeral resource type, `vault_secret`.
struct Vault {
    settings: Schema,
    ephemeral: [Arc<dyn DataSource>; 1],
}

struct Secret(Schema);

impl DataSource for Secret {
    fn name(&self) -> &'static str {
        "vault_secret"
    }
    fn schema(&self) -> &Schema {
        &self.0
    }
}

fn table(attributes: Vec<Attribute>) -> Schema {
    let block = Block {
        attributes,
        ..Block::default()
    };
    Schema { version: 0, block }
}

impl Vault {
    fn new() -> Self {
        let string = |name, presence| Attribute::new(name, Type::String, presence, "");
        let secret = table(vec![
            string("path", Presence::Required),
            Attribute {
                secret: true,
                ..string("value", Presence::Computed)
            },
        ]);
        Self {
            settings: table(vec![string("address", Presence::Optional)]),
            ephemeral: [Arc::new(Secret(secret))],
        }
    }
}

impl Provider for Vault {
    fn name(&self) -> &'static str {
        "vault"
    }
    fn schema(&self) -> &Schema {
        &self.settings
    }
    fn resource_types(&self) -> &[Arc<dyn ResourceType>] {
        &[]
    }
    fn ephemeral_resources(&self) -> &[Arc<dyn DataSource>] {
        &self.ephemeral
    }
    fn configure(&self, _: Option<&Value>) -> Result<Arc<dyn ConfiguredProvider>, ProviderError> {
        Ok(Arc::new(Configured))
    }
}

struct Configured;

impl ConfiguredProvider for Configured {
    fn remote(&self, _: &str) -> Option<Arc<dyn RemoteObjects>> {
        None
    }
}

fn project(fixture: &str) -> Project {
    let mut project = Project::new(fixture);
    project.providers = Providers::new(vec![
        Arc::new(BuiltinProvider::new()),
        Arc::new(Vault::new()),
    ]);
    project
}

fn answered(mut project: Project, answers: &[(&str, &str)]) -> Project {
    for (address, value) in answers {
        let object = Value::object([("path", "p".into()), ("value", Value::from(*value))]);
        project.data.insert(address.parse().unwrap(), object);
    }
    project
}

fn asked(project: &Project) -> Vec<String> {
    project.plan(|planned, _| {
        let summaries = planned.diagnostics.iter().filter(|d| d.is_error());
        let summaries = summaries.map(|d| d.summary.clone());
        let reads = planned.needs.data.iter().map(|read| {
            let path = read.config.get("path").and_then(Value::as_str);
            format!("{} {}", read.address, path.unwrap_or("?"))
        });
        summaries.chain(reads).collect()
    })
}

#[test]
fn instances_are_asked_for_and_never_planned() {
    let fixture = r#"
        ephemeral "vault_secret" "each" {
          for_each = toset(["a", "b"])
          path     = "db/${each.key}"
        }
        ephemeral "vault_secret" "chain" {
          path = ephemeral.vault_secret.each["a"].value
        }
        module "m" {
          source = "./m"
          secret = ephemeral.vault_secret.each["b"].value
        }
        locals {
          known = nonsensitive(ephemeralasnull(ephemeral.vault_secret.each["a"].value)) == null
        }
        resource "terraform_data" "kept" { input = local.known }
        //- m/main.tf
        variable "secret" { ephemeral = true }
        output "secret" {
          value     = "${var.secret}!"
          ephemeral = true
          sensitive = true
        }
        "#;
    let open = project(fixture);
    assert_eq!(
        asked(&open),
        [
            "ephemeral.vault_secret.each[\"a\"] db/a",
            "ephemeral.vault_secret.each[\"b\"] db/b",
        ]
    );
    // What one answer makes known is asked for next.
    let half = answered(
        project(fixture),
        &[
            ("ephemeral.vault_secret.each[\"a\"]", "CANARY"),
            ("ephemeral.vault_secret.each[\"b\"]", "CANARY"),
        ],
    );
    assert_eq!(asked(&half), ["ephemeral.vault_secret.chain CANARY"]);
    let full = answered(half, &[("ephemeral.vault_secret.chain", "CANARY")]);
    assert_eq!(asked(&full), [""; 0]);
    full.plan(|planned, _| {
        let plan = format!("{:?}", planned.plan);
        assert!(
            !plan.contains("CANARY") && !plan.contains("vault_secret"),
            "{plan}"
        );
    });
    full.applied();
    let kept = &full.snapshot().resources[&"terraform_data.kept".parse::<Address>().unwrap()];
    assert_eq!(
        kept.attributes.get("input").and_then(Value::as_bool),
        Some(true)
    );
    assert!(kept.dependencies.is_empty(), "{:?}", kept.dependencies);
}

#[test]
fn what_is_kept_cannot_be_ephemeral() {
    for (rest, summary) in [
        (
            "resource \"terraform_data\" \"x\" { input = ephemeral.vault_secret.a.value }",
            "Invalid use of ephemeral value",
        ),
        (
            "output \"x\" { value = ephemeral.vault_secret.a.value }",
            "Ephemeral value not allowed",
        ),
        (
            "output \"x\" {\n value = ephemeral.vault_secret.a.value\n ephemeral = true\n}",
            "Ephemeral output not allowed",
        ),
        (
            "resource \"terraform_data\" \"x\" { count = length(ephemeral.vault_secret.a.value) }",
            "Invalid count argument",
        ),
    ] {
        let text = format!("ephemeral \"vault_secret\" \"a\" {{ path = \"p\" }}\n{rest}\n");
        let project = answered(project(&text), &[("ephemeral.vault_secret.a", "CANARY")]);
        assert_eq!(asked(&project), [summary], "{rest}");
    }
}

#[test]
fn conditions_hold_before_and_after_reading() {
    let fixture = |condition: &str, kind: &str| {
        format!(
            "variable \"no\" {{ default = false }}\n\
             ephemeral \"vault_secret\" \"a\" {{\n path = \"p\"\n lifecycle {{\n {kind} {{\n \
             condition = {condition}\n error_message = \"no\"\n }}\n }}\n}}\n"
        )
    };
    let answers = [("ephemeral.vault_secret.a", "CANARY")];
    let before = project(&fixture("var.no", "precondition"));
    assert_eq!(asked(&before), ["Resource precondition failed"]);
    let after = project(&fixture("self.value == \"other\"", "postcondition"));
    assert_eq!(asked(&after), ["ephemeral.vault_secret.a p"]);
    let after = answered(after, &answers);
    assert_eq!(asked(&after), ["Resource postcondition failed"]);
    let holds = project(&fixture("self.path == \"p\"", "postcondition"));
    assert_eq!(asked(&answered(holds, &answers)), [""; 0]);
}

#[test]
fn what_is_still_to_be_made_cannot_be_waited_for() {
    for argument in [
        "path = terraform_data.new.id",
        "path = \"p\"\n depends_on = [terraform_data.new]",
    ] {
        let text = format!(
            "resource \"terraform_data\" \"new\" {{}}\n\
             ephemeral \"vault_secret\" \"a\" {{\n {argument}\n}}\n"
        );
        assert_eq!(
            asked(&project(&text)),
            ["Ephemeral resource cannot be read yet"],
            "{argument}"
        );
    }
}

#[test]
fn settings_of_a_provider_wait_for_what_is_read() {
    let text = r#"
        ephemeral "vault_secret" "a" {
          path     = "p"
          provider = vault.plain
        }
        provider "vault" {
          alias = "plain"
        }
        provider "vault" {
          address = ephemeral.vault_secret.a.value
        }
        "#;
    let found = |project: &Project| {
        let loaded = project.load();
        let snapshot = project.snapshot();
        let (nothing, none, empty) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let input = Input {
            configuration: &loaded.configuration,
            variables: &project.variables,
            snapshot: &snapshot,
            live: &nothing,
            data: &project.data,
            imports: &none,
            resume: &empty,
            interrupted: &[],
            providers: &project.providers,
            digester: &project.digester,
            settings: &flowctl_planner::settings::NO_SETTINGS,
            key_changed: false,
            world: &project.disk as &dyn World,
            workspace: "default",
            options: &project.options,
        };
        let (settings, needs, found) = settings(&input);
        assert!(found.is_empty(), "{found:?}");
        let address = settings.get("vault").and_then(|settings| {
            let address = settings.config.as_ref()?.get("address")?;
            address.as_str().map(str::to_owned)
        });
        let read = needs.data.iter().map(|read| read.provider.to_string());
        (
            settings.contains_key("vault"),
            settings.contains_key("vault.plain"),
            address,
            read.collect::<Vec<_>>(),
        )
    };
    let open = project(text);
    let asked = vec!["vault.plain".to_owned()];
    assert_eq!(found(&open), (false, true, None, asked));
    let full = answered(open, &[("ephemeral.vault_secret.a", "here")]);
    assert_eq!(found(&full), (true, true, Some("here".into()), vec![]));
}

#[test]
fn mistakes_are_found_without_reading_anything() {
    let project = project(
        r#"
        ephemeral "vault_secrets" "near" {}
        ephemeral "vault_secret" "missing" {}
        ephemeral "vault_secret" "kept" {
          path = "p"
          lifecycle { prevent_destroy = true }
        }
        locals { gone = ephemeral.vault_secret.nobody.value }
        resource "terraform_data" "x" { input = ephemeral.vault_secret.kept.value }
        "#,
    );
    let loaded = project.load();
    let mut found = loaded.diagnostics.clone();
    found.extend(validate(
        &loaded.configuration,
        &project.providers,
        &project.disk,
        "default",
        &Policies::default(),
    ));
    let mut found: Vec<_> = found
        .iter()
        .filter(|d| Diagnostic::is_error(d))
        .map(|d| d.summary.as_str())
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "Invalid ephemeral resource lifecycle argument",
            "Invalid ephemeral resource type",
            "Invalid use of ephemeral value",
            "Missing required argument",
            "Reference to undeclared resource",
        ]
    );
}
