//! A configuration in native syntax: any text is loaded, validated and planned.
#![no_main]

use flowctl_fuzz::{configuration, is_taken, start};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: start(), |bytes: &[u8]| {
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| is_taken(text)) {
        configuration("main.tf", text);
    }
});
