//! Runs a kernel's threads one after the other.
//!
//! Not responsible for when. Invariant: a thread reaches memory only through `Space`, its own local bytes and its
//! parameters; anything else is a trap that ends the launch.

use super::{
    arithmetic::{compare, convert, float, fma, insert, integer, mul_add, unary},
    op::{Constant, Kernel, Memory, Op, Reg, SPECIALS, Step},
    types::Type,
};
use crate::{code::Code, space::Space};

/// Steps after which a thread counts as endless; the kernels of this project take some hundred thousand at most.
const MOST_STEPS: u64 = 50_000_000;

/// Why a launch ended in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trap {
    /// An access outside every block.
    #[error("{bytes} bytes at {address:#x} are not all of one block")]
    Outside {
        /// Where it began.
        address: u64,
        /// How long it was.
        bytes: usize,
    },
    /// An address that is no multiple of what was accessed there.
    #[error("{bytes} bytes at {address:#x} are not aligned")]
    Misaligned {
        /// Where it began.
        address: u64,
        /// How long it was.
        bytes: usize,
    },
    /// A thread took more steps than any should.
    #[error("a thread does not end")]
    Endless,
}

impl Trap {
    /// What the driver says of it, from then on.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::Outside { .. } => Code::ILLEGAL_ADDRESS,
            Self::Misaligned { .. } => Code::MISALIGNED_ADDRESS,
            Self::Endless => Code::LAUNCH_TIMEOUT,
        }
    }
}

/// One launch of a kernel.
#[derive(Debug)]
pub struct Launch<'a> {
    /// What runs.
    pub kernel: &'a Kernel,
    /// Addresses of the module's variables, in their order.
    pub variables: &'a [u64],
    /// Blocks along x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block along x, y and z.
    pub block: [u32; 3],
    /// All arguments, from [`Kernel::pack`].
    pub parameters: &'a [u8],
}

impl Launch<'_> {
    /// Runs every thread, x fastest, block by block.
    ///
    /// # Errors
    /// The first trap; what was written until then stays.
    pub fn run(&self, space: &mut Space) -> Result<(), Trap> {
        let fresh = self.fresh_registers();
        let mut thread = Thread {
            steps: &self.kernel.steps,
            registers: fresh.clone(),
            local: vec![0; self.kernel.local_bytes],
            parameters: self.parameters,
            space,
            hint: 0,
        };
        for block in points(self.grid) {
            for place in points(self.block) {
                thread.registers.copy_from_slice(&fresh);
                let special = [place, self.block, block, self.grid];
                for (to, from) in thread.registers.iter_mut().zip(special.as_flattened()) {
                    *to = u64::from(*from);
                }
                thread.run()?;
            }
        }
        Ok(())
    }

    fn fresh_registers(&self) -> Vec<u64> {
        let mut registers = vec![0; self.kernel.registers.max(SPECIALS)];
        for &(register, constant) in &self.kernel.constants {
            registers[register as usize] = match constant {
                Constant::Bits(bits) => bits,
                Constant::Variable(number) => self.variables[number],
            };
        }
        registers
    }
}

/// Every point of a cuboid, x fastest.
fn points([x, y, z]: [u32; 3]) -> impl Iterator<Item = [u32; 3]> {
    (0..z).flat_map(move |z| (0..y).flat_map(move |y| (0..x).map(move |x| [x, y, z])))
}

struct Thread<'a> {
    steps: &'a [Step],
    registers: Vec<u64>,
    local: Vec<u8>,
    parameters: &'a [u8],
    space: &'a mut Space,
    /// The block that was accessed last.
    hint: usize,
}

