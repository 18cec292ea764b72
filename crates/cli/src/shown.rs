//! State as people read it.

use flowctl_model::Address;
use flowctl_model::snapshot::Snapshot;
use flowctl_render::plan::human::{Context, HumanOptions, object};
use flowctl_render::style::Styled;

use crate::app::App;
use crate::error::CommandError;
use crate::services::{Endpoint, providers};

/// Prints the instances that are chosen, each followed by what is still to be deleted of it.
pub(crate) fn instances(
    app: &mut App,
    snapshot: &Snapshot,
    chosen: impl Fn(&Address) -> bool,
) -> Result<(), CommandError> {
    let providers = providers(Endpoint::default());
    let options = HumanOptions {
        width: app.ui.width(),
        context: Context::All,
        compact: false,
    };
    let mut text = Styled::new();
    for (address, state) in &snapshot.resources {
        if !chosen(address) {
            continue;
        }
        let mut write = |note: &str, attributes| {
            if !text.is_empty() {
                text.plain("\n");
            }
            text.append(&object(address, note, attributes, &providers, &options));
        };
        let note = if state.tainted { "(tainted)" } else { "" };
        write(note, &state.attributes);
        for (id, attributes) in &state.deposed {
            write(&format!("(to be deleted: {id})"), attributes);
        }
    }
    app.ui.print_styled(&text)
}
