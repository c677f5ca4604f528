//! A device's memory: blocks at invented addresses, with every access checked against them.
//!
//! Not responsible for who may use it when. Invariants: an address is never one that the host could read, never given
//! twice, and no access reaches outside the block it begins in.

use crate::code::Code;

/// Blocks begin at multiples of this, as the driver promises.
const ALIGNMENT: u64 = 256;

/// Addresses of device 0 begin here. No processor that this runs on maps addresses with these bits, so that the host
/// dies of dereferencing one.
const FIRST: u64 = 0x00D0_0000_0000_0000;

/// Distance between the addresses of two devices.
const DEVICE: u64 = 1 << 44;

/// Fresh memory holds this: not-a-number as a float, so that what was never written shows.
const UNWRITTEN: u8 = 0xFF;

/// Above this many bytes fresh memory holds zeros instead, because those cost nothing until they are touched.
const FILLED_AT_MOST: usize = 64 << 20;

/// Who asked for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A caller of `cuMemAlloc`.
    Caller,
    /// A module, for its variables.
    Module,
}

#[derive(Debug)]
struct Block {
    start: u64,
    bytes: Vec<u8>,
    owner: Owner,
}

impl Block {
    fn offset(&self, address: u64, bytes: usize) -> Option<usize> {
        let offset = usize::try_from(address.checked_sub(self.start)?).ok()?;
        (offset.checked_add(bytes)? <= self.bytes.len()).then_some(offset)
    }
}

/// The memory of one device.
#[derive(Debug)]
pub struct Space {
    total: u64,
    next: u64,
    /// Sorted by address, since addresses only grow.
    blocks: Vec<Block>,
}

impl Space {
    /// Empty memory of `total` bytes on the device of this number.
    #[must_use]
    pub fn new(device: usize, total: u64) -> Self {
        Self {
            total,
            next: FIRST + device as u64 * DEVICE,
            blocks: Vec::new(),
        }
    }

    /// Bytes that the device has.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Changes how much the device has; blocks stay.
    pub fn set_total(&mut self, total: u64) {
        self.total = total;
    }