impl Thread<'_> {
    fn run(&mut self) -> Result<(), Trap> {
        let mut at = 0;
        for _ in 0..MOST_STEPS {
            let Step { guard, op } = self.steps[at];
            at += 1;
            if guard.is_some_and(|(register, wanted)| self.get(register) != wanted) {
                continue;
            }
            match op {
                Op::Return => return Ok(()),
                Op::Branch { to } => at = to as usize,
                Op::Load { .. } | Op::Store { .. } => self.access(op)?,
                _ => self.compute(op),
            }
        }
        Err(Trap::Endless)
    }

    #[inline(always)]
    fn get(&self, register: Reg) -> u64 {
        self.registers[register as usize]
    }

    #[inline(always)]
    fn set(&mut self, register: Reg, value: u64) {
        self.registers[register as usize] = value;
    }

    #[inline(always)]
    fn compute(&mut self, op: Op) {
        let (to, value) = match op {
            Op::Move { to, from } => (to, self.get(from)),
            Op::Integer { op, ty, to, a, b } => (to, integer(op, ty, self.get(a), self.get(b))),
            Op::MulAdd {
                wide,
                ty,
                to,
                a,
                b,
                c,
            } => (to, mul_add(wide, ty, self.get(a), self.get(b), self.get(c))),
            Op::Float {
                op,
                double,
                to,
                a,
                b,
            } => (to, float(op, double, self.get(a), self.get(b))),
            Op::Fma {
                double,
                to,
                a,
                b,
                c,
            } => (to, fma(double, self.get(a), self.get(b), self.get(c))),
            Op::Unary { op, ty, to, from } => (to, unary(op, ty, self.get(from))),
            Op::Compare { how, ty, to, a, b } => {
                let holds = compare(how, ty, self.get(a), self.get(b));
                (to, u64::from(holds))
            }
            Op::Select { to, a, b, when } => {
                let from = if self.get(when) != 0 { a } else { b };
                (to, self.get(from))
            }
            Op::Insert {
                ty,
                to,
                from,
                into,
                at,
                count,
            } => (
                to,
                insert(
                    ty,
                    self.get(from),
                    self.get(into),
                    self.get(at),
                    self.get(count),
                ),
            ),
            Op::Convert { how, to, from } => (to, convert(how, self.get(from))),
            Op::Load { .. } | Op::Store { .. } | Op::Branch { .. } | Op::Return => {
                unreachable!("`run` takes these itself")
            }
        };
        self.set(to, value);
    }

    #[inline(always)]
    fn access(&mut self, op: Op) -> Result<(), Trap> {
        match op {
            Op::Load {
                memory,
                ty,
                to,
                base,
                offset,
            } => {
                let address = self.get(base).wrapping_add_signed(i64::from(offset));
                let value = self.load(memory, address, ty)?;
                // A register may be wider than what is loaded into it; 64 bits hold every sign.
                self.set(to, value);
            }
            Op::Store {
                memory,
                ty,
                from,
                base,
                offset,
            } => {
                let address = self.get(base).wrapping_add_signed(i64::from(offset));
                let value = self.get(from).to_le_bytes();
                let place = self.place(memory, address, ty.bytes())?;
                place.copy_from_slice(&value[..ty.bytes()]);
            }
            _ => unreachable!("`run` calls this for loads and stores"),
        }
        Ok(())
    }

    fn load(&mut self, memory: Memory, address: u64, ty: Type) -> Result<u64, Trap> {
        let bytes = ty.bytes();
        let found = match memory {
            Memory::Parameter => part(self.parameters, address, bytes),
            _ => Some(&*self.place(memory, address, bytes)?),
        };
        let mut value = [0; 8];
        value[..bytes].copy_from_slice(found.ok_or(Trap::Outside { address, bytes })?);
        Ok(ty.widened(u64::from_le_bytes(value)))
    }

    /// The bytes of an access that is inside its memory and aligned.
    fn place(&mut self, memory: Memory, address: u64, bytes: usize) -> Result<&mut [u8], Trap> {
        if !address.is_multiple_of(bytes as u64) {
            return Err(Trap::Misaligned { address, bytes });
        }
        let place = match memory {
            Memory::Global => self.space.write(&mut self.hint, address, bytes),
            Memory::Local => part_mut(&mut self.local, address, bytes),
            Memory::Parameter => None,
        };
        place.ok_or(Trap::Outside { address, bytes })
    }
}

fn part(bytes: &[u8], start: u64, count: usize) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..)?.get(..count)
}

fn part_mut(bytes: &mut [u8], start: u64, count: usize) -> Option<&mut [u8]> {
    bytes
        .get_mut(usize::try_from(start).ok()?..)?
        .get_mut(..count)
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
