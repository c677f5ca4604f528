//! The types of PTX: what `.s32` and the like say.
//!
//! Invariant: a value in a register is held as its bits, zero above its width.

/// How bits are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bits,
    Unsigned,
    Signed,
    Float,
    Predicate,
}

/// A type: how bits are read, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub kind: Kind,
    pub bits: u8,
}

impl Type {
    /// The type that a name such as `s32` stands for.
    pub fn named(name: &str) -> Option<Self> {
        if name == "pred" {
            return Some(Self {
                kind: Kind::Predicate,
                bits: 1,
            });
        }
        let kind = match name.chars().next()? {
            'b' => Kind::Bits,
            'u' => Kind::Unsigned,
            's' => Kind::Signed,
            'f' => Kind::Float,
            _ => return None,
        };
        let bits: u8 = name[1..].parse().ok()?;
        let least = if kind == Kind::Float { 16 } else { 8 };
        (bits.is_power_of_two() && (least..=64).contains(&bits)).then_some(Self { kind, bits })
    }

    pub fn bytes(self) -> usize {
        usize::from(self.bits) / 8
    }

    pub fn is_float(self) -> bool {
        self.kind == Kind::Float
    }

    pub fn is_signed(self) -> bool {
        self.kind == Kind::Signed
    }

    /// Bits, unsigned or signed.
    pub fn is_integer(self) -> bool {
        matches!(self.kind, Kind::Bits | Kind::Unsigned | Kind::Signed)
    }

    /// Nothing above the width.
    pub fn mask(self, value: u64) -> u64 {
        value & (u64::MAX >> (64 - self.bits))
    }

    /// The value with its sign, or zeros, up to 64 bits.
    pub fn widened(self, value: u64) -> u64 {
        let above = 64 - self.bits;
        match self.is_signed() {
            true => ((value << above) as i64 >> above) as u64,
            false => self.mask(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_types_are_none() {
        for name in ["", "f8", "s7", "u128", "x32", "tof", "é"] {
            assert_eq!(Type::named(name), None, "{name}");
        }
    }

    #[test]
    fn a_signed_value_keeps_its_sign_when_widened() {
        let widened = |name| Type::named(name).unwrap().widened(0x80);
        assert_eq!((widened("s8"), widened("u8")), (-128_i64 as u64, 0x80));
    }
}
