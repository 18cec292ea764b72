//! Clusters of Redshift: against moto, where a cluster is available at once, and against a service
//! that the test plays, where it takes its time.

use flowctl_testkit::{Moto, TestEnvironment};

use crate::redshift_service::Service;

const APPLY: [&str; 2] = ["apply", "-auto-approve"];

/// A cluster and a profile that connects to it. Names are of one test alone.
fn configuration(name: &str) -> String {
    r#"
//- main.tf
variable "password" {
  type      = string
  default   = "CANARY-Passw0rd"
  sensitive = true
}
variable "nodes" {
  default = 1
}
variable "team" {
  default = "crm"
}
variable "track" {
  default = "sun:04:00-sun:04:30"
}
resource "aws_redshift_cluster" "warehouse" {
  cluster_identifier           = "NAME"
  database_name                = "sales"
  master_username              = "admin"
  master_password              = var.password
  node_type                    = "ra3.large"
  number_of_nodes              = var.nodes
  preferred_maintenance_window = var.track
  final_snapshot_identifier    = "NAME-last"
  tags                         = { team = var.team }
}
resource "aws_appflow_connector_profile" "warehouse" {
  name            = "NAME"
  connector_type  = "Redshift"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      redshift {
        username = aws_redshift_cluster.warehouse.master_username
        password = var.password
      }
    }
    connector_profile_properties {
      redshift {
        bucket_name  = "example-bucket"
        database_url = "jdbc:redshift://${aws_redshift_cluster.warehouse.endpoint}/sales"
        role_arn     = "arn:aws:iam::123456789012:role/loader"
      }
    }
  }
}
output "endpoint" {
  value = aws_redshift_cluster.warehouse.endpoint
}
output "arn" {
  value = aws_redshift_cluster.warehouse.arn
}
"#
    .replace("NAME", name)
}

fn flowctl(environment: &TestEnvironment, arguments: &[&[&str]]) -> flowctl_testkit::Ran {
    environment.flowctl(&[&["--emulator"], &arguments.concat()[..]].concat())
}

fn plans_empty(environment: &TestEnvironment, more: &[&str]) {
    let _ = flowctl(environment, &[&["plan", "-detailed-exitcode"], more]).code(0);
}

#[test]
fn a_cluster_lives_through_everything() {
    let Some(environment) = super::with(&configuration("lives")) else {
        return;
    };
    let made = flowctl(&environment, &[&APPLY]).success();
    assert!(made.stdout.contains("2 added"), "{made}");
    plans_empty(&environment, &[]);
    let endpoint = environment.flowctl(&["output", "-raw", "endpoint"]).out();
    let right = endpoint.starts_with("lives.") && endpoint.ends_with(":5439");
    assert!(right, "{endpoint}");
    let arn = environment.flowctl(&["output", "-raw", "arn"]).out();
    assert_eq!(arn, "arn:aws:redshift:eu-west-1:123456789012:cluster:lives");

    // In place, with several requests.
    let change = [
        "-var=nodes=2",
        "-var=team=erp",
        "-var=password=CANARY-Passw0rd-2",
        "-var=track=mon:04:00-mon:04:30",
    ];
    let plan = flowctl(&environment, &[&["plan"], &change]).success();
    assert!(
        plan.stdout.contains("0 to add, 2 to change, 0 to destroy"),
        "{plan}"
    );
    let _ = flowctl(&environment, &[&APPLY, &change]).success();
    plans_empty(&environment, &change);
    let Some(moto) = Moto::shared() else {
        return;
    };
    moto.elsewhere(
        "import boto3\nc = boto3.client('redshift').describe_clusters(ClusterIdentifier='lives')\n\
         c = c['Clusters'][0]\nassert c['NumberOfNodes'] == 2, c\n\
         assert c['Tags'] == [{'Key': 'team', 'Value': 'erp'}], c\n\
         assert c['PreferredMaintenanceWindow'] == 'mon:04:00-mon:04:30', c\n",
    );

    // What somebody else changes is seen and put right.
    moto.elsewhere(
        "import boto3\nboto3.client('redshift').modify_cluster(ClusterIdentifier='lives', \
         ClusterType='single-node')\n",
    );
    let drift = flowctl(&environment, &[&["plan", "-detailed-exitcode"], &change]).code(2);
    assert!(drift.stdout.contains("number_of_nodes"), "{drift}");
    let _ = flowctl(&environment, &[&APPLY, &change]).success();
    plans_empty(&environment, &change);

    // Taken over by another state, by name or by ARN.
    for (state, id) in [("other.db", "lives"), ("third.db", &*arn)] {
        let import = ["import", "aws_redshift_cluster.warehouse", id];
        let other = ["--state", state];
        let _ = flowctl(&environment, &[&other, &import]).success();
        let target = ["-target=aws_redshift_cluster.warehouse"];
        let plan = flowctl(&environment, &[&["plan"], &other, &change, &target]).success();
        // What the service does not tell.
        assert!(
            plan.stdout.contains("0 to add, 1 to change, 0 to destroy"),
            "{plan}"
        );
    }

    let destroyed = flowctl(&environment, &[&["destroy", "-auto-approve"]]).success();
    assert!(destroyed.stdout.contains("2 destroyed"), "{destroyed}");
    moto.elsewhere(
        "import boto3\nr = boto3.client('redshift')\n\
         s = r.describe_cluster_snapshots(SnapshotIdentifier='lives-last')['Snapshots']\n\
         assert len(s) == 1, s\nassert not any(c['ClusterIdentifier'] == 'lives' \
         for c in r.describe_clusters()['Clusters'])\n",
    );
    let import = ["import", "aws_redshift_cluster.warehouse", "lives"];
    let gone = flowctl(&environment, &[&["--state", "fourth.db"], &import]).code(1);
    assert!(gone.stderr.contains("here is no cluster `lives`"), "{gone}");
}

