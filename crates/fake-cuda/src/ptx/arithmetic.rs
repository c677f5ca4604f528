//! What each operation makes of the bits in its operands.
//!
//! Not responsible for where they come from. Invariant: results are those of the manual of the ISA, bit for bit, and hold
//! nothing above the width of their type.

use super::{
    float::{from_half, largest_f32, largest_f64, smallest_f32, smallest_f64, to_half, to_integer},
    op::{Compare, Conversion, Float, Integer, Unary, Whole},
    types::Type,
};

#[inline(always)]
pub(super) fn integer(op: Integer, ty: Type, a: u64, b: u64) -> u64 {
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
pub(super) fn mul_add(wide: bool, ty: Type, a: u64, b: u64, c: u64) -> u64 {
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
pub(super) fn float(op: Float, double: bool, a: u64, b: u64) -> u64 {
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
pub(super) fn fma(double: bool, a: u64, b: u64, c: u64) -> u64 {
    if double {
        let (a, b, c) = (f64::from_bits(a), f64::from_bits(b), f64::from_bits(c));
        return a.mul_add(b, c).to_bits();
    }
    u64::from(single(a).mul_add(single(b), single(c)).to_bits())
}

#[inline(always)]
pub(super) fn unary(op: Unary, ty: Type, value: u64) -> u64 {
    let sign = 1 << (ty.bits - 1);
    match (op, ty.is_float()) {
        (Unary::Neg, true) => value ^ sign,
        (Unary::Neg, false) => ty.mask(value.wrapping_neg()),
        (Unary::Abs, _) => value & !sign,
        (Unary::Not, _) => ty.mask(!value),
    }
}

#[inline(always)]
pub(super) fn compare(how: Compare, ty: Type, a: u64, b: u64) -> bool {
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
pub(super) fn insert(ty: Type, from: u64, into: u64, at: u64, count: u64) -> u64 {
    let (at, count) = ((at & 0xFF) as u32, (count & 0xFF) as u32);
    let ones = u64::MAX.checked_shr(64 - count.min(64)).unwrap_or(0);
    let field = ones.checked_shl(at).unwrap_or(0);
    let placed = from.checked_shl(at).unwrap_or(0);
    ty.mask((placed & field) | (into & !field))
}

pub(super) fn convert(how: Conversion, value: u64) -> u64 {
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
