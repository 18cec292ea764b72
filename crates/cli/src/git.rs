//! A configuration as it is at a revision, read with `git`'s plumbing: nothing is checked out, and
//! nothing in the working tree or the repository is written.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::SystemTime;

use flowctl_lang::World;
use flowctl_lang::world::FileError;
use flowctl_parser::FileSystem;
use flowctl_parser::load::join;

use crate::error::{CommandError, sentence};
use crate::files::Disk;

/// Links followed on the way to one file.
const MAX_LINKS: usize = 40;

/// The repository that the working directory is in.
pub(crate) struct Repository {
    /// Its top directory.
    top: String,
    /// The working directory below it: empty, or ending in `/`.
    prefix: String,
    /// Where files outside of it are.
    disk: Disk,
}

impl Repository {
    /// Looks for it.
    pub(crate) fn open(disk: &Disk) -> Result<Self, CommandError> {
        let found = output(
            "No git repository to compare with",
            ["rev-parse", "--show-toplevel", "--show-prefix"],
        )?;
        let text = String::from_utf8_lossy(&found);
        let mut lines = text.lines();
        Ok(Self {
            disk: disk.clone(),
            top: lines.next().unwrap_or_default().to_owned(),
            prefix: lines.next().unwrap_or_default().to_owned(),
        })
    }

    /// Everything that is at a revision: a branch, a tag, a commit, or whatever git understands.
    pub(crate) fn revision(&self, name: &str) -> Result<Revision, CommandError> {
        let unknown = || {
            let detail = format!("git knows no commit {name:?} in {}.", self.top);
            CommandError::user("Unknown revision", detail).with_help(
                "name a branch, a tag or a commit; in a shallow clone, fetch it first: `git fetch \
                 --depth=1 origin REV`, or fetch-depth: 0 in a checkout step",
            )
        };
        if name.starts_with('-') || name.is_empty() {
            return Err(unknown());
        }
        let commit = format!("{name}^{{commit}}");
        let commit = output("", ["rev-parse", "--verify", "--quiet", &commit]);
        let commit = commit.map_err(|_| unknown())?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        let tree = ["ls-tree", "-r", "-z", "--full-tree", &commit];
        let listed = output("Cannot read a revision", tree)?;
        let entries = listed.split(|byte| *byte == 0).filter_map(entry).collect();
        Ok(Revision {
            name: name.to_owned(),
            top: self.top.clone(),
            prefix: self.prefix.clone(),
            disk: self.disk.clone(),
            entries,
            blobs: RefCell::new(Blobs::start()?),
        })
    }
}

/// Which of these paths git is told to ignore.
pub(crate) fn ignored(paths: &[String]) -> Result<Vec<String>, CommandError> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |error: std::io::Error| cannot_run(&error);
    let mut child = git()
        .args(["check-ignore", "-z", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // It reads all before it ends; if it ended early, nothing is ignored.
        let _ = stdin.write_all(paths.join("\0").as_bytes());
    }
    let found = child.wait_with_output().map_err(failed)?;
    let names = found.stdout.split(|byte| *byte == 0);
    let names = names.map(|name| String::from_utf8_lossy(name).into_owned());
    Ok(names.filter(|name| !name.is_empty()).collect())
}

/// `git`, which asks nobody, fetches nothing and speaks English.
fn git() -> Command {
    let mut command = Command::new("git");
    command
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null());
    command
}

/// What a command of git writes; an error with git's own words if it fails.
fn output<'a>(
    summary: &str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<u8>, CommandError> {
    let arguments = arguments.into_iter().map(OsStr::new);
    let done = git().args(arguments).output();
    let done = done.map_err(|error| cannot_run(&error))?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.trim().trim_start_matches("fatal: ");
    Err(CommandError::user(summary, sentence(said)))
}

fn cannot_run(error: &std::io::Error) -> CommandError {
    CommandError::user("Cannot run git", format!("{error}."))
        .with_help("install git, and make sure that it is in PATH")
}

/// What a tree has under a path.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Entry {
    File(String),
    Link(String),
    Submodule,
}

/// An entry as `git ls-tree -z` writes it: mode, type, object, a tab, the path. A path that is no
/// text is no path of a configuration.
fn entry(line: &[u8]) -> Option<(String, Entry)> {
    let line = std::str::from_utf8(line).ok()?;
    let (meta, path) = line.split_once('\t')?;
    let mut words = meta.split(' ');
    let (mode, _, object) = (words.next()?, words.next()?, words.next()?);
    let entry = match mode {
        "120000" => Entry::Link(object.to_owned()),
        "160000" => Entry::Submodule,
        _ => Entry::File(object.to_owned()),
    };
    Some((path.to_owned(), entry))
}