#[test]
fn a_cluster_comes_from_a_snapshot() {
    let Some(moto) = Moto::shared() else {
        return;
    };
    moto.elsewhere(
        "import boto3\nr = boto3.client('redshift')\n\
         r.create_cluster(ClusterIdentifier='before', NodeType='ra3.large', MasterUsername='admin', \
         MasterUserPassword='Passw0rd', ClusterType='multi-node', NumberOfNodes=2, Encrypted=True)\n\
         r.create_cluster_snapshot(ClusterIdentifier='before', SnapshotIdentifier='kept')\n",
    );
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_redshift_cluster" "again" {
  cluster_identifier  = "again"
  node_type           = "ra3.large"
  snapshot_identifier = "kept"
  master_password     = "CANARY-Passw0rd"
  skip_final_snapshot = true
  tags                = { from = "snapshot" }
}
"#,
    ) else {
        return;
    };
    let _ = flowctl(&environment, &[&APPLY]).success();
    plans_empty(&environment, &[]);
    moto.elsewhere(
        "import boto3\nc = boto3.client('redshift').describe_clusters(ClusterIdentifier='again')\n\
         c = c['Clusters'][0]\nassert c['NumberOfNodes'] == 2, c\n\
         assert c['RestoreStatus']['Status'] == 'completed', c\n\
         assert c['Tags'] == [{'Key': 'from', 'Value': 'snapshot'}], c\n",
    );
    let _ = flowctl(&environment, &[&["destroy", "-auto-approve"]]).success();
}

#[test]
fn configuration_is_written_for_an_import_block() {
    let Some(moto) = Moto::shared() else {
        return;
    };
    moto.elsewhere(
        "import boto3\nboto3.client('redshift').create_cluster(ClusterIdentifier='found', \
         NodeType='ra3.large', MasterUsername='admin', MasterUserPassword='Passw0rd', \
         ClusterType='multi-node', NumberOfNodes=2, Tags=[{'Key': 'a', 'Value': 'b'}])\n",
    );
    let Some(environment) = super::with(
        r#"
//- main.tf
import {
  to = aws_redshift_cluster.found
  id = "found"
}
"#,
    ) else {
        return;
    };
    let plan = flowctl(&environment, &[&["plan", "-generate-config-out=found.tf"]]).success();
    assert!(
        plan.stdout.contains("1 to import, 0 to add, 0 to change"),
        "{plan}"
    );
    insta::assert_snapshot!(environment.read("found.tf"));
    let _ = flowctl(&environment, &[&APPLY]).success();
    plans_empty(&environment, &[]);
}

