//! Serves an endpoint until it is interrupted:
//!
//! ```text
//! cargo run -p flowctl-emulator --example serve -- [ADDRESS] [--data FILE] [--faults RULES]
//!     [--quota N] [--connector LABEL]… [--private-provisioning SECONDS] [--record-bodies]
//! ```

use std::process::ExitCode;
use std::time::Duration;

use flowctl_emulator::{Faults, Options, Server, Store};

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a program for the terminal")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options::default();
    let mut address = "127.0.0.1:4599".to_owned();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--data" => options.store = Store::File(value()?.into()),
            "--faults" => options.faults = Faults::parse(&value()?)?,
            "--quota" => options.quota = Some(value()?.parse()?),
            "--connector" => options.connectors.push(value()?),
            "--private-provisioning" => {
                options.private_provisioning = Duration::from_secs(value()?.parse()?);
            }
            "--record-bodies" => options.record_bodies = true,
            unknown if unknown.starts_with('-') => {
                return Err(format!("no option {unknown}").into());
            }
            _ => address = argument,
        }
    }
    let server = Server::bind(address, options).await?;
    println!("listening on {}", server.endpoint_url());
    server
        .run(async { drop(tokio::signal::ctrl_c().await) })
        .await;
    Ok(())
}
