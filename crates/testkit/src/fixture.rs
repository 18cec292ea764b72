//! Several files in one text.

/// The files of a fixture: a line `//- NAME` begins the file of that name. What comes before the
/// first such line is `main.tf`.
///
/// ```
/// let files = flowctl_testkit::files("a = 1\n//- sub/b.txt\nb\n");
/// assert_eq!(files, [("main.tf", "a = 1\n".to_owned()), ("sub/b.txt", "b\n".to_owned())]);
/// ```
pub fn files(fixture: &str) -> Vec<(&str, String)> {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in fixture.lines() {
        if let Some(name) = line.trim_start().strip_prefix("//- ") {
            files.push((name.trim(), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
            text.push('\n');
        } else if !line.is_empty() {
            files.push(("main.tf", format!("{line}\n")));
        }
    }
    files
}
