//! Character encodings by their names in the registry of IANA.

use encoding_rs::Encoding;
use oem_cp::code_table::{
    DECODING_TABLE_CP437, DECODING_TABLE_CP850, DECODING_TABLE_CP852, DECODING_TABLE_CP855,
    DECODING_TABLE_CP858, DECODING_TABLE_CP860, DECODING_TABLE_CP862, DECODING_TABLE_CP863,
    DECODING_TABLE_CP865,
};

/// A character encoding.
#[derive(Clone, Copy)]
pub(super) enum Charset {
    Utf8,
    /// Two bytes a unit: the byte order, and whether a byte-order mark is written.
    Utf16 {
        big: bool,
        mark: bool,
    },
    /// A character a byte, up to a limit.
    Latin {
        limit: u32,
    },
    /// ASCII and a table for the upper half.
    Table(&'static [char; 128]),
    /// Anything that the library knows.
    Web(&'static Encoding),
}

/// The names of an encoding, in small letters, and the library's name for it.
const WEB: &[(&[&str], &str)] = &[
    (&["big5", "csbig5"], "big5"),
    (
        &[
            "euc-jp",
            "extended_unix_code_packed_format_for_japanese",
            "cseucpkdfmtjapanese",
        ],
        "euc-jp",
    ),
    (&["euc-kr", "cseuckr"], "euc-kr"),
    (&["gb18030", "csgb18030"], "gb18030"),
    (&["gbk", "cp936", "ms936", "windows-936", "csgbk"], "gbk"),
    (&["iso-2022-jp", "csiso2022jp"], "iso-2022-jp"),
    (&["shift_jis", "ms_kanji", "csshiftjis"], "shift_jis"),
    (
        &[
            "iso-8859-2",
            "iso_8859-2:1987",
            "iso-ir-101",
            "iso_8859-2",
            "latin2",
            "l2",
            "csisolatin2",
        ],
        "iso-8859-2",
    ),
    (
        &[
            "iso-8859-3",
            "iso_8859-3:1988",
            "iso-ir-109",
            "iso_8859-3",
            "latin3",
            "l3",
            "csisolatin3",
        ],
        "iso-8859-3",
    ),
    (
        &[
            "iso-8859-4",
            "iso_8859-4:1988",
            "iso-ir-110",
            "iso_8859-4",
            "latin4",
            "l4",
            "csisolatin4",
        ],
        "iso-8859-4",
    ),
    (
        &[
            "iso-8859-5",
            "iso_8859-5:1988",
            "iso-ir-144",
            "iso_8859-5",
            "cyrillic",
            "csisolatincyrillic",
        ],
        "iso-8859-5",
    ),
    (
        &[
            "iso-8859-6",
            "iso_8859-6:1987",
            "iso-ir-127",
            "iso_8859-6",
            "ecma-114",
            "asmo-708",
            "arabic",
            "csisolatinarabic",
            "iso-8859-6-e",
            "iso_8859-6-e",
            "csiso88596e",
            "iso-8859-6-i",
            "iso_8859-6-i",
            "csiso88596i",
        ],
        "iso-8859-6",
    ),
    (
        &[
            "iso-8859-7",
            "iso_8859-7:1987",
            "iso-ir-126",
            "iso_8859-7",
            "elot_928",
            "ecma-118",
            "greek",
            "greek8",
            "csisolatingreek",
        ],
        "iso-8859-7",
    ),
    (
        &[
            "iso-8859-8",
            "iso_8859-8:1988",
            "iso-ir-138",
            "iso_8859-8",
            "hebrew",
            "csisolatinhebrew",
            "iso-8859-8-e",
            "iso_8859-8-e",
            "csiso88598e",
            "iso-8859-8-i",
            "iso_8859-8-i",
            "csiso88598i",
        ],
        "iso-8859-8",
    ),
    (
        &[
            "iso-8859-10",
            "iso-ir-157",
            "l6",
            "iso_8859-10:1992",
            "csisolatin6",
            "latin6",
        ],
        "iso-8859-10",
    ),
    (&["iso-8859-13", "csiso885913"], "iso-8859-13"),
    (
        &[
            "iso-8859-14",
            "iso-ir-199",
            "iso_8859-14:1998",
            "iso_8859-14",
            "latin8",
            "iso-celtic",
            "l8",
            "csiso885914",
        ],
        "iso-8859-14",
    ),
    (
        &["iso-8859-15", "iso_8859-15", "latin-9", "csiso885915"],
        "iso-8859-15",
    ),
    (
        &[
            "iso-8859-16",
            "iso-ir-226",
            "iso_8859-16:2001",
            "iso_8859-16",
            "latin10",
            "l10",
            "csiso885916",
        ],
        "iso-8859-16",
    ),
    (&["koi8-r", "cskoi8r"], "koi8-r"),
    (&["koi8-u", "cskoi8u"], "koi8-u"),
    (&["macintosh", "mac", "csmacintosh"], "macintosh"),
    (&["ibm866", "cp866", "866", "csibm866"], "ibm866"),
    (&["windows-874", "cswindows874"], "windows-874"),
    (&["windows-1250", "cswindows1250"], "windows-1250"),
    (&["windows-1251", "cswindows1251"], "windows-1251"),
    (&["windows-1252", "cswindows1252"], "windows-1252"),
    (&["windows-1253", "cswindows1253"], "windows-1253"),
    (&["windows-1254", "cswindows1254"], "windows-1254"),
    (&["windows-1255", "cswindows1255"], "windows-1255"),
    (&["windows-1256", "cswindows1256"], "windows-1256"),
    (&["windows-1257", "cswindows1257"], "windows-1257"),
    (&["windows-1258", "cswindows1258"], "windows-1258"),
];

/// The names of an encoding, in small letters, and what it is.
const OTHERS: &[(&[&str], Charset)] = &[
    (&["utf-8", "csutf8"], Charset::Utf8),
    (
        &["utf-16", "csutf16"],
        Charset::Utf16 {
            big: true,
            mark: true,
        },
    ),
    (
        &["utf-16be", "csutf16be"],
        Charset::Utf16 {
            big: true,
            mark: false,
        },
    ),
    (
        &["utf-16le", "csutf16le"],
        Charset::Utf16 {
            big: false,
            mark: false,
        },
    ),
    (
        &[
            "us-ascii",
            "iso-ir-6",
            "ansi_x3.4-1968",
            "ansi_x3.4-1986",
            "iso_646.irv:1991",
            "iso646-us",
            "us",
            "ibm367",
            "cp367",
            "csascii",
        ],
        Charset::Latin { limit: 0x80 },
    ),
    (
        &[
            "iso-8859-1",
            "iso_8859-1:1987",
            "iso-ir-100",
            "iso_8859-1",
            "latin1",
            "l1",
            "ibm819",
            "cp819",
            "csisolatin1",
        ],
        Charset::Latin { limit: 0x100 },
    ),
    (
        &["ibm437", "cp437", "437", "cspc8codepage437"],
        Charset::Table(&DECODING_TABLE_CP437),
    ),
    (
        &["ibm850", "cp850", "850", "cspc850multilingual"],
        Charset::Table(&DECODING_TABLE_CP850),
    ),
    (
        &["ibm852", "cp852", "852", "cspcp852"],
        Charset::Table(&DECODING_TABLE_CP852),
    ),
    (
        &["ibm855", "cp855", "855", "csibm855"],
        Charset::Table(&DECODING_TABLE_CP855),
    ),
    (
        &[
            "ibm00858",
            "ccsid00858",
            "cp00858",
            "pc-multilingual-850+euro",
            "csibm00858",
        ],
        Charset::Table(&DECODING_TABLE_CP858),
    ),
    (
        &["ibm860", "cp860", "860", "csibm860"],
        Charset::Table(&DECODING_TABLE_CP860),
    ),
    (
        &["ibm862", "cp862", "862", "cspc862latinhebrew"],
        Charset::Table(&DECODING_TABLE_CP862),
    ),
    (
        &["ibm863", "cp863", "863", "csibm863"],
        Charset::Table(&DECODING_TABLE_CP863),
    ),
    (
        &["ibm865", "cp865", "865", "csibm865"],
        Charset::Table(&DECODING_TABLE_CP865),
    ),
];

impl Charset {
    /// The encoding with a name, of whatever case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let matches = |names: &[&str]| names.contains(&name.as_str());
        if let Some((_, charset)) = OTHERS.iter().find(|(names, _)| matches(names)) {
            return Some(*charset);
        }
        let (_, label) = WEB.iter().find(|(names, _)| matches(names))?;
        Encoding::for_label(label.as_bytes()).map(Self::Web)
    }

    /// The bytes of a text, `None` if it has a character that the encoding lacks.
    pub(super) fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Utf16 { big, mark } => {
                let marked = mark.then_some(0xfeff);
                let units = marked.into_iter().chain(text.encode_utf16());
                Some(
                    units
                        .flat_map(|unit| {
                            if big {
                                unit.to_be_bytes()
                            } else {
                                unit.to_le_bytes()
                            }
                        })
                        .collect(),
                )
            }
            Self::Latin { limit } => text
                .chars()
                .map(|c| {
                    u8::try_from(u32::from(c))
                        .ok()
                        .filter(|b| u32::from(*b) < limit)
                })
                .collect(),
            Self::Table(table) => text
                .chars()
                .map(|c| {
                    if c.is_ascii() {
                        return u8::try_from(c).ok();
                    }
                    let at = table.iter().position(|of| *of == c)?;
                    u8::try_from(at + 128).ok()
                })
                .collect(),
            Self::Web(encoding) => {
                let (bytes, _, unmappable) = encoding.encode(text);
                let lossy = unmappable || (is_windows(encoding) && has_c1(text));
                (!lossy).then(|| bytes.into_owned())
            }
        }
    }

    /// The text of bytes, `None` if they are not valid in the encoding.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => {
                let text = String::from_utf8(bytes.to_vec()).ok()?;
                defined(text)
            }
            Self::Utf16 { mut big, mark } => {
                let (pairs, odd) = bytes.as_chunks::<2>();
                if !odd.is_empty() {
                    return None;
                }
                let mut pairs = pairs;
                if mark {
                    match pairs.split_first() {
                        Some(([0xfe, 0xff], rest)) => pairs = rest,
                        Some(([0xff, 0xfe], rest)) => {
                            big = false;
                            pairs = rest;
                        }
                        _ => {}
                    }
                }
                let units = pairs.iter().map(|pair| {
                    if big {
                        u16::from_be_bytes(*pair)
                    } else {
                        u16::from_le_bytes(*pair)
                    }
                });
                let text = char::decode_utf16(units).collect::<Result<String, _>>();
                defined(text.ok()?)
            }
            Self::Latin { limit } => bytes
                .iter()
                .map(|b| Some(char::from(*b)).filter(|_| u32::from(*b) < limit))
                .collect(),
            Self::Table(table) => bytes
                .iter()
                .map(|b| match b.checked_sub(128) {
                    Some(at) => table.get(usize::from(at)).copied(),
                    None => Some(char::from(*b)),
                })
                .collect(),
            Self::Web(encoding) => {
                let text = encoding
                    .decode_without_bom_handling_and_without_replacement(bytes)?
                    .into_owned();
                defined(text).filter(|text| !(is_windows(encoding) && has_c1(text)))
            }
        }
    }
}

/// The encodings of Windows leave places empty that the library fills with control characters.
fn is_windows(encoding: &'static Encoding) -> bool {
    encoding.name().starts_with("windows-125")
}

fn has_c1(text: &str) -> bool {
    text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c))
}

/// A text that holds the replacement character stands for something that was not defined.
fn defined(text: String) -> Option<String> {
    Some(text).filter(|text| !text.contains(char::REPLACEMENT_CHARACTER))
}