/// The files of a commit.
pub(crate) struct Revision {
    name: String,
    top: String,
    prefix: String,
    disk: Disk,
    /// Every file, by its path from the top.
    entries: BTreeMap<String, Entry>,
    blobs: RefCell<Blobs>,
}

/// Where a path leads.
enum Found {
    File(String),
    Directory(String),
    /// Outside of the repository, where there is only one version.
    Outside,
}

impl Revision {
    /// As it was asked for.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the revision has this file.
    pub(crate) fn has_file(&self, path: &str) -> bool {
        matches!(self.find(path), Ok(Found::File(_)))
    }

    /// Whether a path is one of the repository's.
    pub(crate) fn is_inside(&self, path: &str) -> bool {
        self.inside(path).is_some()
    }

    /// A path from the top of the repository, without detours; `None` outside of it.
    fn inside(&self, path: &str) -> Option<String> {
        let full = join(&self.prefix, path);
        let inside = match full.strip_prefix('/') {
            Some(_) => Path::new(&full)
                .strip_prefix(&self.top)
                .ok()?
                .to_str()
                .map(|inside| join("", inside))?,
            None => full,
        };
        (inside != ".." && !inside.starts_with("../")).then_some(inside)
    }

    fn find(&self, path: &str) -> Result<Found, String> {
        let Some(mut path) = self.inside(path) else {
            return Ok(Found::Outside);
        };
        let missing = || format!("there is no such file or directory at {}", self.name);
        for _ in 0..MAX_LINKS {
            let parts = path.match_indices('/').map(|(at, _)| at);
            let mut ends = parts.chain([path.len()]);
            let Some((end, entry)) =
                ends.find_map(|end| Some((end, self.entries.get(path.get(..end)?)?)))
            else {
                let below = format!("{path}/");
                let mut inside = self.entries.range(below.clone()..);
                let is_directory = inside
                    .next()
                    .is_some_and(|(name, _)| name.starts_with(&below));
                return if is_directory || path.is_empty() {
                    Ok(Found::Directory(path))
                } else {
                    Err(missing())
                };
            };
            match entry {
                Entry::File(object) if end == path.len() => {
                    return Ok(Found::File(object.clone()));
                }
                Entry::File(_) => return Err(missing()),
                Entry::Submodule => {
                    return Err("it is in a git submodule, which is not looked into".to_owned());
                }
                Entry::Link(object) => {
                    let target = self.blob(object)?;
                    let target = String::from_utf8_lossy(&target).into_owned();
                    let (link, rest) = path.split_at(end);
                    let parent = link.rsplit_once('/').map_or("", |(parent, _)| parent);
                    path = join(parent, &format!("{target}{rest}"));
                    if path.starts_with('/') || path == ".." || path.starts_with("../") {
                        return Err("it is a link that leads out of the repository".to_owned());
                    }
                }
            }
        }
        Err("it is a link that leads round in circles".to_owned())
    }

    fn blob(&self, object: &str) -> Result<Vec<u8>, String> {
        self.blobs.borrow_mut().read(object)
    }

    /// Paths of all entries below a directory, relative to it.
    fn below<'a>(&'a self, directory: &str) -> impl Iterator<Item = &'a str> {
        let start = if directory.is_empty() {
            String::new()
        } else {
            format!("{directory}/")
        };
        let from = self.entries.range(start.clone()..);
        let names = from.map_while(move |(path, _)| path.strip_prefix(start.as_str()));
        names.collect::<Vec<_>>().into_iter()
    }
}

impl FileSystem for Revision {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        match self.find(directory)? {
            Found::Outside => self.disk.list(directory),
            Found::File(_) => Err("it is not a directory".to_owned()),
            Found::Directory(path) => {
                let names = self.below(&path).filter(|name| !name.contains('/'));
                let is_directory = |name: &&str| {
                    matches!(self.find(&join(directory, name)), Ok(Found::Directory(_)))
                };
                Ok(names
                    .filter(|n| !is_directory(n))
                    .map(str::to_owned)
                    .collect())
            }
        }
    }

    fn read(&self, path: &str) -> Result<String, String> {
        match self.find(path)? {
            Found::Outside => self.disk.read(path),
            Found::Directory(_) => Err("it is a directory".to_owned()),
            Found::File(object) => String::from_utf8(self.blob(&object)?).map_err(|error| {
                let place = error.utf8_error().valid_up_to();
                format!("it is not UTF-8 text (byte {place})")
            }),
        }
    }
}

