//! What an ONNX file says of its inputs: their names and extents, and nothing else.
//!
//! A builder must be told shapes for the extents that are free, and takes none for a graph without any. The runtimes would
//! tell, but they read files of gigabytes for it, and only those whose operators they know. Invariant: whatever the bytes
//! are, reading them ends, and what is not understood is `None`.

use super::profile::{Profile, Profiles};
use std::fmt;

/// An input of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name in the file.
    pub name: String,
    /// Its extents; `None` is free. No shape at all is as good as a free one.
    pub shape: Option<Vec<Option<usize>>>,
}

impl Input {
    /// Whether a builder must be told its shape.
    pub fn is_free(&self) -> bool {
        self.shape
            .as_ref()
            .is_none_or(|shape| shape.iter().any(Option::is_none))
    }

    /// Whether every shape of a profile is one of its own.
    fn takes(&self, profile: &Profile) -> bool {
        let Some(shape) = &self.shape else {
            return true;
        };
        let ends = profile.min.iter().zip(&profile.max);
        let fits = |(extent, (min, max)): (&Option<usize>, (&usize, &usize))| {
            extent.is_none_or(|n| n == *min && n == *max)
        };
        shape.len() == profile.min.len() && shape.iter().zip(ends).all(fits)
    }
}

/// Its shape, as `?x3x64x64`.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extent = |extent: &Option<usize>| extent.map_or("?".to_owned(), |n| n.to_string());
        let extents = self.shape.iter().flatten().map(extent);
        f.write_str(&extents.collect::<Vec<_>>().join("x"))
    }
}

/// The inputs that a builder must be told shapes for, of those that `wanted` has.
///
/// # Errors
/// If the file does not take all that is wanted: which input, and what it takes.
pub fn free(inputs: &[Input], wanted: &Profiles) -> Result<Vec<String>, String> {
    let mut free = Vec::new();
    for (name, wanted) in &wanted.0 {
        let found = inputs.iter().find(|input| input.name == *name);
        let input = found.ok_or_else(|| format!("the file has no input `{name}`"))?;
        if !input.takes(wanted) {
            return Err(format!(
                "the file takes `{name}` as {input} only, and model.toml asks for {wanted}"
            ));
        }
        if input.is_free() {
            free.push(name.clone());
        }
    }
    Ok(free)
}

/// The inputs of an ONNX file; `None` if it is no such file.
///
/// The numbers are those of `onnx.proto3`: `ModelProto.graph` 7, `GraphProto.input` 11, `ValueInfoProto.name` 1 and `.type`
/// 2, `TypeProto.tensor_type` 1, `Tensor.shape` 2, `TensorShapeProto.dim` 1, `Dimension.dim_value` 1.
pub fn inputs(onnx: &[u8]) -> Option<Vec<Input>> {
    let graph = message(onnx, 7)?;
    let mut inputs = Vec::new();
    for field in Fields(graph) {
        if let (11, Value::Bytes(info)) = field? {
            inputs.push(input(info)?);
        }
    }
    (!inputs.is_empty()).then_some(inputs)
}

fn input(info: &[u8]) -> Option<Input> {
    let name = String::from_utf8(message(info, 1)?.to_vec()).ok()?;
    let tensor = message(info, 2).and_then(|kind| message(kind, 1));
    let shape = tensor.and_then(|tensor| message(tensor, 2)).map(extents);
    Some(Input {
        name,
        shape: match shape {
            Some(None) => return None,
            Some(Some(extents)) => Some(extents),
            None => None,
        },
    })
}

fn extents(shape: &[u8]) -> Option<Vec<Option<usize>>> {
    let mut extents = Vec::new();
    for field in Fields(shape) {
        if let (1, Value::Bytes(dim)) = field? {
            let mut values = Fields(dim).map_while(|field| field);
            extents.push(values.find_map(|field| match field {
                (1, Value::Number(n)) => usize::try_from(n).ok().filter(|n| *n > 0),
                _ => None,
            }));
        }
    }
    Some(extents)
}