#[test]
fn mistakes_are_told_where_they_are_made() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_redshift_cluster" "wrong" {
  cluster_identifier = "Wrong--name"
  node_type          = "ra3.large"
  cluster_type       = "single-node"
  number_of_nodes    = 2
  master_username    = "admin"
  master_password    = "CANARY pass"
  elastic_ip         = "192.0.2.1"
  timeouts {
    create = "soon"
  }
}
resource "aws_redshift_cluster" "lacking" {
  cluster_identifier  = "lacking"
  node_type           = "ra3.large"
  skip_final_snapshot = true
}
resource "aws_redshift_cluster" "both" {
  cluster_identifier     = "both"
  node_type              = "ra3.large"
  master_username        = "admin"
  master_password        = "CANARY-Passw0rd"
  manage_master_password = true
  skip_final_snapshot    = true
  logging {
    enable = true
  }
}
"#,
    ) else {
        return;
    };
    let ran = flowctl(&environment, &[&["plan"]]).code(1);
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    insta::assert_snapshot!(ran.stderr);
}

/// A directory whose commands reach a service that the test plays.
fn reaching(service: &Service) -> TestEnvironment {
    TestEnvironment::new(env!("CARGO_BIN_EXE_flowctl"))
        .with_variable("AWS_ENDPOINT_URL_REDSHIFT", service.url())
        .with_variable("AWS_REGION", "eu-west-1")
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "test")
}

/// A cluster alone, at a service that the test plays.
fn played(service: &Service) -> TestEnvironment {
    let mut text = configuration("c");
    let from = text.find("resource \"aws_appflow").unwrap_or_default();
    let until = text.find("output \"endpoint\"").unwrap_or_default();
    text.replace_range(from..until, "");
    let text = text.replace(
        "  tags ",
        "  timeouts {\n    create = \"20s\"\n    update = \"20s\"\n    delete = \"20s\"\n  }\n  tags ",
    );
    reaching(service).with(&text)
}

const READY: [&str; 3] = ["creating", "creating", "available"];

#[test]
fn a_cluster_is_waited_for_until_it_is_available() {
    let service = Service::new(&READY);
    let environment = played(&service);
    let _ = environment.flowctl(&APPLY).success();
    assert_eq!(service.count("CreateCluster"), 1);
    let endpoint = environment.flowctl(&["output", "-raw", "endpoint"]).out();
    assert_eq!(endpoint, "c.example.com:5439");
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);

    // Every change that is asked for is waited for, and one that comes too early is asked for again.
    service.then(&["modifying", "available"]);
    service.refuse_next("ModifyCluster", "InvalidClusterState");
    let change = ["-var=password=CANARY-Passw0rd-2", "-var=nodes=2"];
    let _ = environment
        .flowctl(&[&APPLY[..], &change].concat())
        .success();
    let sent = service.sent("ModifyCluster");
    let nodes: Vec<_> = sent
        .iter()
        .map(|sent| sent.get("NumberOfNodes").cloned())
        .collect();
    assert_eq!(nodes, [None, None, Some("2".to_owned())]);
    let passwords: Vec<_> = sent
        .iter()
        .map(|sent| sent.get("MasterUserPassword").is_some())
        .collect();
    assert_eq!(passwords, [true, true, false]);

    // A password that stays is not sent.
    let _ = environment
        .flowctl(&[&APPLY[..], &["-var=track=mon:04:00-mon:04:30"], &change].concat())
        .success();
    let last = service.sent("ModifyCluster").pop().unwrap_or_default();
    assert_eq!(
        last.get("PreferredMaintenanceWindow").map(String::as_str),
        Some("mon:04:00-mon:04:30")
    );
    assert!(!last.contains_key("MasterUserPassword"), "{last:?}");

    service.then(&["final-snapshot", "deleting", ""]);
    let destroyed = environment.flowctl(&["destroy", "-auto-approve"]).success();
    assert!(destroyed.stdout.contains("1 destroyed"), "{destroyed}");
    let deleted = service.sent("DeleteCluster").pop().unwrap_or_default();
    assert_eq!(
        deleted
            .get("FinalClusterSnapshotIdentifier")
            .map(String::as_str),
        Some("c-last")
    );
}