    /// Bytes that can still be allocated.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        let used: u64 = self.blocks.iter().map(|b| b.bytes.len() as u64).sum();
        self.total.saturating_sub(used)
    }

    /// Number of blocks of `owner`, and their bytes together.
    #[must_use]
    pub fn held(&self, owner: Owner) -> (u64, u64) {
        let held = self.blocks.iter().filter(|block| block.owner == owner);
        held.fold((0, 0), |(count, bytes), block| {
            (count + 1, bytes + block.bytes.len() as u64)
        })
    }

    /// A block of `bytes`, and its address.
    ///
    /// # Errors
    /// `INVALID_VALUE` for none, `OUT_OF_MEMORY` for more than is free.
    pub fn allocate(&mut self, bytes: usize, owner: Owner) -> Result<u64, Code> {
        if bytes == 0 {
            return Err(Code::INVALID_VALUE);
        }
        if bytes as u64 > self.free_bytes() {
            return Err(Code::OUT_OF_MEMORY);
        }
        let start = self.next;
        // One alignment of nothing behind each, so that running off the end never lands in a neighbour.
        self.next += (bytes as u64).next_multiple_of(ALIGNMENT) + ALIGNMENT;
        let bytes = match bytes <= FILLED_AT_MOST {
            true => vec![UNWRITTEN; bytes],
            false => vec![0; bytes],
        };
        self.blocks.push(Block {
            start,
            bytes,
            owner,
        });
        Ok(start)
    }

    /// Gives back the block that begins at `address`.
    ///
    /// # Errors
    /// `INVALID_VALUE` if none of `owner` does.
    pub fn release(&mut self, address: u64, owner: Owner) -> Result<(), Code> {
        let is = |block: &Block| block.start == address && block.owner == owner;
        let at = self.blocks.iter().position(is).ok_or(Code::INVALID_VALUE)?;
        self.blocks.remove(at);
        Ok(())
    }

    /// The number of the block that holds `bytes` from `address` on, tried first at `hint`; numbers hold until a block
    /// is released.
    fn block(&self, hint: usize, address: u64, bytes: usize) -> Option<(usize, usize)> {
        let hinted = self.blocks.get(hint).and_then(|b| b.offset(address, bytes));
        if let Some(offset) = hinted {
            return Some((hint, offset));
        }
        let after = self.blocks.partition_point(|b| b.start <= address);
        let at = after.checked_sub(1)?;
        Some((at, self.blocks[at].offset(address, bytes)?))
    }

    /// `bytes` from `address` on; nothing if they are not all of one block. `hint` is any number, kept between calls.
    #[must_use]
    pub fn read(&self, hint: &mut usize, address: u64, bytes: usize) -> Option<&[u8]> {
        let (at, offset) = self.block(*hint, address, bytes)?;
        *hint = at;
        Some(&self.blocks[at].bytes[offset..offset + bytes])
    }

    /// As [`read`](Self::read), to be written.
    #[must_use]
    pub fn write(&mut self, hint: &mut usize, address: u64, bytes: usize) -> Option<&mut [u8]> {
        let (at, offset) = self.block(*hint, address, bytes)?;
        *hint = at;
        Some(&mut self.blocks[at].bytes[offset..offset + bytes])
    }

    /// Writes `bytes` to `address`; nothing happens if they do not lie in one block.
    #[must_use]
    pub fn put(&mut self, address: u64, bytes: &[u8]) -> Option<()> {
        let mut hint = 0;
        self.write(&mut hint, address, bytes.len())?
            .copy_from_slice(bytes);
        Some(())
    }

    /// A copy of `bytes` from `address` on.
    #[must_use]
    pub fn get(&self, address: u64, bytes: usize) -> Option<Vec<u8>> {
        self.read(&mut 0, address, bytes).map(<[u8]>::to_vec)
    }

    /// Whether `bytes` from `address` on lie in one block.
    #[must_use]
    pub fn holds(&self, address: u64, bytes: usize) -> bool {
        self.block(0, address, bytes).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space() -> Space {
        Space::new(0, 1000)
    }

    #[test]
    fn blocks_are_aligned_and_apart() {
        let mut space = space();
        let first = space.allocate(300, Owner::Caller).unwrap();
        let second = space.allocate(1, Owner::Caller).unwrap();
        assert_eq!((first % ALIGNMENT, second % ALIGNMENT), (0, 0));
        assert!(second >= first + 300 + ALIGNMENT - 300 % ALIGNMENT);
    }

    #[test]
    fn more_than_is_free_is_refused_and_what_is_given_back_is_free_again() {
        let mut space = space();
        let most = space.allocate(900, Owner::Caller).unwrap();
        assert_eq!(space.allocate(101, Owner::Caller), Err(Code::OUT_OF_MEMORY));
        space.release(most, Owner::Caller).unwrap();
        assert!(space.allocate(1000, Owner::Caller).is_ok());
    }

    #[test]
    fn an_address_is_not_given_twice() {
        let mut space = space();
        let first = space.allocate(10, Owner::Caller).unwrap();
        space.release(first, Owner::Caller).unwrap();
        assert_ne!(space.allocate(10, Owner::Caller), Ok(first));
        assert!(!space.holds(first, 1));
    }

    #[test]
    fn only_the_start_of_a_block_of_the_same_owner_can_be_released() {
        let mut space = space();
        let block = space.allocate(10, Owner::Module).unwrap();
        for (address, owner) in [(block, Owner::Caller), (block + 1, Owner::Module)] {
            assert_eq!(space.release(address, owner), Err(Code::INVALID_VALUE));
        }
    }

    #[test]
    fn no_access_reaches_outside_its_block() {
        let mut space = space();
        let block = space.allocate(10, Owner::Caller).unwrap();
        assert!(space.holds(block, 10));
        for (address, bytes) in [
            (block, 11),
            (block + 10, 1),
            (block - 1, 1),
            (0, 1),
            (u64::MAX, 1),
        ] {
            assert!(!space.holds(address, bytes), "{address:#x}, {bytes}");
        }
    }

    #[test]
    fn what_was_never_written_is_no_number() {
        let mut space = space();
        let block = space.allocate(4, Owner::Caller).unwrap();
        let bytes = space.get(block, 4).unwrap().try_into().unwrap();
        assert!(f32::from_le_bytes(bytes).is_nan());
    }

    #[test]
    fn what_is_put_is_got_whatever_the_hint() {
        let mut space = space();
        let first = space.allocate(8, Owner::Caller).unwrap();
        let second = space.allocate(8, Owner::Caller).unwrap();
        space.put(first, &[1; 8]).unwrap();
        space.put(second, &[2; 8]).unwrap();
        let mut hint = 1;
        assert_eq!(space.read(&mut hint, first + 4, 4), Some(&[1; 4][..]));
        assert_eq!((hint, space.get(second, 2)), (0, Some(vec![2; 2])));
    }
}
