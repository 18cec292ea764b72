//! Code words of limited length for symbols that occur so and so often, as RFC 1951 numbers them.

/// A code word: its bits, the first to be written lowest, and how many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) bits: u16,
    pub(super) length: u8,
}

/// The code words of all symbols, given how often each occurs. One that never does has none.
pub(super) fn words(counts: &[u32], longest: usize) -> Vec<Word> {
    numbered(&lengths(counts, longest))
}

/// The words of symbols whose lengths are known: shorter before longer, and those of one length in
/// the order of the symbols.
pub(super) fn numbered(lengths: &[u8]) -> Vec<Word> {
    let mut words = vec![Word::default(); lengths.len()];
    let mut next = 0_u16;
    for length in 1..=15_u8 {
        next <<= 1;
        for (word, _) in words.iter_mut().zip(lengths).filter(|(_, l)| **l == length) {
            *word = Word {
                bits: next.reverse_bits() >> (16 - u32::from(length)),
                length,
            };
            next = next.wrapping_add(1);
        }
    }
    words
}

/// What all occurrences take in bits.
pub(super) fn size(words: &[Word], counts: &[u32]) -> u64 {
    let each = words.iter().zip(counts);
    each.map(|(word, count)| u64::from(word.length) * u64::from(*count))
        .sum()
}

/// The best lengths within a limit, by the package-merge algorithm. Of several best ones it matters
/// which: symbols that occur equally often are taken in their order, and of a symbol and a pair of
/// equal weight the pair comes first, as in Go.
fn lengths(counts: &[u32], longest: usize) -> Vec<u8> {
    let mut lengths = vec![0; counts.len()];
    let each = counts.iter().enumerate();
    let mut used: Vec<(u32, usize)> = each
        .filter(|(_, count)| **count > 0)
        .map(|(symbol, count)| (*count, symbol))
        .collect();
    if used.len() <= 2 {
        for (_, symbol) in used {
            lengths[symbol] = 1;
        }
        return lengths;
    }
    used.sort_unstable();

    // Each row has all symbols, and the pairs that can be made of the row before.
    let mut rows: Vec<Vec<Item>> = Vec::new();
    for _ in 0..longest.min(used.len() - 1) {
        let pairs = rows.last().map(|row| pairs(row)).unwrap_or_default();
        rows.push(merged(&used, &pairs));
    }
    // What is wanted of the last row decides how many pairs, and so what of the row before. A word
    // is as long as the number of rows that its symbol is taken from.
    let mut wanted = 2 * used.len() - 2;
    for row in rows.iter().rev() {
        let taken = row.iter().take(wanted);
        let symbols = taken.filter(|item| item.is_symbol).count();
        for (_, symbol) in &used[..symbols] {
            lengths[*symbol] += 1;
        }
        wanted = 2 * (wanted - symbols);
    }
    lengths
}

/// A symbol, or two items of the row before.
struct Item {
    weight: u64,
    is_symbol: bool,
}

fn pairs(row: &[Item]) -> Vec<u64> {
    let twos = row.chunks_exact(2);
    twos.map(|two| two.iter().map(|item| item.weight).sum())
        .collect()
}

fn merged(symbols: &[(u32, usize)], pairs: &[u64]) -> Vec<Item> {
    let mut row = Vec::with_capacity(symbols.len() + pairs.len());
    let mut pairs = pairs.iter().copied().peekable();
    for (count, _) in symbols {
        let weight = u64::from(*count);
        while let Some(weight) = pairs.next_if(|pair| *pair <= weight) {
            row.push(Item {
                weight,
                is_symbol: false,
            });
        }
        row.push(Item {
            weight,
            is_symbol: true,
        });
    }
    row.extend(pairs.map(|weight| Item {
        weight,
        is_symbol: false,
    }));
    row
}
