//! `flowctl import`.

use std::path::PathBuf;

use clap::Args;
use flowctl_executor::object::{Keeping, adopt};
use flowctl_model::event::OperationAction;
use flowctl_model::journal::{Ending, Intent, StateWrite};
use flowctl_model::{Address, Text};
use flowctl_parser::ast::{Expr, ExprKind};
use flowctl_parser::configuration::{Configuration, Import};
use flowctl_parser::{SourceMap, hcl};
use flowctl_planner::{ImportRead, Options, creations, is_configured, plan};
use flowctl_schema::RemoteObject;

use crate::app::{App, Context};
use crate::args::LockArgs;
use crate::args::variables::VariableArgs;
use crate::error::{CommandError, Outcome};
use crate::project::Project;
use crate::run::Course;
use crate::session::{Facts, Session};
use crate::state::{self, Held};
use crate::{failure, generate, runtime, signals};

/// The type of what is imported without an address.
const DEFAULT_TYPE: &str = "aws_appflow_connector_profile";

/// Take over an object that exists already
///
/// Puts it in state under ADDRESS. If that is not configured, its configuration is written to a
/// file, with variables in place of the credentials, which the service never tells. Without
/// ADDRESS, one is derived from the object's name.
#[derive(Args)]
pub(crate) struct ImportArgs {
    /// The object: its ARN or its name
    #[arg(value_name = "ARN|NAME")]
    id: String,

    /// The address that it gets
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Write the configuration to this file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    generate_config_out: Option<PathBuf>,

    #[command(flatten)]
    variables: VariableArgs,

    #[command(flatten)]
    lock: LockArgs,
}

/// What is taken over, and as what.
struct Adoption {
    address: Address,
    provider: Text,
    object: RemoteObject,
}

pub(crate) fn run(app: &mut App, args: &ImportArgs) -> Result<Outcome, CommandError> {
    let (id, address) = told(args)?;
    // Values of variables matter only as far as the provider's settings need them.
    app.ui.ask_nothing();
    let project = Project::with_variables_if_any(&mut app.ui, &app.context, &args.variables)?;
    let runtime = runtime::full()?;
    let done = runtime.block_on(import(&app.context, args, project, &id, address));
    runtime.shutdown_background();
    app.ui.print(&done?)?;
    Ok(Outcome::Done)
}

/// The object and the address, whose order is the other way round in Terraform.
fn told(args: &ImportArgs) -> Result<(String, Option<Address>), CommandError> {
    let Some(second) = &args.address else {
        return Ok((args.id.clone(), None));
    };
    match (second.parse(), args.id.parse()) {
        (Ok(address), _) => Ok((args.id.clone(), Some(address))),
        (Err(_), Ok(address)) => Ok((second.clone(), Some(address))),
        (Err(error), Err(_)) => Err(state::invalid_address(error)),
    }
}

async fn import(
    context: &Context,
    args: &ImportArgs,
    project: Project,
    id: &str,
    address: Option<Address>,
) -> Result<String, CommandError> {
    let stop = signals::watch()?;
    let command = format!("import {id}");
    let taken = Held::wait(context, &args.lock, &command);
    let mut held = Course::unless_stopped(&stop, taken).await?;
    let known = held.known().await?;
    let mut session = Session::new(context, project, known, Options::default());
    session.connect(context).await?;
    let found = find(&mut session, id, address);
    let adoption = Course::unless_stopped(&stop, found).await?;
    let said = configure(&session, args, &adoption)?;
    record(&session, &mut held, &adoption).await?;
    let Adoption {
        address, object, ..
    } = &adoption;
    Ok(format!("Imported {} as {address}.\n{said}", object.id))
}

/// Reads the object and decides on its address and provider configuration.
async fn find(
    session: &mut Session,
    id: &str,
    address: Option<Address>,
) -> Result<Adoption, CommandError> {
    if let Some(address) = address {
        refuse_managed(session, &address)?;
        let ImportRead {
            address, provider, ..
        } = asked(session, &address, id)?;
        let object = read(session, &address, &provider, id).await?;
        return Ok(Adoption {
            address,
            provider,
            object,
        });
    }
    let provisional = Address::root(DEFAULT_TYPE, "imported");
    let provider = Text::from("aws");
    let object = read(session, &provisional, &provider, id).await?;
    // A resource that is configured with this name and not made yet is what it is meant to be.
    let facts = Facts::default();
    let plan = plan(&session.input(&facts)).plan;
    let waiting = creations(&plan, &session.providers)
        .into_iter()
        .find(|(address, _, name)| {
            *name == object.id && address.resource.type_name == DEFAULT_TYPE
        });
    let (address, provider) = match waiting {
        Some((address, provider, _)) => (address, provider),
        None => (free_address(session, &object.id), provider),
    };
    refuse_managed(session, &address)?;
    Ok(Adoption {
        address,
        provider,
        object,
    })
}

fn refuse_managed(session: &Session, address: &Address) -> Result<(), CommandError> {
    if !session.snapshot.resources.contains_key(address) {
        return Ok(());
    }
    Err(CommandError::user(
        "Resource already managed",
        format!("There is an object in state under {address} already."),
    )
    .with_help("give another address, or drop this one with `flowctl state rm` first"))
}