#[test]
fn a_password_that_is_not_to_be_kept_is_sent_when_its_version_changes() {
    let service = Service::new(&["available"]);
    let environment = reaching(&service);
    let passwords = |password: &str, version: u8| {
        environment.write(&format!(
            r#"
//- main.tf
resource "aws_redshift_cluster" "c" {{
  cluster_identifier         = "c"
  node_type                  = "ra3.large"
  master_username            = "admin"
  master_password_wo         = "{password}"
  master_password_wo_version = {version}
  skip_final_snapshot        = true
}}
"#
        ));
        let _ = environment.flowctl(&APPLY).success();
        let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
        let sent = [service.sent("CreateCluster"), service.sent("ModifyCluster")].concat();
        let sent = sent.into_iter();
        sent.filter_map(|mut sent| sent.remove("MasterUserPassword"))
            .collect::<Vec<_>>()
    };
    assert_eq!(passwords("Passw0rd-1", 1), ["Passw0rd-1"]);
    assert_eq!(passwords("Passw0rd-2", 1), ["Passw0rd-1"]);
    let both = ["Passw0rd-1", "Passw0rd-3"];
    assert_eq!(passwords("Passw0rd-3", 2), both);
    let shown = environment.flowctl(&["show", "-json"]).out();
    assert!(!shown.contains("Passw0rd"), "{shown}");
}

#[test]
fn what_one_request_cannot_change_is_changed_by_several() {
    let service = Service::new(&["available"]);
    let cluster = |more: &str| {
        format!(
            r#"
//- main.tf
resource "aws_redshift_cluster" "c" {{
  cluster_identifier     = "c"
  node_type              = "ra3.large"
  master_username        = "admin"
  manage_master_password = true
  skip_final_snapshot    = true
  {more}
}}
"#
        )
    };
    let environment = reaching(&service).with(&cluster(
        r#"iam_roles = ["arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/b"]
  availability_zone_relocation_enabled = true"#,
    ));
    let _ = environment.flowctl(&APPLY).success();
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
    service.then(&["modifying", "available"]);
    environment.write(&cluster(
        r#"iam_roles = ["arn:aws:iam::123456789012:role/b", "arn:aws:iam::123456789012:role/c"]
  default_iam_role_arn = "arn:aws:iam::123456789012:role/c"
  availability_zone_relocation_enabled = true
  availability_zone = "eu-west-1b"
  encrypted = false
  number_of_nodes = 3
  port = 5440
  publicly_accessible = true"#,
    ));
    let _ = environment.flowctl(&APPLY).success();
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
    let asked = |action: &str| -> Vec<String> {
        let sent = service.sent(action).into_iter();
        let without = ["ClusterIdentifier", "Version"];
        sent.map(|sent| {
            let asked = sent
                .iter()
                .filter(|(name, _)| !without.contains(&name.as_str()));
            let asked = asked.map(|(name, value)| format!("{name}={value}"));
            asked.collect::<Vec<_>>().join(" ")
        })
        .collect()
    };
    assert_eq!(
        asked("ModifyCluster"),
        [
            "Port=5440 PubliclyAccessible=true",
            "ClusterType=multi-node NodeType=ra3.large NumberOfNodes=3",
            "Encrypted=false",
            "AvailabilityZone=eu-west-1b",
        ]
    );
    assert_eq!(
        asked("ModifyClusterIamRoles"),
        ["AddIamRoles.IamRoleArn.1=arn:aws:iam::123456789012:role/c \
             DefaultIamRoleArn=arn:aws:iam::123456789012:role/c \
             RemoveIamRoles.IamRoleArn.1=arn:aws:iam::123456789012:role/a"]
    );
}

#[test]
fn a_cluster_that_is_stuck_is_told_and_looked_at_again() {
    let service = Service::new(&["creating", "incompatible-network"]);
    let environment = played(&service);
    let stuck = environment.flowctl(&APPLY).code(1);
    insta::assert_snapshot!(stuck.stderr_filtered());
    // Nobody has helped it yet.
    let again = environment.flowctl(&APPLY).code(1);
    assert!(
        again
            .stderr
            .contains("stuck in the state `incompatible-network`"),
        "{again}"
    );
    service.then(&["available"]);
    let _ = environment.flowctl(&APPLY).success();
    assert_eq!(service.count("CreateCluster"), 1);
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
}

