//! The extents of a tensor, laid out as the libraries pass them.
//!
//! Invariant: a value that leaves this crate has a rank from 0 to [`Dims::MOST`].

use std::fmt;

/// Extents in the tensor's own order; -1 stands for one that is not fixed.
///
/// The libraries' `Dims64`: a rank and eight extents, 72 bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Dims {
    rank: i32,
    extents: [i64; Self::MOST],
}

/// A shape has more extents than the libraries can hold ([`Dims::MOST`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} dimensions; TensorRT takes {most} at most", most = Dims::MOST)]
pub struct TooManyDims(pub usize);

// === impl Dims ===

impl Dims {
    /// The most extents (`Dims64::MAX_DIMS`).
    pub const MOST: usize = 8;

    /// Of these extents.
    ///
    /// # Errors
    /// There are more than [`Dims::MOST`].
    pub fn new(extents: &[i64]) -> Result<Self, TooManyDims> {
        let mut all = [0; Self::MOST];
        let head = all.get_mut(..extents.len());
        head.ok_or(TooManyDims(extents.len()))?
            .copy_from_slice(extents);
        Ok(Self {
            rank: i32::try_from(extents.len()).expect("eight fit"),
            extents: all,
        })
    }

    /// The extents, outermost first.
    #[must_use]
    pub fn as_slice(&self) -> &[i64] {
        let rank = usize::try_from(self.rank).unwrap_or(0);
        &self.extents[..rank.min(Self::MOST)]
    }

    /// How many elements; `None` while an extent is not fixed, or if there are more than can be counted.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        self.as_slice()
            .iter()
            .try_fold(1_usize, |product, &extent| {
                product.checked_mul(usize::try_from(extent).ok()?)
            })
    }

    /// What a library gave, unless its rank says that it means an error (-1) or nonsense.
    pub(crate) fn checked(self) -> Option<Self> {
        let rank = usize::try_from(self.rank).ok()?;
        (rank <= Self::MOST).then_some(self)
    }
}

impl TryFrom<&[i64]> for Dims {
    type Error = TooManyDims;

    fn try_from(extents: &[i64]) -> Result<Self, TooManyDims> {
        Self::new(extents)
    }
}

impl PartialEq for Dims {
    /// Extents past the rank are rubbish.
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Dims {}

impl fmt::Debug for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl fmt::Display for Dims {
    /// As `1x3x-1x512`; a scalar as `scalar`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.as_slice().is_empty() {
            return f.write_str("scalar");
        }
        for (at, extent) in self.as_slice().iter().enumerate() {
            let cross = if at == 0 { "" } else { "x" };
            write!(f, "{cross}{extent}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dims_are_laid_out_as_the_libraries_pass_them() {
        assert_eq!(size_of::<Dims>(), 72);
        assert_eq!(std::mem::offset_of!(Dims, extents), 8);
    }

    #[test]
    fn nine_extents_are_refused() {
        assert_eq!(Dims::new(&[1; 9]), Err(TooManyDims(9)));
        assert!(Dims::new(&[1; 8]).is_ok());
    }

    #[test]
    fn elements_are_counted_only_when_every_extent_is_fixed() {
        let count = |extents: &[i64]| Dims::new(extents).unwrap().elements();
        assert_eq!(count(&[2, 3, 4]), Some(24));
        assert_eq!(count(&[]), Some(1));
        assert_eq!(count(&[-1, 4]), None);
        assert_eq!(count(&[i64::MAX, i64::MAX]), None);
    }

    #[test]
    fn a_rank_that_means_an_error_is_no_shape() {
        let with = |rank| Dims {
            rank,
            extents: [1; Dims::MOST],
        };
        assert_eq!(with(-1).checked(), None);
        assert_eq!(with(9).checked(), None);
        assert_eq!(with(8).checked(), Some(with(8)));
    }

    #[test]
    fn a_shape_is_written_with_crosses() {
        assert_eq!(Dims::new(&[1, -1, 8]).unwrap().to_string(), "1x-1x8");
        assert_eq!(Dims::new(&[]).unwrap().to_string(), "scalar");
    }
}