/// The world as functions see it at a revision: its files, and everything else of the machine.
pub(crate) struct At<'a> {
    pub(crate) revision: &'a Revision,
    pub(crate) machine: &'a dyn World,
}

impl World for At<'_> {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match self.revision.find(path) {
            Ok(Found::Outside) => self.machine.read_file(path),
            Ok(Found::Directory(_)) => Err(FileError::NotAFile),
            Ok(Found::File(object)) => self.revision.blob(&object).map_err(|_| FileError::Other),
            Err(_) => Err(FileError::NotFound),
        }
    }

    fn file_exists(&self, path: &str) -> Result<bool, FileError> {
        match self.revision.find(path) {
            Ok(Found::Outside) => self.machine.file_exists(path),
            Ok(Found::Directory(_)) => Err(FileError::NotAFile),
            found => Ok(found.is_ok()),
        }
    }

    fn list_files(&self, directory: &str) -> Result<Vec<String>, FileError> {
        let path = match self.revision.find(directory) {
            Ok(Found::Outside) => return self.machine.list_files(directory),
            Ok(Found::Directory(path)) => path,
            Ok(Found::File(_)) => return Err(FileError::NotAFile),
            Err(_) => return Err(FileError::NotFound),
        };
        let names = self.revision.below(&path);
        let is_file = |name: &&str| self.revision.has_file(&join(directory, name));
        Ok(names.filter(is_file).map(str::to_owned).collect())
    }

    fn now(&self) -> Option<SystemTime> {
        self.machine.now()
    }

    fn plan_timestamp(&self) -> SystemTime {
        self.machine.plan_timestamp()
    }

    fn random(&self, bytes: &mut [u8]) -> bool {
        self.machine.random(bytes)
    }

    fn home(&self) -> Option<String> {
        self.machine.home()
    }

    fn working_directory(&self) -> String {
        self.machine.working_directory()
    }
}

/// A `git cat-file --batch` that answers one question after the other.
struct Blobs {
    child: Child,
    /// `None` once it is told to end.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Blobs {
    fn start() -> Result<Self, CommandError> {
        let spawned = git()
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = spawned.map_err(|error| cannot_run(&error))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let Some(stdout) = stdout else {
            return Err(CommandError::user("Cannot run git", "It has no output."));
        };
        Ok(Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }

    fn read(&mut self, object: &str) -> Result<Vec<u8>, String> {
        let failed = |error: std::io::Error| format!("git does not answer: {error}");
        if let Some(stdin) = &mut self.stdin {
            let asked = writeln!(stdin, "{object}").and_then(|()| stdin.flush());
            asked.map_err(failed)?;
        }
        let mut header = String::new();
        self.stdout.read_line(&mut header).map_err(failed)?;
        let mut words = header.trim_end().split(' ').skip(1);
        let size = match (words.next(), words.next()) {
            (Some("blob"), Some(size)) => size.parse().ok(),
            _ => None,
        };
        let Some(size) = size else {
            return Err("git has not fetched its content".to_owned());
        };
        let mut content = vec![0_u8; size];
        self.stdout.read_exact(&mut content).map_err(failed)?;
        let mut end = [0];
        self.stdout.read_exact(&mut end).map_err(failed)?;
        Ok(content)
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // At the end of its input it ends.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_git_lists_them() {
        let file = b"100644 blob 1234abcd\tsome dir/main.tf";
        let expected = (
            "some dir/main.tf".to_owned(),
            Entry::File("1234abcd".into()),
        );
        assert_eq!(entry(file), Some(expected));
        let (_, link) = entry(b"120000 blob 1234abcd\tlink").unwrap();
        assert_eq!(link, Entry::Link("1234abcd".into()));
        let (_, module) = entry(b"160000 commit 1234abcd\tsub").unwrap();
        assert_eq!(module, Entry::Submodule);
        assert_eq!(entry(b""), None);
        assert_eq!(entry(b"100644 blob 1234abcd\tno-\xfftext"), None);
    }
}
