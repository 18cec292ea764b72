//! `flowctl show`.

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, ValueEnum};
use flowctl_model::Mode;
use flowctl_model::plan::{Change, Reason};
use flowctl_model::snapshot::{OutputState, ResourceState, Snapshot};
use flowctl_render::plan::human;
use flowctl_render::plan::json::{Described, Source};
use flowctl_render::{output, plan};
use flowctl_schema::Providers;
use flowctl_state::planfile::{PlanFileError, SavedPlan};

use crate::app::{App, Context};
use crate::args::look::LookArgs;
use crate::error::{CommandError, Outcome};
use crate::services::{Endpoint, providers};
use crate::state::{self, StateFiles};
use crate::{report, saved, shown};

/// Show what is in state, or a saved plan
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// A saved plan, or only this instance, resource or module of the state
    #[arg(value_name = "PLANFILE|ADDRESS")]
    what: Option<String>,

    /// For people, or for tools (as `terraform show -json`)
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: ShowFormat,

    /// The same as --format=json
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    look: LookArgs,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum ShowFormat {
    Human,
    Json,
}

pub(crate) fn run(app: &mut App, args: &ShowArgs) -> Result<Outcome, CommandError> {
    if let Some(path) = args
        .what
        .as_ref()
        .map(Path::new)
        .filter(|path| path.is_file())
    {
        return show_plan(app, args, path);
    }
    if args.look.is_given() {
        let detail = "--context and --compact are about what changes, and state is shown whole.";
        return Err(CommandError::user("Nothing to shorten", detail)
            .with_help("name the file of a saved plan: `flowctl show plan.bin --compact`"));
    }
    let mut snapshot = StateFiles::of(&app.context).read()?;
    if let Some(address) = &args.what {
        let target = state::target(address)?;
        snapshot
            .resources
            .retain(|address, _| target.covers(address));
        if snapshot.resources.is_empty() {
            return Err(state::unknown(&target));
        }
        snapshot.outputs.clear();
    }
    if args.json || args.format == ShowFormat::Json {
        let providers = providers(Endpoint::default());
        let text = plan::json::state(&snapshot, &providers, env!("CARGO_PKG_VERSION"));
        app.ui.print(&format!("{text}\n"))?;
    } else if snapshot.resources.is_empty() && snapshot.outputs.is_empty() {
        app.ui
            .print("The state is empty: nothing was applied yet.\n")?;
    } else {
        shown::instances(app, &snapshot, |_| true)?;
        if !snapshot.outputs.is_empty() {
            let outputs = output::human(&snapshot.outputs);
            app.ui.print(&format!("\nOutputs:\n\n{outputs}"))?;
        }
    }
    Ok(Outcome::Done)
}

/// Shows a saved plan as it was shown when it was made. Its seal is checked when it is applied.
fn show_plan(app: &mut App, args: &ShowArgs, path: &Path) -> Result<Outcome, CommandError> {
    let saved = SavedPlan::read(path, None).map_err(saved::unusable)?;
    let providers = providers(Endpoint::default());
    if args.json || args.format == ShowFormat::Json {
        let described = Described::read(&saved.configuration);
        let described = described.ok_or_else(|| {
            let path = path.display().to_string();
            saved::unusable(PlanFileError::Altered { path })
        })?;
        let text = plan::json::plan(&plan::json::Input {
            plan: &saved.plan,
            prior: &prior(&app.context, &saved, &providers),
            configuration: Source::Kept(&described),
            variables: &saved.values,
            providers: &providers,
            flowctl_version: &saved.version,
            timestamp: &report::time_of(saved.created_at),
            errored: false,
        });
        app.ui.print(&format!("{text}\n"))?;
        return Ok(Outcome::Done);
    }
    let options = args.look.options(app.ui.width());
    let text = human::plan(&saved.plan, &providers, &options);
    app.ui.print_styled(&text)?;
    Ok(Outcome::Done)
}

/// The state that a saved plan starts from: the one that is here, if nothing was written since, and
/// else what the plan tells of it.
fn prior(context: &Context, saved: &SavedPlan, providers: &Providers) -> Snapshot {
    let here = StateFiles::of(context).read().unwrap_or_default();
    if (here.serial, &here.lineage) == (saved.serial, &saved.lineage) {
        return here;
    }
    let plan = &saved.plan;
    let drift = plan.drift.iter();
    let drift: BTreeMap<_, _> = drift.map(|one| (&one.address, &one.before)).collect();
    let object = |change: &Change| {
        let resource = providers.resource_type(&change.address.resource.type_name)?;
        let there = change.importing.is_none() && change.deposed.is_none();
        let mut state = ResourceState {
            provider: change.provider.clone(),
            id: change.id.clone().unwrap_or_default(),
            attributes: change.before.clone().filter(|_| there)?,
            dependencies: change.dependencies.clone(),
            schema_version: resource.schema().version,
            create_before_destroy: change.create_before_destroy,
            tainted: change.reason == Some(Reason::Tainted),
            deposed: Vec::new(),
        };
        let address = change.previous_address.as_ref().unwrap_or(&change.address);
        if let Some(before) = drift.get(address) {
            state.attributes = Clone::clone(*before);
        }
        Some((address.clone(), state))
    };
    let managed = plan.changes.iter();
    let managed = managed.filter(|change| change.address.resource.mode == Mode::Managed);
    let output = |(name, output): (&_, &flowctl_model::plan::OutputChange)| {
        let state = OutputState {
            value: output.before.clone()?,
            sensitive: output.sensitive,
        };
        Some((Clone::clone(name), state))
    };
    Snapshot {
        lineage: saved.lineage.clone(),
        serial: saved.serial,
        resources: managed.filter_map(object).collect(),
        outputs: plan.outputs.iter().filter_map(output).collect(),
    }
}
