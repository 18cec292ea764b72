//! What is packed unpacks to the same with another program, whatever it is.

use std::io::Read as _;

use proptest::prelude::*;

use super::gzip;

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(packed)
        .read_to_end(&mut out)
        .unwrap();
    out
}

/// Numbers that look random and are the same each time.
fn noise(count: usize, values: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        u8::try_from(state % values).unwrap()
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Pieces of text again and again, some of them farther back than a match may reach.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        (0_usize..700, 1_u32..=255).prop_map(|(count, values)| noise(count, values)),
        (any::<u8>(), 0_usize..70_000).prop_map(|(byte, count)| vec![byte; count]),
        (30_000_usize..40_000, 200_u32..=255).prop_map(|(count, values)| noise(count, values)),
    ];
    let pieces = prop::collection::vec(piece, 1..4);
    (pieces, prop::collection::vec(0_usize..4, 0..8)).prop_map(|(pieces, order)| {
        let order = order.into_iter().filter_map(|index| pieces.get(index));
        order.flatten().copied().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_packed_unpacks_to_the_same(text in texts()) {
        prop_assert_eq!(unpacked(&gzip(&text)), text);
    }
}

#[test]
fn texts_around_the_ends_of_windows_and_blocks_unpack_to_the_same() {
    for near in [1 << 14, 1 << 15, (1 << 16) - 262, 1 << 16, 3 << 15] {
        for count in near - 3..near + 4 {
            for values in [1, 2, 255] {
                let text = noise(count, values);
                assert!(unpacked(&gzip(&text)) == text, "{count} of {values}");
            }
        }
    }
}