/// What an `import` block would ask for: with which provider configuration the object is read.
fn asked(session: &mut Session, address: &Address, id: &str) -> Result<ImportRead, CommandError> {
    let text = address.to_string();
    let mut sources = SourceMap::default();
    let file = sources.add("<import>", text.as_str());
    let to =
        hcl::parse_expression(file, &text).map_err(|found| CommandError::Wrong(found, sources))?;
    session.project.configuration.root.imports = vec![Import {
        header: to.span,
        id: Expr {
            span: to.span,
            kind: ExprKind::String(id.into()),
        },
        to,
        for_each: None,
        provider: None,
        provider_place: None,
    }];
    session.options.generate_config = true;
    let facts = Facts::default();
    let planned = plan(&session.input(&facts));
    let mut asked = planned
        .needs
        .imports
        .into_iter()
        .chain(planned.unconfigured);
    match asked.next() {
        Some(read) => Ok(read),
        None => Err(session.wrong(planned.diagnostics)),
    }
}

async fn read(
    session: &Session,
    address: &Address,
    provider: &Text,
    id: &str,
) -> Result<RemoteObject, CommandError> {
    let remote = session
        .services
        .remote(provider, &address.resource.type_name);
    let answer = match remote {
        Ok(remote) => remote.import(id).await,
        Err(error) => Err(error),
    };
    answer.map_err(|error| failure::of_service("Cannot import the object", &error).into())
}

/// An address that nothing has, like the object's name.
fn free_address(session: &Session, name: &str) -> Address {
    let label = label(name);
    let taken = |address: &Address| {
        is_configured(&session.project.configuration, address)
            || session.snapshot.resources.contains_key(address)
    };
    let numbered = (2..).map(|number| format!("{label}_{number}"));
    std::iter::once(label.clone())
        .chain(numbered)
        .map(|label| Address::root(DEFAULT_TYPE, label))
        .find(|address| !taken(address))
        .unwrap_or_else(|| Address::root(DEFAULT_TYPE, label))
}

/// A name of the service as a name of the language.
fn label(name: &str) -> String {
    let mut label: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    if !label.starts_with(|c: char| c.is_ascii_alphabetic()) {
        label.insert_str(0, "profile_");
    }
    label
}

/// Writes the configuration of an object that has none. This comes first: an object in state
/// without a configuration would be deleted by the next apply.
fn configure(
    session: &Session,
    args: &ImportArgs,
    adoption: &Adoption,
) -> Result<String, CommandError> {
    let configuration: &Configuration = &session.project.configuration;
    let address = &adoption.address;
    if is_configured(configuration, address) {
        return match &args.generate_config_out {
            None => Ok(String::new()),
            Some(path) => Ok(format!(
                "It is configured already: nothing was written to {}.\n",
                path.display()
            )),
        };
    }
    if !address.resource.module.is_root() || address.key.is_some() {
        return Err(CommandError::user(
            "Configuration cannot be written",
            format!(
                "{address} is not configured, and configuration can be written only for a single \
                 instance in the root module."
            ),
        )
        .with_help("write its resource block first"));
    }
    let declared = configuration.root.variables.keys();
    let taken = declared.map(ToString::to_string).collect();
    let object = &adoption.object.attributes;
    let written = generate::configuration(session, address, &adoption.provider, object, &taken)?;
    let default = PathBuf::from(format!("{}.tf", address.resource.name));
    let path = args.generate_config_out.as_ref().unwrap_or(&default);
    let mut text = written.resource;
    if !written.variables.is_empty() {
        text.push('\n');
        text.push_str(&written.variables);
    }
    generate::create(path, &text)?;
    Ok(format!(
        "Wrote its configuration to {}.\n{}",
        path.display(),
        generate::wanted(&written.names)
    ))
}

/// Puts the object in state, in a run of its own.
async fn record(
    session: &Session,
    held: &mut Held,
    adoption: &Adoption,
) -> Result<(), CommandError> {
    let Adoption {
        address,
        provider,
        object,
    } = adoption;
    let resource = session
        .services
        .resource_type(&address.resource.type_name)
        .map_err(|error| failure::of_service("Cannot import", &error))?;
    let keeping = Keeping {
        address,
        provider,
        dependencies: &[],
        create_before_destroy: false,
    };
    let state = adopt(&**resource, &session.digester, &keeping, object);
    let run = held.begin().await?;
    held.store.key_is_known(&session.digester).await?;
    let operation = held
        .store
        .begin(Intent {
            address: address.clone(),
            action: OperationAction::Import,
            provider: provider.clone(),
            id: Some(object.id.clone()),
            // Nothing is asked of the service, which could tell requests apart by it.
            token: format!("import-{run}"),
            intended: None,
        })
        .await?;
    let put = StateWrite::Put(address.clone(), Box::new(state));
    held.store
        .end(operation, Ending::Succeeded, vec![put])
        .await?;
    held.store.end_run("done".to_owned()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn names_of_the_service_become_names_of_the_language() {
        for (name, expected) in [
            ("crm", "crm"),
            ("My.Profile@eu-west-1", "my_profile_eu_west_1"),
            ("2024", "profile_2024"),
            ("/a", "profile__a"),
        ] {
            assert_eq!(label(name), expected);
        }
    }
}
