//! The Huffman tables that capture cards leave out of their Motion JPEG, since every decoder of it is to know them: those of the
//! JPEG standard, ITU-T T.81, annex K.3.
//!
//! Invariant: a frame that has tables of its own stays as it is.

use crate::media::{
    Rgb8,
    jpeg::{Encoder, Quality, Subsampling},
};
use std::sync::LazyLock;

/// The segments with the four tables, as our own encoder, which uses no others, writes them.
static STANDARD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut encoder = Encoder::new(Quality::HIGH, Subsampling::S420);
    let picture = encoder.encode(&Rgb8::filled(16, 16, [90, 60, 30]));
    let picture = picture.unwrap_or_default();
    let tables = segments(&picture).filter(|segment| segment.kind == TABLES);
    tables
        .flat_map(|segment| picture[segment.from..segment.to].to_vec())
        .collect()
});

const START: [u8; 2] = [0xFF, 0xD8];
const TABLES: u8 = 0xC4;
const SCAN: u8 = 0xDA;

struct Segment {
    kind: u8,
    from: usize,
    to: usize,
}

/// Gives a frame the standard tables, unless it has its own or is no picture; `true` if it did.
pub fn complete(jpeg: &mut Vec<u8>) -> bool {
    let first = segments(jpeg).find(|segment| [SCAN, TABLES].contains(&segment.kind));
    match first {
        Some(Segment {
            kind: SCAN, from, ..
        }) => {
            jpeg.splice(from..from, STANDARD.iter().copied());
            true
        }
        _ => false,
    }
}

/// The segments before the picture itself, the one that announces it included; as far as they make sense.
fn segments(jpeg: &[u8]) -> impl Iterator<Item = Segment> {
    let mut next = jpeg.starts_with(&START).then_some(START.len());
    std::iter::from_fn(move || {
        let from = next.take()?;
        let &[0xFF, kind, high, low] = jpeg.get(from..from + 4)? else {
            return None;
        };
        let to = from + 2 + usize::from(u16::from_be_bytes([high, low]));
        next = (kind != SCAN).then_some(to);
        (to > from + 3 && to <= jpeg.len()).then_some(Segment { kind, from, to })
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::media::{DecodeLimits, picture::decode};
    use proptest::prelude::*;

    /// A picture with some detail, so that all tables are needed.
    fn picture() -> Vec<u8> {
        let mut picture = Rgb8::filled(32, 32, [0; 3]);
        let pixels = picture.data.iter_mut().enumerate();
        pixels.for_each(|(at, byte)| *byte = (at * at % 251) as u8);
        let mut encoder = Encoder::new(Quality::HIGH, Subsampling::S420);
        encoder.encode(&picture).unwrap().to_vec()
    }

    pub fn without_tables(jpeg: &[u8]) -> Vec<u8> {
        let mut bare = jpeg.to_vec();
        let tables: Vec<_> = segments(jpeg).filter(|s| s.kind == TABLES).collect();
        for segment in tables.iter().rev() {
            bare.drain(segment.from..segment.to);
        }
        bare
    }

    #[test]
    fn a_frame_without_tables_decodes_to_the_same_picture_once_it_has_them() {
        let whole = picture();
        let mut frame = without_tables(&whole);
        assert!(frame.len() + 400 < whole.len());
        assert!(complete(&mut frame));
        let limits = DecodeLimits::default();
        assert_eq!(decode(&frame, &limits), decode(&whole, &limits));
    }

    #[test]
    fn a_frame_with_tables_of_its_own_stays_as_it_is() {
        let mut frame = picture();
        assert!(!complete(&mut frame));
        assert_eq!(frame, picture());
    }

    proptest! {
        #[test]
        fn nothing_that_comes_makes_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            bytes.splice(0..0, START);
            complete(&mut bytes);
        }

        #[test]
        fn no_frame_that_was_cut_makes_it_panic(at in any::<prop::sample::Index>()) {
            let mut frame = without_tables(&picture());
            frame.truncate(at.index(frame.len()));
            complete(&mut frame);
        }
    }
}
