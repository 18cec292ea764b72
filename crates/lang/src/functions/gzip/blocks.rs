//! Blocks of DEFLATE (RFC 1951), each stored in whichever of the three ways takes least.

use super::huffman::{self, Word};
use super::matches::Token;

/// Of each code of a length: the shortest length, and how many bits say what it is more than that.
const LENGTHS: [(usize, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// The same of distances.
const DISTANCES: [(usize, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
/// The symbol after the last of a block. Those of bytes come before it, those of lengths after.
const END: usize = 256;
/// The order in which the lengths of code words of lengths are told.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
/// No more fits in a block that is stored as it is.
const LONGEST_STORED: usize = 65_535;

/// How often each symbol occurs in a block.
struct Counts {
    /// Of bytes, the end and lengths.
    letters: Vec<u32>,
    distances: Vec<u32>,
    /// What the bits after the symbols take together.
    extra: u64,
}

/// The code words of a block.
struct Code {
    letters: Vec<Word>,
    distances: Vec<Word>,
}

/// What comes before a block with its own code: the lengths of its code words.
struct Preface {
    /// Symbols of the code of lengths, and how often the length is repeated beyond the least.
    runs: Vec<(usize, u32)>,
    words: Vec<Word>,
    /// How many words of the code of lengths are told.
    told: usize,
    size: u64,
}

/// Writes blocks behind what is there already.
pub(super) struct Writer {
    out: Vec<u8>,
    /// Bits that do not fill a byte yet, the first lowest.
    bits: u64,
    count: u32,
}

impl Writer {
    pub(super) fn new(out: Vec<u8>) -> Self {
        Self {
            out,
            bits: 0,
            count: 0,
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.fill_byte();
        self.out
    }

    /// A block of tokens, with its bytes if it may be stored as they are.
    pub(super) fn block(&mut self, tokens: &[Token], bytes: Option<&[u8]>) {
        let counts = Counts::of(tokens);
        let fixed = Code::fixed();
        let own = Code::of(&counts);
        let preface = Preface::of(&own);
        let fixed_size = 3 + fixed.size(&counts);
        let own_size = preface.size + own.size(&counts);
        let stored = bytes.filter(|bytes| {
            bytes.len() <= LONGEST_STORED
                && u64::try_from((bytes.len() + 5) * 8)
                    .is_ok_and(|size| size < fixed_size.min(own_size))
        });
        if let Some(bytes) = stored {
            self.stored(bytes, false);
        } else if own_size < fixed_size {
            self.put(0b100, 3);
            self.preface(&own, &preface);
            self.tokens(tokens, &own);
        } else {
            self.put(0b010, 3);
            self.tokens(tokens, &fixed);
        }
    }

    /// A block of bytes as they are.
    pub(super) fn stored(&mut self, bytes: &[u8], last: bool) {
        self.put(u64::from(last), 3);
        self.fill_byte();
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.out.extend(length.to_le_bytes());
        self.out.extend((!length).to_le_bytes());
        self.out.extend(bytes);
    }

    fn preface(&mut self, code: &Code, preface: &Preface) {
        self.put(code.letters.len() as u64 - 257, 5);
        self.put(code.distances.len() as u64 - 1, 5);
        self.put(preface.told as u64 - 4, 4);
        for symbol in &ORDER[..preface.told] {
            self.put(u64::from(preface.words[*symbol].length), 3);
        }
        for (symbol, more) in &preface.runs {
            self.word(preface.words[*symbol]);
            self.put(u64::from(*more), repeat_bits(*symbol));
        }
    }

    fn tokens(&mut self, tokens: &[Token], code: &Code) {
        for token in tokens {
            match token {
                Token::Literal(byte) => self.word(code.letters[usize::from(*byte)]),
                Token::Match(found) => {
                    let (symbol, least, bits) = coded(&LENGTHS, found.length);
                    self.word(code.letters[END + 1 + symbol]);
                    self.put((found.length - least) as u64, bits);
                    let (symbol, least, bits) = coded(&DISTANCES, found.distance);
                    self.word(code.distances[symbol]);
                    self.put((found.distance - least) as u64, bits);
                }
            }
        }
        self.word(code.letters[END]);
    }

    fn word(&mut self, word: Word) {
        self.put(u64::from(word.bits), word.length);
    }

    fn put(&mut self, bits: u64, count: u8) {
        self.bits |= bits << self.count;
        self.count += u32::from(count);
        while self.count >= 8 {
            self.byte();
        }
    }

    fn fill_byte(&mut self) {
        if self.count > 0 {
            self.byte();
        }
    }

    fn byte(&mut self) {
        self.out.push(self.bits.to_le_bytes()[0]);
        self.bits >>= 8;
        self.count = self.count.saturating_sub(8);
    }
}

impl Counts {
    fn of(tokens: &[Token]) -> Self {
        let mut letters = vec![0; END + 1 + LENGTHS.len()];
        let mut distances = vec![0; DISTANCES.len()];
        let mut extra = 0;
        letters[END] = 1;
        for token in tokens {
            match token {
                Token::Literal(byte) => letters[usize::from(*byte)] += 1,
                Token::Match(found) => {
                    let (length, _, length_bits) = coded(&LENGTHS, found.length);
                    let (distance, _, distance_bits) = coded(&DISTANCES, found.distance);
                    letters[END + 1 + length] += 1;
                    distances[distance] += 1;
                    extra += u64::from(length_bits) + u64::from(distance_bits);
                }
            }
        }
        // Symbols after the last that occurs are not told of. Of distances one has to be.
        while letters.last() == Some(&0) {
            letters.pop();
        }
        while distances.last() == Some(&0) {
            distances.pop();
        }
        if distances.is_empty() {
            distances.push(1);
        }
        Self {
            letters,
            distances,
            extra,
        }
    }
}

impl Code {
    fn of(counts: &Counts) -> Self {
        Self {
            letters: huffman::words(&counts.letters, 15),
            distances: huffman::words(&counts.distances, 15),
        }
    }

    /// The code that needs no preface.
    fn fixed() -> Self {
        let mut lengths = [8; 288];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        Self {
            letters: huffman::numbered(&lengths),
            distances: huffman::numbered(&[5; 30]),
        }
    }

    fn size(&self, counts: &Counts) -> u64 {
        huffman::size(&self.letters, &counts.letters)
            + huffman::size(&self.distances, &counts.distances)
            + counts.extra
    }
}

impl Preface {
    fn of(code: &Code) -> Self {
        let words = code.letters.iter().chain(&code.distances);
        let lengths: Vec<u8> = words.map(|word| word.length).collect();
        let mut runs = Vec::new();
        for run in lengths.chunk_by(|a, b| a == b) {
            let length = usize::from(run[0]);
            let mut left = u32::try_from(run.len()).unwrap_or(u32::MAX);
            if length == 0 {
                while left >= 11 {
                    let now = left.min(138);
                    runs.push((18, now - 11));
                    left -= now;
                }
                if left >= 3 {
                    runs.push((17, left - 3));
                    left = 0;
                }
            } else {
                runs.push((length, 0));
                left -= 1;
                while left >= 3 {
                    let now = left.min(6);
                    runs.push((16, now - 3));
                    left -= now;
                }
            }
            runs.extend((0..left).map(|_| (length, 0)));
        }
        let mut counts = [0; ORDER.len()];
        for (symbol, _) in &runs {
            counts[*symbol] += 1;
        }
        let words = huffman::words(&counts, 7);
        let used = |symbol: &usize| counts[*symbol] > 0;
        let told = ORDER.iter().rposition(used).map_or(0, |last| last + 1);
        let told = told.max(4);
        let repeats = runs
            .iter()
            .map(|(symbol, _)| u64::from(repeat_bits(*symbol)));
        let size =
            3 + 5 + 5 + 4 + 3 * told as u64 + huffman::size(&words, &counts) + repeats.sum::<u64>();
        Self {
            runs,
            words,
            told,
            size,
        }
    }
}

/// How many bits say how often a length is repeated.
fn repeat_bits(symbol: usize) -> u8 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

/// The code of a length or distance, the least that has it, and how many bits say the rest.
fn coded(codes: &[(usize, u8)], value: usize) -> (usize, usize, u8) {
    let symbol = codes.partition_point(|(least, _)| *least <= value) - 1;
    let (least, bits) = codes[symbol];
    (symbol, least, bits)
}
