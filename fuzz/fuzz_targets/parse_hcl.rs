//! Native syntax: any text is read to its end, as a file, a variable file, an expression and a
//! template.
#![no_main]

use flowctl_parser::{FileId, hcl, parse_variable_file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let file = FileId(0);
    let (_, diagnostics) = hcl::parse_body(file, text);
    for span in diagnostics.iter().filter_map(|diagnostic| diagnostic.span) {
        assert!(text.get(span.start as usize..span.end as usize).is_some());
    }
    parse_variable_file(file, text, false);
    let _ = hcl::parse_expression(file, text);
    let _ = hcl::parse_template(file, text);
});
