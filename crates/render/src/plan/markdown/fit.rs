//! Putting as much as fits into a text of limited length, the most important first.

use std::fmt::Write as _;

/// A text that knows how much longer it may become.
pub(super) struct Budget {
    text: String,
    most: usize,
    complete: bool,
    heading: &'static str,
}

impl Budget {
    pub(super) fn new(most: usize) -> Self {
        Self {
            text: String::new(),
            most,
            complete: true,
            heading: "",
        }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.most.saturating_sub(self.text.len())
    }

    /// Whether nothing had to be left out so far.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Appends what is short by its nature.
    pub(super) fn must(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a text if it fits; whether it did.
    pub(super) fn push(&mut self, text: &str) -> bool {
        let fits = text.len() <= self.left();
        if fits {
            self.text.push_str(text);
        } else {
            self.complete = false;
        }
        fits
    }

    /// Appends an item in full, below the heading of its group, if it fits; whether it did.
    pub(super) fn item(&mut self, heading: &'static str, full: &str) -> bool {
        let is_new = heading != self.heading && !heading.is_empty();
        let mut text = if is_new {
            headline(heading)
        } else {
            String::new()
        };
        self.heading = heading;
        text.push_str(full);
        self.push(&text)
    }

    /// Appends a heading and as many lines as fit into `most` bytes, then how many did not.
    pub(super) fn list(&mut self, heading: &str, lines: &[String], more: &str, most: usize) {
        if lines.is_empty() {
            return;
        }
        let most = most.min(self.left());
        let rest = |count: usize| format!("- and {count} {more}\n");
        let mut written = format!("\n{heading}");
        let mut count = 0;
        for line in lines {
            // The last line needs no room for the count of the others.
            let is_last = count + 1 == lines.len();
            let reserve = if is_last { 0 } else { rest(lines.len()).len() };
            if written.len() + line.len() + reserve > most {
                break;
            }
            written.push_str(line);
            count += 1;
        }
        if count < lines.len() {
            self.complete = false;
            written.push_str(&rest(lines.len() - count));
        }
        // Where not even that fits, the table of counts has said it.
        self.push(&written);
    }
}

fn headline(heading: &str) -> String {
    format!("\n#### {heading}\n")
}

/// A part that can be left out.
pub(super) struct Item<'a> {
    /// Heading of the group that it is in, if there is one.
    pub(super) heading: &'static str,
    /// What it says in full. Written only when there may be room for it.
    pub(super) full: Box<dyn Fn() -> String + 'a>,
    /// What is said instead, on one line.
    pub(super) line: String,
    /// Lower is more important.
    pub(super) rank: u8,
    /// What is counted when not even the line fits: `to create`.
    pub(super) kind: &'static str,
}

/// How an item is shown.
#[derive(Clone, PartialEq, Eq)]
enum Shown {
    Full(String),
    Line,
    Counted,
}

/// What [`fit`] had to leave out.
#[derive(Default)]
pub(super) struct Fitted {
    /// Items on one line.
    pub(super) folded: usize,
    /// Items that are only counted.
    pub(super) unlisted: usize,
}

const FOLDED: &str = "\n#### Not shown in full\n\n";

/// After so many items in a row that do not fit, no more are tried.
const ATTEMPTS: usize = 8;

/// Writes the items in their order: the most important in full, then the others on a line, then
/// counts.
pub(super) fn fit(out: &mut Budget, items: &[Item<'_>]) -> Fitted {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|index| items[*index].rank);
    let mut shown = vec![Shown::Counted; items.len()];
    let counts = Counts::new(items);
    let mut headings: Vec<_> = items.iter().map(|item| item.heading).collect();
    headings.dedup();
    let headings: usize = headings
        .into_iter()
        .map(|heading| headline(heading).len())
        .sum();
    // The counts come last, and every kind may have to be counted.
    let mut left = out.left().saturating_sub(FOLDED.len() + counts.most());
    let mut whole = left.saturating_sub(headings);

    // Half for the most important in full, then lines for all, then in full what still fits.
    let first = order.first().map(|index| items[*index].rank);
    let first = order
        .iter()
        .filter(|index| Some(items[**index].rank) == first);
    let spent = upgrade(&mut shown, items, first, whole / 2);
    left = left.saturating_sub(spent);
    whole = whole.saturating_sub(spent);
    let any_full = shown.iter().any(|shown| matches!(shown, Shown::Full(_)));
    let mut for_lines = if any_full { whole } else { left };
    for index in &order {
        let cost = items[*index].line.len();
        if shown[*index] == Shown::Counted && cost <= for_lines {
            for_lines -= cost;
            whole = whole.saturating_sub(cost);
            shown[*index] = Shown::Line;
        }
    }
    upgrade(&mut shown, items, order.iter(), whole);

    for (item, shown) in items.iter().zip(&shown) {
        if let Shown::Full(full) = shown {
            out.item(item.heading, full);
        }
    }
    let with = |what: Shown| {
        let all = items.iter().zip(&shown);
        all.filter(move |(_, shown)| **shown == what)
            .map(|(item, _)| item)
    };
    let mut more: String = with(Shown::Line).map(|item| item.line.as_str()).collect();
    counts.write(&mut more, with(Shown::Counted));
    if !more.is_empty() && out.push(FOLDED) {
        out.push(&more);
    }
    Fitted {
        folded: with(Shown::Line).count(),
        unlisted: with(Shown::Counted).count(),
    }
}

/// Shows items in full as long as they fit into `most` bytes; how many bytes that takes.
fn upgrade<'i>(
    shown: &mut [Shown],
    items: &[Item<'_>],
    order: impl Iterator<Item = &'i usize>,
    most: usize,
) -> usize {
    let mut left = most;
    let mut failures = 0;
    for index in order {
        let saved = match shown[*index] {
            Shown::Full(_) => continue,
            Shown::Line => items[*index].line.len(),
            Shown::Counted => 0,
        };
        if failures == ATTEMPTS {
            break;
        }
        let full = (items[*index].full)();
        if full.len() <= left + saved {
            left = left + saved - full.len();
            shown[*index] = Shown::Full(full);
            failures = 0;
        } else {
            failures += 1;
        }
    }
    most.saturating_sub(left)
}

/// How many items of each kind are not shown.
struct Counts(Vec<&'static str>);

impl Counts {
    fn new(items: &[Item<'_>]) -> Self {
        let mut kinds: Vec<_> = items.iter().map(|item| item.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self(kinds)
    }

    /// The most bytes that they take.
    fn most(&self) -> usize {
        self.0
            .iter()
            .map(|kind| kind.len() + ", ".len() + 7)
            .sum::<usize>()
            + "- and \n".len()
    }

    fn write<'i>(&self, out: &mut String, counted: impl Iterator<Item = &'i Item<'i>>) {
        let mut counts = vec![0_usize; self.0.len()];
        for item in counted {
            if let Ok(at) = self.0.binary_search(&item.kind) {
                counts[at] += 1;
            }
        }
        let counts = self.0.iter().zip(counts).filter(|(_, count)| *count > 0);
        let words: Vec<_> = counts
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        if !words.is_empty() {
            let _ = writeln!(out, "- and {}", words.join(", "));
        }
    }
}
