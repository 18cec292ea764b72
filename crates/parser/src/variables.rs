//! Variable files: `terraform.tfvars`, `*.auto.tfvars` and their JSON forms.

use crate::ast::{Attribute, Expr, FileId, Name};
use crate::diagnostic::Diagnostic;
use crate::{constant, hcl, json};

/// The values that a variable file gives, in its order, and what is wrong with it. `json` says
/// whether it is in JSON syntax, by its name.
pub fn parse_variable_file(
    file: FileId,
    text: &str,
    json: bool,
) -> (Vec<(Name, Expr)>, Vec<Diagnostic>) {
    let (attributes, mut diagnostics) = if json {
        let (mut attributes, mut diagnostics) = json::parse_values(file, text);
        attributes.retain(|attribute| {
            let declaration = &*attribute.name.text == "variable";
            if declaration {
                diagnostics.push(declaration_error(&attribute.name));
            }
            !declaration
        });
        (attributes, diagnostics)
    } else {
        native(file, text)
    };
    for attribute in &attributes {
        constant::check(&attribute.expr, &mut diagnostics);
    }
    let values = attributes
        .into_iter()
        .map(|attribute| (attribute.name, attribute.expr))
        .collect();
    (values, diagnostics)
}

fn native(file: FileId, text: &str) -> (Vec<Attribute>, Vec<Diagnostic>) {
    let (body, mut diagnostics) = hcl::parse_body(file, text);
    for block in &body.blocks {
        diagnostics.push(if &*block.block_type.text == "variable" {
            declaration_error(&block.block_type)
        } else {
            Diagnostic::error(
                block.block_type.span,
                format!("Unexpected {:?} block", block.block_type.text),
                "A variable file gives values to variables and has no blocks.",
            )
        });
    }
    (body.attributes, diagnostics)
}

fn declaration_error(keyword: &Name) -> Diagnostic {
    Diagnostic::error(
        keyword.span,
        "Variable declaration in .tfvars file",
        "A variable file gives values to variables that are declared in .tf files; it cannot \
         declare any.",
    )
    .with_help("move the block to a .tf file, and write `name = value` here")
}
