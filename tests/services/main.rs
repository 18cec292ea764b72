//! Services beside AppFlow: the real binary against moto, which nobody here wrote, and AppFlow itself
//! at the endpoint inside flowctl, in the same configuration.

#![expect(clippy::expect_used, reason = "a test ends where something goes wrong")]

mod about;
mod cdktf;
mod complete;
mod iam_policy;
mod iam_role;
mod kms;
mod provider;
mod redshift_cluster;
mod redshift_service;
mod s3_bucket;
mod secretsmanager;

use flowctl_testkit::{Moto, TestEnvironment};

/// A directory with these files, whose commands reach moto; `None` if it cannot run here.
fn with(files: &str) -> Option<TestEnvironment> {
    let moto = Moto::shared()?;
    let environment = TestEnvironment::new(env!("CARGO_BIN_EXE_flowctl")).with(files);
    let variables = [
        ("AWS_ENDPOINT_URL", moto.url().as_str()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let set = |environment: TestEnvironment, (name, value): &(String, String)| {
        environment.with_variable(name, value)
    };
    Some(variables.iter().fold(environment, set))
}
