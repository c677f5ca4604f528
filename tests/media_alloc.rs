//! A small file that claims a huge picture costs no memory.
//!
//! Its own test program, because it counts every allocation of the process.
#![allow(
    unsafe_code,
    reason = "an allocator that counts is unsafe by its trait"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use frameloom::media::picture::{DecodeLimits, PictureError, decode};
use frameloom::media::{Rgb8, jpeg};
use image::{ImageFormat, RgbImage};

/// Tables and read buffers of the decoders; a claimed picture would take 800 MB.
const ALLOWED: usize = 512 * 1024;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), SeqCst) + layout.size();
        PEAK.fetch_max(live, SeqCst);
        // SAFETY: the caller's promises are handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), SeqCst);
        // SAFETY: `block` came from `alloc` above, hence from the system's allocator.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that `work` held at its worst moment, beyond what was held before.
fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.load(SeqCst);
    PEAK.store(before, SeqCst);
    let result = work();
    (result, PEAK.load(SeqCst).saturating_sub(before))
}

fn sound(format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    RgbImage::new(16, 16)
        .write_to(&mut file, format)
        .expect("writing to memory");
    file.into_inner()
}

fn patched(mut file: Vec<u8>, changes: &[(usize, &[u8])]) -> Vec<u8> {
    for (at, bytes) in changes {
        file[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    file
}

fn position(file: &[u8], pattern: &[u8]) -> usize {
    file.windows(pattern.len())
        .position(|window| window == pattern)
        .expect("the pattern is there")
}

/// Files of 16×16 pixels whose headers claim 30,000×30,000, or the most that the format can say.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let (be16, le16) = (30_000u16.to_be_bytes(), 30_000u16.to_le_bytes());
    let (be32, le32) = (30_000u32.to_be_bytes(), 30_000u32.to_le_bytes());
    let quality = jpeg::Quality::new(85).expect("1 to 100");
    let jpeg =
        jpeg::Encoder::new(quality, jpeg::Subsampling::S420).encode(&Rgb8::filled(16, 16, [9; 3]));
    let jpeg = jpeg.expect("encodes").to_vec();
    let frame = position(&jpeg, &[0xFF, 0xC0]);
    let (gif, tiff) = (sound(ImageFormat::Gif), sound(ImageFormat::Tiff));
    let gif_frame = position(&gif, &[0x2C, 0, 0, 0, 0, 16, 0, 16, 0]);
    // Width, height and rows a strip (tags 0x100, 0x101, 0x116): the value is in the last 4 of 12 bytes.
    let [columns, rows, strip] = [0x00, 0x01, 0x16].map(|tag| position(&tiff, &[tag, 1]) + 8);
    // CRC-32 of "IHDR", 30,000, 30,000, 8 bits, RGB, no interlace (zlib's crc32).
    let png_crc = 0xE945_6FEDu32.to_be_bytes();
    vec![
        (
            "png",
            patched(
                sound(ImageFormat::Png),
                &[(16, &be32), (20, &be32), (29, &png_crc)],
            ),
        ),
        (
            "bmp",
            patched(sound(ImageFormat::Bmp), &[(18, &le32), (22, &le32)]),
        ),
        (
            "gif",
            patched(
                gif,
                &[
                    (6, &le16),
                    (8, &le16),
                    (gif_frame + 5, &le16),
                    (gif_frame + 7, &le16),
                ],
            ),
        ),
        (
            "tiff",
            patched(tiff, &[(columns, &le32), (rows, &le32), (strip, &le32)]),
        ),
        // Twice 14 bits of "side minus one": 16,000 each.
        (
            "webp",
            patched(sound(ImageFormat::WebP), &[(21, &[0x7F, 0xFE, 0x9F, 0x0F])]),
        ),
        (
            "jpeg",
            patched(jpeg, &[(frame + 5, &be16), (frame + 7, &be16)]),
        ),
    ]
}

#[test]
fn a_claimed_size_is_refused_before_memory_is_taken_for_it() {
    for (name, file) in bombs() {
        let (answer, peak) = peak_of(|| decode(&file, &DecodeLimits::default()));
        assert!(
            matches!(answer, Err(PictureError::TooLarge { .. })),
            "{name}: {answer:?}"
        );
        assert!(peak < ALLOWED, "{name} took {peak} bytes");
    }
}
