//! What an engine says of its inputs and outputs.
//!
//! The libraries' numbers become names; one that is not known here is kept, for a later version may know more.

use crate::dims::Dims;

/// An input or output of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// As the plan names it.
    pub name: String,
    /// Which way it goes.
    pub mode: Mode,
    /// What its elements are.
    pub dtype: DType,
    /// Where the engine wants it.
    pub location: Location,
    /// How it lies in memory, for the first profile.
    pub format: Format,
    /// Its extents; -1 for each that a context has yet to fix.
    pub shape: Dims,
}

/// One end of what a profile allows (`OptProfileSelector`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The smallest shape.
    Min = 0,
    /// That for which kernels were chosen.
    Opt = 1,
    /// The largest shape.
    Max = 2,
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$each])* $variant,)*
            /// A number that is not known here.
            Other(i32),
        }

        impl From<i32> for $name {
            fn from(number: i32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    other => Self::Other(other),
                }
            }
        }
    };
}

numbered! {
    /// Which way a tensor goes (`TensorIOMode`).
    Mode {
        /// Neither: no tensor of that name.
        None = 0,
        /// Into the engine.
        Input = 1,
        /// Out of it.
        Output = 2,
    }
}

numbered! {
    /// Where an engine wants a tensor (`TensorLocation`).
    Location {
        /// In the device's memory.
        Device = 0,
        /// In the host's: what shapes depend on.
        Host = 1,
    }
}

numbered! {
    /// What a tensor's elements are (`DataType`).
    DType {
        /// 32-bit floating point.
        F32 = 0,
        /// 16-bit floating point, of IEEE 754.
        F16 = 1,
        /// Signed 8-bit, quantised.
        I8 = 2,
        /// Signed 32-bit.
        I32 = 3,
        /// A byte that is 0 or 1.
        Bool = 4,
        /// Unsigned 8-bit.
        U8 = 5,
        /// 8-bit floating point, E4M3.
        F8 = 6,
        /// 16-bit floating point with an 8-bit exponent.
        Bf16 = 7,
        /// Signed 64-bit.
        I64 = 8,
        /// Signed 4-bit, two a byte.
        I4 = 9,
        /// 4-bit floating point, two a byte.
        F4 = 10,
        /// An 8-bit exponent: a scale.
        E8M0 = 11,
    }
}

numbered! {
    /// How a tensor lies in memory (`TensorFormat`).
    Format {
        /// Rows one after the other, the last extent closest.
        Linear = 0,
        /// Channels in pairs.
        Chw2 = 1,
        /// Channels closest, in eights.
        Hwc8 = 2,
        /// Channels in fours.
        Chw4 = 3,
        /// Channels in sixteens.
        Chw16 = 4,
        /// Channels in thirty-twos.
        Chw32 = 5,
        /// Of volumes, channels closest, in eights.
        Dhwc8 = 6,
        /// Of volumes, channels in thirty-twos.
        Cdhw32 = 7,
        /// Channels closest.
        Hwc = 8,
        /// For the embedded accelerator.
        DlaLinear = 9,
        /// For the embedded accelerator, channels closest in fours.
        DlaHwc4 = 10,
        /// Channels closest, in sixteens.
        Hwc16 = 11,
        /// Of volumes, channels closest.
        Dhwc = 12,
    }
}

// === impl DType ===

impl DType {
    /// How many bits an element has; `None` if the type is not known here.
    #[must_use]
    pub fn bits(self) -> Option<usize> {
        Some(match self {
            Self::I64 => 64,
            Self::F32 | Self::I32 => 32,
            Self::F16 | Self::Bf16 => 16,
            Self::I8 | Self::U8 | Self::Bool | Self::F8 | Self::E8M0 => 8,
            Self::I4 | Self::F4 => 4,
            Self::Other(_) => return None,
        })
    }
}

// === impl TensorInfo ===

impl TensorInfo {
    /// Bytes of a tensor of this type in `shape`, lying as [`Format::Linear`]; `None` while an extent is not fixed, or if
    /// the type is not known.
    #[must_use]
    pub fn linear_bytes(&self, shape: &Dims) -> Option<usize> {
        let bits = shape.elements()?.checked_mul(self.dtype.bits()?)?;
        Some(bits.div_ceil(8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_not_known_is_kept() {
        assert_eq!(DType::from(7), DType::Bf16);
        assert_eq!(DType::from(99), DType::Other(99));
        assert_eq!(DType::Other(99).bits(), None);
    }

    #[test]
    fn bytes_follow_from_type_and_shape_once_every_extent_is_fixed() {
        let info = |dtype, shape: &[i64]| TensorInfo {
            name: "x".into(),
            mode: Mode::Input,
            dtype,
            location: Location::Device,
            format: Format::Linear,
            shape: Dims::new(shape).unwrap(),
        };
        let bytes = |info: TensorInfo| info.linear_bytes(&info.shape);
        assert_eq!(bytes(info(DType::F16, &[2, 3])), Some(12));
        assert_eq!(bytes(info(DType::I4, &[3])), Some(2));
        assert_eq!(bytes(info(DType::F32, &[-1, 3])), None);
    }
}
