//! Gzip, to the byte as Terraform writes it: what Go's `compress/gzip` and `compress/flate` make of
//! a text at their usual level, the sixth.
//!
//! Any compressor would give something that unpacks to the same, but the text of `base64gzip` ends
//! up in attributes that are compared, so another compressor's bytes would be a change to every
//! object that has them. What matters are the choices that the format leaves open: which earlier
//! text a match is taken from ([`matches`]), where blocks end and how each is stored ([`blocks`]),
//! and how long the code words are ([`huffman`]).

mod blocks;
mod huffman;
mod matches;
#[cfg(test)]
mod tests;

/// No time, no name, no hint of the level, and 255 for a system that is not told.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The text compressed. It is flushed before it ends, so two empty blocks follow the data.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = blocks::Writer::new(HEADER.to_vec());
    matches::find(bytes, |tokens, text| writer.block(tokens, text));
    writer.stored(&[], false);
    writer.stored(&[], true);
    let mut out = writer.finish();
    let mut checksum = flate2::Crc::new();
    checksum.update(bytes);
    out.extend(checksum.sum().to_le_bytes());
    // The length modulo 2^32, as the format has it.
    let length = u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or(u32::MAX);
    out.extend(length.to_le_bytes());
    out
}