/// The first field of this number that holds bytes.
fn message(bytes: &[u8], number: u64) -> Option<&[u8]> {
    Fields(bytes)
        .map_while(|field| field)
        .find_map(|field| match field {
            (n, Value::Bytes(bytes)) if n == number => Some(bytes),
            _ => None,
        })
}

/// The fields of a protobuf message; `None` where it cannot be read, and then no more.
struct Fields<'a>(&'a [u8]);

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Seven bits a byte, the lowest first, at most ten bytes.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for at in 0..10 {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Repository;
    use proptest::prelude::*;

    fn of(model: &str) -> Vec<Input> {
        let repository = Repository::open(None);
        let bytes = repository.get(model).unwrap().read().unwrap();
        inputs(&bytes).unwrap()
    }

    #[test]
    fn the_built_in_models_tell_their_names_and_what_is_free() {
        let world = of("world-box");
        let names: Vec<_> = world.iter().map(|input| input.name.as_str()).collect();
        assert_eq!(names, ["image", "pose", "scene"]);
        let image = Some(vec![None, Some(3), None, None]);
        assert_eq!(world[0].shape, image);
        assert!(world.iter().all(Input::is_free));
        let pose = of("fencer-keypoints");
        assert_eq!(
            pose[0].shape,
            Some(vec![None, Some(3), Some(144), Some(256)])
        );
    }

    #[test]
    fn a_graph_of_fixed_extents_has_nothing_free() {
        let field = |number: u8, content: &[u8]| {
            [&[number << 3 | 2, content.len() as u8], content].concat()
        };
        let dims = [1, 3].map(|n| field(1, &[1 << 3, n])).concat();
        let tensor = [vec![1 << 3, 1], field(2, &dims)].concat();
        let info = [field(1, b"x"), field(2, &field(1, &tensor))].concat();
        let model = [vec![1 << 3, 8], field(7, &field(11, &info))].concat();
        let inputs = inputs(&model).unwrap();
        assert_eq!(inputs[0].shape, Some(vec![Some(1), Some(3)]));
        assert!(!inputs[0].is_free());
    }

    fn wanted(model: &str) -> Profiles {
        let repository = Repository::open(None);
        Profiles::of(&repository.get(model).unwrap().manifest)
    }

    #[test]
    fn a_builder_is_told_of_the_free_inputs_alone() {
        let mut inputs = of("world-box");
        let all = ["image", "pose", "scene"];
        assert_eq!(free(&inputs, &wanted("world-box")).unwrap(), all);
        inputs[2].shape = Some(vec![Some(8), Some(4)]);
        let refused = free(&inputs, &wanted("world-box")).unwrap_err();
        let told = "the file takes `scene` as 8x4 only, and model.toml asks for 1x4 to 8x4";
        assert_eq!(refused, told);
        let mut fixed = wanted("world-box");
        fixed.0.get_mut("scene").unwrap().min = vec![8, 4];
        assert_eq!(free(&inputs, &fixed).unwrap(), ["image", "pose"]);
    }

    #[test]
    fn an_input_that_the_file_lacks_is_told() {
        let refused = free(&of("fencer-keypoints"), &wanted("world-box")).unwrap_err();
        assert_eq!(refused, "the file has no input `image`");
    }

    #[test]
    fn what_is_no_graph_tells_nothing() {
        assert_eq!(inputs(b""), None);
        assert_eq!(inputs(b"no graph at all"), None);
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_are_reading_them_ends(bytes: Vec<u8>, cut in 0_usize..4096, at: u8) {
            let _ = inputs(&bytes);
            let repository = Repository::open(None);
            let mut model = repository.get("world-box").unwrap().read().unwrap().into_owned();
            model.truncate(cut);
            if let Some(byte) = model.last_mut() {
                *byte ^= at;
            }
            let _ = inputs(&model);
        }
    }
}
