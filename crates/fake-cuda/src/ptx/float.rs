//! What Rust's floats do not do by themselves: halves, PTX's extremes, and integers of any width.
//!
//! Invariant: the results are those that the manual of the ISA defines, with not-a-number as one fixed value.

use super::types::Type;

/// The nearest half, ties to even.
pub(super) fn to_half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    if value.is_nan() {
        return 0x7FFF;
    }
    // 65,520 lies half way between the largest half and the next power of two, and goes up.
    if value.abs() >= 65_520.0 {
        return sign | 0x7C00;
    }
    let magnitude = f64::from(value.abs());
    // Halves are multiples of 2^-24 below 2^-14, and have 11 significant bits from there on.
    let exponent = ((bits >> 23 & 0xFF) as i32 - 127).max(-14);
    let units = (magnitude * 2f64.powi(10 - exponent)).round_ties_even() as u32;
    // 1024 units are the implicit bit, which the exponent field counts; 2048 of them carry into it by themselves.
    let field = ((exponent + 14) as u32) << 10;
    sign | (field + units) as u16
}

/// A half as a float, exactly.
pub(super) fn from_half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f32::from(bits & 0x3FF);
    match i32::from(bits >> 10 & 0x1F) {
        0x1F if fraction != 0.0 => f32::NAN,
        0x1F => sign * f32::INFINITY,
        0 => sign * fraction * 2f32.powi(-24),
        exponent => sign * (1024.0 + fraction) * 2f32.powi(exponent - 25),
    }
}

/// A whole number as an integer of this type, at its bounds where it is outside; not-a-number is 0.
pub(super) fn to_integer(value: f64, to: Type) -> u64 {
    let bits = u32::from(to.bits);
    let whole = match to.is_signed() {
        true => {
            let most = i64::MAX >> (64 - bits);
            (value as i64).clamp(-most - 1, most) as u64
        }
        false => (value as u64).min(u64::MAX >> (64 - bits)),
    };
    to.mask(whole)
}

macro_rules! extremes {
    ($largest:ident, $smallest:ident, $float:ty) => {
        /// The larger; the other one of not-a-number, and +0 over −0.
        pub(super) fn $largest(a: $float, b: $float) -> $float {
            if a.is_nan() || (a == b && b.is_sign_positive()) || b > a {
                return b;
            }
            a
        }

        /// The smaller; the other one of not-a-number, and −0 under +0.
        pub(super) fn $smallest(a: $float, b: $float) -> $float {
            if a.is_nan() || (a == b && b.is_sign_negative()) || b < a {
                return b;
            }
            a
        }
    };
}

extremes!(largest_f32, smallest_f32, f32);
extremes!(largest_f64, smallest_f64, f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_survives_the_way_to_a_float_and_back() {
        for bits in 0..=u16::MAX {
            let value = from_half(bits);
            let same = if value.is_nan() { 0x7FFF } else { bits };
            assert_eq!(to_half(value), same, "{bits:#x}");
        }
    }

    #[test]
    fn between_two_halves_the_nearer_is_taken_and_the_even_one_of_equals() {
        for bits in 0..0x7BFF_u16 {
            let (low, high) = (from_half(bits), from_half(bits + 1));
            let middle = (low + high) / 2.0;
            assert_eq!(to_half(middle), bits + bits % 2, "{bits:#x}");
            assert_eq!(to_half(middle.next_down()), bits);
            assert_eq!(to_half(-middle.next_up()), 0x8000 | (bits + 1));
        }
    }

    #[test]
    fn what_is_too_large_for_a_half_is_infinite() {
        assert_eq!(to_half(65_520.0), 0x7C00);
        assert_eq!(to_half(-1e30), 0xFC00);
        assert_eq!(to_half(65_519.99), 0x7BFF);
    }

    #[test]
    fn an_integer_stays_at_its_bounds_and_is_zero_for_no_number() {
        let s32 = Type::named("s32").unwrap();
        let u8 = Type::named("u8").unwrap();
        assert_eq!(to_integer(-3e9, s32), 0x8000_0000);
        assert_eq!(to_integer(3e9, s32), 0x7FFF_FFFF);
        assert_eq!(to_integer(-1.0, u8), 0);
        assert_eq!(to_integer(256.0, u8), 255);
        assert_eq!(to_integer(f64::NAN, s32), 0);
    }

    #[test]
    fn extremes_pass_over_what_is_no_number_and_order_zeros_by_sign() {
        assert_eq!(largest_f32(f32::NAN, 1.0), 1.0);
        assert_eq!(smallest_f32(2.0, f32::NAN), 2.0);
        for (a, b) in [(0.0, -0.0), (-0.0, 0.0)] {
            assert!(largest_f32(a, b).is_sign_positive());
            assert!(smallest_f64(a.into(), b.into()).is_sign_negative());
        }
    }
}
