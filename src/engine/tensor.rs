//! A dense, row-major array on the host: what a pipeline hands to an engine and gets back.

use super::cuda::PinnedBytes;
use serde::{Deserialize, Serialize};

/// Element types that a model may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// 32-bit float.
    F32,
    /// 32-bit signed integer.
    I32,
    /// Byte.
    U8,
}

impl DType {
    /// Bytes of one element.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::U8 => 1,
        }
    }
}

/// Elements, by type.
#[derive(Debug)]
pub enum Data {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 32-bit signed integers.
    I32(Vec<i32>),
    /// Bytes.
    U8(Vec<u8>),
    /// Bytes that a GPU has left in memory of its own, lent until this is dropped.
    Pinned(PinnedBytes),
}

/// Shape and elements. Moved along the frame's way, never copied on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

/// The number of elements does not fit the shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("shape {shape:?} holds {expected} elements, not {given}")]
pub struct ShapeMismatch {
    /// The shape asked for.
    pub shape: Vec<usize>,
    /// Elements that it holds.
    pub expected: usize,
    /// Elements given.
    pub given: usize,
}

/// A tensor of another element type was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected:?} elements, found {found:?}")]
pub struct WrongType {
    /// Asked for.
    pub expected: DType,
    /// There.
    pub found: DType,
}

impl Tensor {
    /// Binds elements to a shape.
    ///
    /// # Errors
    /// If their number does not fit.
    pub fn new(shape: Vec<usize>, data: Data) -> Result<Self, ShapeMismatch> {
        let expected = shape.iter().product();
        if data.len() != expected {
            return Err(ShapeMismatch {
                given: data.len(),
                shape,
                expected,
            });
        }
        Ok(Self { shape, data })
    }

    /// Floats in the given shape.
    ///
    /// # Errors
    /// If their number does not fit.
    pub fn f32(shape: Vec<usize>, data: Vec<f32>) -> Result<Self, ShapeMismatch> {
        Self::new(shape, Data::F32(data))
    }

    /// Zeros.
    pub fn zeros(dtype: DType, shape: Vec<usize>) -> Self {
        let n = shape.iter().product();
        let data = match dtype {
            DType::F32 => Data::F32(vec![0.0; n]),
            DType::I32 => Data::I32(vec![0; n]),
            DType::U8 => Data::U8(vec![0; n]),
        };
        Self { shape, data }
    }

    /// Extent of each dimension, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        match self.data {
            Data::F32(_) => DType::F32,
            Data::I32(_) => DType::I32,
            Data::U8(_) | Data::Pinned(_) => DType::U8,
        }
    }

    /// The bytes.
    ///
    /// # Errors
    /// If the elements are not bytes.
    pub fn as_u8(&self) -> Result<&[u8], WrongType> {
        match &self.data {
            Data::U8(v) => Ok(v),
            Data::Pinned(v) => Ok(v),
            _ => Err(WrongType {
                expected: DType::U8,
                found: self.dtype(),
            }),
        }
    }

    /// The elements as they lie in memory.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.data {
            Data::F32(v) => bytemuck::cast_slice(v),
            Data::I32(v) => bytemuck::cast_slice(v),
            Data::U8(v) => v,
            Data::Pinned(v) => v,
        }
    }

    /// The elements.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The floats.
    ///
    /// # Errors
    /// If the elements are not floats.
    pub fn as_f32(&self) -> Result<&[f32], WrongType> {
        match &self.data {
            Data::F32(v) => Ok(v),
            _ => Err(WrongType {
                expected: DType::F32,
                found: self.dtype(),
            }),
        }
    }

    /// Lays tensors that agree in all but the first dimension behind one another.
    ///
    /// # Errors
    /// If they do not agree, or there are none.
    pub fn stack(parts: &[&Tensor]) -> Result<Self, StackError> {
        let first = parts.first().ok_or(StackError)?;
        if parts
            .iter()
            .any(|p| p.shape.get(1..) != first.shape.get(1..) || p.dtype() != first.dtype())
        {
            return Err(StackError);
        }
        let mut shape = first.shape.clone();
        *shape.first_mut().ok_or(StackError)? = parts.iter().map(|p| p.shape[0]).sum();
        let data = match first.data {
            Data::F32(_) => Data::F32(concat(
                parts,
                |d| if let Data::F32(v) = d { v } else { &[] },
            )),
            Data::I32(_) => Data::I32(concat(
                parts,
                |d| if let Data::I32(v) = d { v } else { &[] },
            )),
            Data::U8(_) | Data::Pinned(_) => Data::U8(concat(parts, |d| match d {
                Data::U8(v) => v,
                Data::Pinned(v) => v,
                _ => &[],
            })),
        };
        Ok(Self { shape, data })
    }

    /// Cuts along the first dimension into parts of one; the inverse of [`Tensor::stack`] for a batch.
    pub fn unstack(self) -> Vec<Self> {
        let n = self.shape.first().copied().unwrap_or(0);
        if n == 1 {
            return vec![self];
        }
        let mut shape = self.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = 1;
        }
        let each: usize = shape.iter().product();
        (0..n)
            .map(|i| {
                let span = i * each..(i + 1) * each;
                let data = match &self.data {
                    Data::F32(v) => Data::F32(v[span].to_vec()),
                    Data::I32(v) => Data::I32(v[span].to_vec()),
                    Data::U8(v) => Data::U8(v[span].to_vec()),
                    Data::Pinned(v) => Data::U8(v[span].to_vec()),
                };
                Self {
                    shape: shape.clone(),
                    data,
                }
            })
            .collect()
    }
}

