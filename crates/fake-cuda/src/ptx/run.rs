//! Runs a kernel's threads one after the other.
//!
//! Not responsible for when. Invariant: a thread reaches memory only through `Space`, its own local bytes and its
//! parameters; anything else is a trap that ends the launch.

use super::{
    float::{from_half, largest_f32, largest_f64, smallest_f32, smallest_f64, to_half, to_integer},
    op::{
        Compare, Constant, Conversion, Float, Integer, Kernel, Memory, Op, Reg, SPECIALS, Step,
        Unary, Whole,
    },
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

#[inline(always)]
fn integer(op: Integer, ty: Type, a: u64, b: u64) -> u64 {
    let (wide_a, wide_b) = (ty.widened(a), ty.widened(b));
    let result = match op {
        Integer::Add => a.wrapping_add(b),
        Integer::Sub => a.wrapping_sub(b),
        Integer::Mul => a.wrapping_mul(b),
        Integer::MulWide => {
            let double = Type {
                bits: ty.bits * 2,
                ..ty
            };
            return double.mask(wide_a.wrapping_mul(wide_b));
        }
        // The manual leaves the quotient by zero open; no bit of it is zero on the devices.
        Integer::Div if ty.mask(b) == 0 => u64::MAX,
        Integer::Div if ty.is_signed() => (wide_a as i64).wrapping_div(wide_b as i64) as u64,
        Integer::Div => wide_a / wide_b,
        Integer::Min if ty.is_signed() => (wide_a as i64).min(wide_b as i64) as u64,
        Integer::Min => wide_a.min(wide_b),
        Integer::Max if ty.is_signed() => (wide_a as i64).max(wide_b as i64) as u64,
        Integer::Max => wide_a.max(wide_b),
        Integer::And => a & b,
        Integer::Or => a | b,
        Integer::Xor => a ^ b,
        // Shifts by the width or more are by the width.
        Integer::Shl => a.checked_shl(b as u32).unwrap_or(0),
        Integer::Shr if ty.is_signed() => (wide_a as i64 >> (b & 0xFFFF_FFFF).min(63)) as u64,
        Integer::Shr => wide_a.checked_shr(b as u32).unwrap_or(0),
    };
    ty.mask(result)
}

#[inline(always)]
fn mul_add(wide: bool, ty: Type, a: u64, b: u64, c: u64) -> u64 {
    let op = if wide { Integer::MulWide } else { Integer::Mul };
    let bits = if wide { ty.bits * 2 } else { ty.bits };
    let product = integer(op, ty, a, b);
    Type { bits, ..ty }.mask(product.wrapping_add(c))
}

#[inline(always)]
fn single(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

#[inline(always)]
fn float(op: Float, double: bool, a: u64, b: u64) -> u64 {
    if double {
        let (a, b) = (f64::from_bits(a), f64::from_bits(b));
        let result = match op {
            Float::Add => a + b,
            Float::Sub => a - b,
            Float::Mul => a * b,
            Float::Div => a / b,
            Float::Min => smallest_f64(a, b),
            Float::Max => largest_f64(a, b),
        };
        return result.to_bits();
    }
    let (a, b) = (single(a), single(b));
    let result = match op {
        Float::Add => a + b,
        Float::Sub => a - b,
        Float::Mul => a * b,
        Float::Div => a / b,
        Float::Min => smallest_f32(a, b),
        Float::Max => largest_f32(a, b),
    };
    u64::from(result.to_bits())
}

#[inline(always)]
fn fma(double: bool, a: u64, b: u64, c: u64) -> u64 {
    if double {
        let (a, b, c) = (f64::from_bits(a), f64::from_bits(b), f64::from_bits(c));
        return a.mul_add(b, c).to_bits();
    }
    u64::from(single(a).mul_add(single(b), single(c)).to_bits())
}

#[inline(always)]
fn unary(op: Unary, ty: Type, value: u64) -> u64 {
    let sign = 1 << (ty.bits - 1);
    match (op, ty.is_float()) {
        (Unary::Neg, true) => value ^ sign,
        (Unary::Neg, false) => ty.mask(value.wrapping_neg()),
        (Unary::Abs, _) => value & !sign,
        (Unary::Not, _) => ty.mask(!value),
    }
}

#[inline(always)]
fn compare(how: Compare, ty: Type, a: u64, b: u64) -> bool {
    let ordering = match (ty.is_float(), ty.is_signed()) {
        (true, _) if ty.bits == 64 => f64::from_bits(a).partial_cmp(&f64::from_bits(b)),
        (true, _) => single(a).partial_cmp(&single(b)),
        (false, true) => Some((ty.widened(a) as i64).cmp(&(ty.widened(b) as i64))),
        (false, false) => Some(ty.mask(a).cmp(&ty.mask(b))),
    };
    match how {
        Compare::Eq => ordering.is_some_and(|o| o.is_eq()),
        Compare::Ne => ordering.is_some_and(|o| o.is_ne()),
        Compare::Lt => ordering.is_some_and(|o| o.is_lt()),
        Compare::Le => ordering.is_some_and(|o| o.is_le()),
        Compare::Gt => ordering.is_some_and(|o| o.is_gt()),
        Compare::Ge => ordering.is_some_and(|o| o.is_ge()),
        Compare::Ltu => ordering.is_none_or(|o| o.is_lt()),
        Compare::Leu => ordering.is_none_or(|o| o.is_le()),
        Compare::Gtu => ordering.is_none_or(|o| o.is_gt()),
        Compare::Geu => ordering.is_none_or(|o| o.is_ge()),
    }
}

/// `count` low bits of `from` in the place of those from `at` on.
fn insert(ty: Type, from: u64, into: u64, at: u64, count: u64) -> u64 {
    let (at, count) = ((at & 0xFF) as u32, (count & 0xFF) as u32);
    let ones = u64::MAX.checked_shr(64 - count.min(64)).unwrap_or(0);
    let field = ones.checked_shl(at).unwrap_or(0);
    let placed = from.checked_shl(at).unwrap_or(0);
    ty.mask((placed & field) | (into & !field))
}

fn convert(how: Conversion, value: u64) -> u64 {
    let Conversion { to, from, .. } = how;
    if !from.is_float() {
        let wide = from.widened(value);
        return match (to.is_float(), to.bits, from.is_signed()) {
            (false, ..) => to.mask(wide),
            (true, 64, true) => (wide as i64 as f64).to_bits(),
            (true, 64, false) => (wide as f64).to_bits(),
            (true, _, true) => u64::from((wide as i64 as f32).to_bits()),
            (true, _, false) => u64::from((wide as f32).to_bits()),
        };
    }
    // Doubles hold every half and every float, so that each value is rounded only once.
    let exact = match from.bits {
        16 => f64::from(from_half(value as u16)),
        32 => f64::from(single(value)),
        _ => f64::from_bits(value),
    };
    let shaped = shape(how, exact);
    match (to.is_float(), to.bits) {
        (false, _) => to_integer(shaped, to),
        (true, 16) => u64::from(to_half(shaped as f32)),
        (true, 32) => u64::from((shaped as f32).to_bits()),
        (true, _) => shaped.to_bits(),
    }
}

fn shape(how: Conversion, value: f64) -> f64 {
    match how.whole {
        Some(Whole::Nearest) => value.round_ties_even(),
        Some(Whole::Zero) => value.trunc(),
        Some(Whole::Down) => value.floor(),
        Some(Whole::Up) => value.ceil(),
        // +0 for what is no number and for −0.
        None if how.saturate => smallest_f64(largest_f64(value, 0.0), 1.0),
        None => value,
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
