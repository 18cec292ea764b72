//! JSON syntax: any text is read to its end, and every body can be resolved.
#![no_main]

use flowctl_parser::{FileId, json, parse_variable_file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let file = FileId(0);
    let (body, diagnostics) = json::parse_configuration(file, text);
    for span in diagnostics.iter().filter_map(|diagnostic| diagnostic.span) {
        assert!(text.get(span.start as usize..span.end as usize).is_some());
    }
    for block in &body.blocks {
        // Names of even length are blocks, four levels deep.
        let nested = |depth: u32, name: &str| {
            (depth < 4 && name.len().is_multiple_of(2)).then_some(depth + 1)
        };
        block.body.resolve(0, &nested);
    }
    parse_variable_file(file, text, true);
});
