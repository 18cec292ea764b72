//! Telling a process that still runs from one that is gone, where the system shows its processes
//! as files. Elsewhere nothing is known, and nobody is taken to be alive.

use std::fs;

/// This process in a text that no other ever has: which start of the system, number, start time.
pub(crate) fn this() -> Option<String> {
    named(std::process::id())
}

/// Whether a process that was named by [`this`] is another than this one and runs.
pub(crate) fn is_another_alive(name: &str) -> bool {
    let number = name
        .split('/')
        .nth(1)
        .and_then(|number| number.parse().ok());
    number.is_some_and(|number: u32| {
        number != std::process::id() && named(number).as_deref() == Some(name)
    })
}

fn named(number: u32) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let told = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The program's name is in parentheses and may itself have some; state is the third field,
    // start time the twenty-second.
    let fields: Vec<&str> = told.rsplit_once(')')?.1.split_whitespace().collect();
    // One that has died and was not waited for does nothing any more.
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some(format!("{}/{number}/{}", boot.trim(), fields.get(19)?))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_is_alive_until_it_is_killed() {
        let mut child = Command::new("sleep")
            .arg("60")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let name = named(child.id()).unwrap();
        assert!(is_another_alive(&name));
        let earlier = format!("{}/{}/1", name.split('/').next().unwrap(), child.id());
        assert!(
            !is_another_alive(&earlier),
            "another process of that number"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_another_alive(&name));
        assert!(!is_another_alive(&this().unwrap()));
        assert!(!is_another_alive("what"));
    }
}
