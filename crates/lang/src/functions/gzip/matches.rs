//! A text as literal bytes and matches with what came before, found as Go's `compress/flate` does.
//!
//! Positions of the same four bytes are chained, the last first. A match is written only if none
//! better begins at the byte after it. What is decided here shows in the bytes: how far back, how
//! many links and for how long it is looked.

/// How far back a match may lie.
const WINDOW: usize = 1 << 15;
/// A shorter match is not worth its bits.
const SHORTEST: usize = 4;
const LONGEST: usize = 258;
/// A match of the shortest length that lies farther back takes more bits than its letters.
const FAR: usize = 4096;
/// How many links of a chain are followed.
const LINKS: usize = 128;
/// A match as long as this is taken at once.
const NICE: usize = 128;
/// After a match as long as this none better is looked for.
const LAZY: usize = 16;
/// A block has so many tokens at most.
const BLOCK: usize = 1 << 14;
const HASH_BITS: u32 = 17;

/// One piece of a compressed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Literal(u8),
    /// So many bytes again, from so far back.
    Match(Match),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) length: usize,
    pub(super) distance: usize,
}

/// Hands every block to `write`: its tokens, and its bytes unless the window has moved past them.
pub(super) fn find(text: &[u8], write: impl FnMut(&[Token], Option<&[u8]>)) {
    Finder {
        text,
        last: vec![0; 1 << HASH_BITS],
        before: vec![0; WINDOW],
        window: 0,
        tokens: Vec::with_capacity(BLOCK),
        block: Some(0),
        write,
    }
    .run();
}

struct Finder<'a, W> {
    text: &'a [u8],
    /// By hash, where four bytes were seen last: one more than the position, or 0.
    last: Vec<usize>,
    /// By position in the window, where its four bytes were seen before that.
    before: Vec<usize>,
    /// Where the window begins. Nothing before it can be matched. It holds twice of what a match
    /// may reach back, and moves by half.
    window: usize,
    tokens: Vec<Token>,
    /// Where the block begins, if that is still in the window.
    block: Option<usize>,
    write: W,
}

impl<W: FnMut(&[Token], Option<&[u8]>)> Finder<'_, W> {
    fn run(&mut self) {
        let mut at = 0;
        // The match at the byte before, and whether that byte waits for a better one to be found.
        let mut earlier: Option<Match> = None;
        let mut waiting = false;
        while at < self.text.len() {
            self.move_window(at);
            let seen = self.remember(at);
            let earlier_length = earlier.map_or(SHORTEST - 1, |found| found.length);
            let ahead = self.text.len() - at;
            let found = if ahead > earlier_length && earlier_length < LAZY {
                seen.and_then(|seen| self.longest(at, seen, ahead.min(LONGEST)))
            } else {
                None
            };
            match earlier {
                Some(best) if found.is_none_or(|found| found.length <= best.length) => {
                    let end = at + best.length - 1;
                    for position in at + 1..end {
                        self.remember(position);
                    }
                    at = end;
                    earlier = None;
                    waiting = false;
                    self.push(Token::Match(best), at);
                }
                _ => {
                    if waiting {
                        self.push(Token::Literal(self.text[at - 1]), at);
                    }
                    waiting = true;
                    earlier = found;
                    at += 1;
                }
            }
        }
        if waiting && let Some(byte) = self.text.last() {
            self.tokens.push(Token::Literal(*byte));
        }
        if !self.tokens.is_empty() {
            self.end_block(self.text.len());
        }
    }

    /// Moves the window if a match could reach its end and there is more text behind it.
    fn move_window(&mut self, at: usize) {
        let end = self.window + 2 * WINDOW;
        if self.text.len() > end && end - at < SHORTEST + LONGEST {
            self.window += WINDOW;
            self.block = self.block.filter(|begin| *begin >= self.window);
        }
    }

    /// Puts the four bytes at a position at the head of their chain, and gives the one before.
    fn remember(&mut self, at: usize) -> Option<usize> {
        let four = self.text.get(at..at + SHORTEST)?;
        let four = u32::from_be_bytes(four.try_into().ok()?);
        let hash = four.wrapping_mul(0x1e35_a7bd) >> (32 - HASH_BITS);
        let last = self.last.get_mut(usize::try_from(hash).ok()?)?;
        let seen = std::mem::replace(last, at + 1);
        self.before[at % WINDOW] = seen;
        seen.checked_sub(1)
    }

    /// The longest match that the chain has for the bytes at a position; the nearest of several.
    fn longest(&self, at: usize, mut seen: usize, most: usize) -> Option<Match> {
        let nearest = self.window.max(at.saturating_sub(WINDOW));
        let here = &self.text[at..at + most];
        let nice = NICE.min(most);
        let mut best: Option<Match> = None;
        for _ in 0..LINKS {
            if seen < nearest {
                break;
            }
            let reached = best.map_or(SHORTEST - 1, |best| best.length);
            // No need to compare what differs where it would have to be longer.
            if self.text[seen + reached] == here[reached] {
                let there = &self.text[seen..];
                let same = here.iter().zip(there).take_while(|(a, b)| a == b).count();
                let distance = at - seen;
                if same > reached && (same > SHORTEST || distance <= FAR) {
                    best = Some(Match {
                        length: same,
                        distance,
                    });
                    if same >= nice {
                        break;
                    }
                }
            }
            // The place of what lies a whole window back has been taken by this position.
            if seen + WINDOW == at {
                break;
            }
            match self.before[seen % WINDOW].checked_sub(1) {
                Some(further) => seen = further,
                None => break,
            }
        }
        best
    }

    fn push(&mut self, token: Token, end: usize) {
        self.tokens.push(token);
        if self.tokens.len() == BLOCK {
            self.end_block(end);
        }
    }

    fn end_block(&mut self, end: usize) {
        let bytes = self.block.map(|begin| &self.text[begin..end]);
        (self.write)(&self.tokens, bytes);
        self.tokens.clear();
        self.block = Some(end);
    }
}