/// Tensors of different shapes or types, or none, cannot be laid behind one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only tensors of one type that agree in all but their first dimension form a batch")]
pub struct StackError;

fn concat<'a, T: Copy + 'a>(
    parts: &[&'a Tensor],
    elements: impl Fn(&'a Data) -> &'a [T],
) -> Vec<T> {
    let mut all = Vec::with_capacity(parts.iter().map(|p| p.data.len()).sum());
    parts
        .iter()
        .for_each(|p| all.extend_from_slice(elements(&p.data)));
    all
}

impl Data {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::U8(v) => v.len(),
            Self::Pinned(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A copy owns its elements.
impl Clone for Data {
    fn clone(&self) -> Self {
        match self {
            Self::F32(v) => Self::F32(v.clone()),
            Self::I32(v) => Self::I32(v.clone()),
            Self::U8(v) => Self::U8(v.clone()),
            Self::Pinned(v) => Self::U8(v.to_vec()),
        }
    }
}

/// Bytes are bytes, wherever they lie.
impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::F32(a), Self::F32(b)) => a == b,
            (Self::I32(a), Self::I32(b)) => a == b,
            (Self::U8(a), Self::U8(b)) => a == b,
            (Self::Pinned(a), Self::Pinned(b)) => **a == **b,
            (Self::Pinned(a), Self::U8(b)) | (Self::U8(b), Self::Pinned(a)) => **a == **b,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_must_fit_the_shape() {
        let e = Tensor::f32(vec![2, 3], vec![0.0; 5]).unwrap_err();
        assert_eq!(e.to_string(), "shape [2, 3] holds 6 elements, not 5");
    }

    #[test]
    fn a_batch_taken_apart_is_what_was_put_together() {
        let a = Tensor::f32(vec![1, 2], vec![1.0, 2.0]).unwrap();
        let b = Tensor::f32(vec![1, 2], vec![3.0, 4.0]).unwrap();
        let both = Tensor::stack(&[&a, &b]).unwrap();
        assert_eq!(both.shape(), [2, 2]);
        assert_eq!(both.unstack(), [a, b]);
    }

    #[test]
    fn unlike_tensors_form_no_batch() {
        let a = Tensor::zeros(DType::F32, vec![1, 2]);
        assert_eq!(
            Tensor::stack(&[&a, &Tensor::zeros(DType::F32, vec![1, 3])]),
            Err(StackError)
        );
        assert_eq!(
            Tensor::stack(&[&a, &Tensor::zeros(DType::U8, vec![1, 2])]),
            Err(StackError)
        );
        assert_eq!(Tensor::stack(&[]), Err(StackError));
    }
}