#[test]
fn a_cluster_that_takes_too_long_is_waited_for_by_the_next_run() {
    let service = Service::new(&["creating"]);
    let environment = played(&service);
    let text = environment.read("main.tf");
    environment.write(&format!(
        "//- main.tf\n{}",
        text.replace("create = \"20s\"", "create = \"2s\"")
    ));
    let late = environment.flowctl(&APPLY).code(1);
    insta::assert_snapshot!(late.stderr_filtered());
    service.then(&["creating", "creating", "creating", "available"]);
    let waited = environment.flowctl(&APPLY).success();
    assert!(
        waited.stdout.contains("0 added, 1 changed, 0 destroyed"),
        "{waited}"
    );
    assert_eq!(service.count("CreateCluster"), 1);
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
}

#[test]
fn a_run_that_was_killed_leaves_no_cluster_behind_and_makes_none_twice() {
    for point in ["after-intent", "after-send", "before-result"] {
        let service = Service::new(&["creating", "creating", "creating", "creating", "available"]);
        let environment = played(&service);
        let mut cut = environment.command(&APPLY);
        let cut = cut.env("FLOWCTL_FAULT", format!("{point}:1")).output();
        assert!(
            cut.is_ok_and(|cut| cut.status.code().is_none()),
            "{point}: it was not killed"
        );
        let _ = environment.flowctl(&APPLY).success();
        let made = service.sent("CreateCluster").len();
        assert_eq!(made, 1, "{point}");
        let endpoint = environment.flowctl(&["output", "-raw", "endpoint"]).out();
        assert_eq!(endpoint, "c.example.com:5439", "{point}");
        let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
        for file in environment.list(".flowctl") {
            let path = environment.path(&format!(".flowctl/{file}"));
            assert!(path.is_dir() || !service.is_in(&path), "{point}: {file}");
        }
    }
}

#[test]
fn a_deletion_that_was_cut_off_is_waited_for() {
    let service = Service::new(&["available"]);
    let environment = played(&service);
    let _ = environment.flowctl(&APPLY).success();
    service.then(&["deleting", "deleting", "deleting", "deleting", ""]);
    let destroy = ["destroy", "-auto-approve"];
    let mut cut = environment.command(&destroy);
    let cut = cut.env("FLOWCTL_FAULT", "before-result:1").output();
    assert!(cut.is_ok_and(|cut| cut.status.code().is_none()));
    let _ = environment.flowctl(&destroy).success();
    assert_eq!(service.count("DeleteCluster"), 1);
    assert_eq!(environment.flowctl(&["state", "list"]).out(), "");
}

#[test]
fn somebody_elses_cluster_is_left_alone() {
    let service = Service::new(&READY);
    service.make(
        "c",
        &[("NodeType", "dc2.large"), ("MasterUsername", "somebody")],
    );
    let environment = played(&service);
    let taken = environment.flowctl(&APPLY).code(1);
    assert!(taken.stderr.contains("Object already exists"), "{taken}");
    assert_eq!(
        service.count("ModifyCluster") + service.count("DeleteCluster"),
        0
    );
}

#[test]
fn a_cluster_without_a_name_for_its_last_snapshot_is_not_deleted() {
    let service = Service::new(&["available"]);
    let environment = played(&service);
    let text = environment.read("main.tf");
    let line = "  final_snapshot_identifier    = \"c-last\"\n";
    environment.write(&format!("//- main.tf\n{}", text.replace(line, "")));
    let made = environment.flowctl(&APPLY).success();
    assert!(
        made.stderr.contains("No name for the final snapshot"),
        "{made}"
    );
    let kept = environment.flowctl(&["destroy", "-auto-approve"]).code(1);
    assert!(
        kept.stdout
            .contains("a last snapshot is taken of it, which has no name"),
        "{kept}"
    );
    assert_eq!(service.count("DeleteCluster"), 0);
}

#[test]
fn many_clusters_are_read_with_one_request() {
    let service = Service::new(&["available"]);
    let environment = reaching(&service).with(
        r#"
//- main.tf
resource "aws_redshift_cluster" "c" {
  count                  = 5
  cluster_identifier     = "c-${count.index}"
  node_type              = "ra3.large"
  master_username        = "admin"
  manage_master_password = true
  skip_final_snapshot    = true
}
"#,
    );
    let _ = environment.flowctl(&APPLY).success();
    let before = service.count("DescribeClusters");
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
    assert_eq!(service.count("DescribeClusters"), before + 1);
}
