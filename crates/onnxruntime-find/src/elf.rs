//! Whether a library's file is whole. Only reads its headers.
//!
//! The dynamic linker maps the parts that the headers name without looking at the file's length, and the first touch of
//! a page behind its end is SIGBUS: a download that broke off would end the server. Everything else that may be wrong with
//! a file the linker says itself.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// How long a file is, and how long its headers say it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CutShort {
    pub(crate) found: u64,
    pub(crate) needed: u64,
}

/// The file's header; offsets are those of `Elf64_Ehdr` in the System V ABI.
const HEADER: usize = 64;
/// `\x7fELF`, 64 bits, little end first.
const MAGIC: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];
const PROGRAM_HEADERS: usize = 32;
const PROGRAM_HEADER_BYTES: usize = 54;
const PROGRAM_HEADER_COUNT: usize = 56;

/// Offsets in an `Elf64_Phdr`.
const OFFSET: usize = 8;
const BYTES_IN_FILE: usize = 32;
const PROGRAM_HEADER: usize = 56;

/// Whether the file ends before what its headers name. `None` for whole files, and for all that is no such library or
/// cannot be read: about those the dynamic linker has clearer words.
pub(crate) fn cut_short(path: &Path) -> Option<CutShort> {
    // More than any library's headers take, which stand at its beginning.
    let (mut head, limit) = (Vec::new(), 1 << 16);
    let found = (|| -> io::Result<u64> {
        let file = File::open(path)?;
        let found = file.metadata()?.len();
        file.take(limit).read_to_end(&mut head)?;
        Ok(found)
    })()
    .ok()?;
    let needed = needed(&head)?;
    (found < needed).then_some(CutShort { found, needed })
}

/// Where the last part ends; where the headers do, if they are not all there.
fn needed(head: &[u8]) -> Option<u64> {
    if head.len() < HEADER || !head.starts_with(&MAGIC) {
        return None;
    }
    let start = usize::try_from(u64_at(head, PROGRAM_HEADERS)?).ok()?;
    let each = usize::from(u16_at(head, PROGRAM_HEADER_BYTES)?);
    let count = usize::from(u16_at(head, PROGRAM_HEADER_COUNT)?);
    let headers_end = start.checked_add(each.checked_mul(count)?)?;
    if each < PROGRAM_HEADER || head.len() < headers_end {
        return u64::try_from(headers_end).ok();
    }
    let end = |header: &[u8]| u64_at(header, OFFSET)?.checked_add(u64_at(header, BYTES_IN_FILE)?);
    head[start..headers_end]
        .chunks_exact(each)
        .filter_map(end)
        .max()
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at + 8)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test itself: on Linux a whole file of that format.
    fn program() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    fn looked_at(bytes: &[u8]) -> Option<CutShort> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        cut_short(file.path())
    }

    #[test]
    fn a_whole_file_is_whole() {
        assert_eq!(looked_at(&program()), None);
    }

    #[test]
    fn a_file_that_ends_early_tells_both_lengths() {
        let program = program();
        for kept in [HEADER, HEADER + 100, 4_096] {
            let cut = looked_at(&program[..kept]).unwrap();
            assert_eq!(cut.found, kept as u64);
            assert!(cut.needed > cut.found && cut.needed <= program.len() as u64);
        }
    }

    #[test]
    fn one_byte_that_lacks_is_noticed_and_what_is_never_mapped_is_not_missed() {
        let program = program();
        let needed = looked_at(&program[..4_096]).unwrap().needed as usize;
        assert!(looked_at(&program[..needed - 1]).is_some());
        assert_eq!(looked_at(&program[..needed]), None);
    }

    #[test]
    fn what_is_no_library_is_left_to_the_linker() {
        for bytes in [&b""[..], b"garbage", &[0; 200]] {
            assert_eq!(looked_at(bytes), None);
        }
        assert_eq!(cut_short(Path::new("/nowhere/libonnxruntime.so")), None);
        assert_eq!(cut_short(Path::new("/")), None);
    }

    #[test]
    fn headers_that_lie_do_no_harm() {
        let mut lying = program();
        lying.truncate(HEADER);
        for field in [PROGRAM_HEADERS, PROGRAM_HEADER_BYTES, PROGRAM_HEADER_COUNT] {
            let mut lying = lying.clone();
            lying[field..field + 2].fill(0xff);
            assert!(looked_at(&lying).is_some());
        }
        lying[PROGRAM_HEADERS..PROGRAM_HEADERS + 8].fill(0xff);
        assert_eq!(looked_at(&lying), None);
    }
}
