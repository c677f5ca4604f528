//! Our plans: a text that a test writes, in the place of the vendor's.
//!
//! ```text
//! fake-plan 10.13
//! input  frame f32 1 3 -1 -1
//! input  sizes i64 host 2
//! output image f32 format=8 1 3 -1 -1
//! profile frame 1x3x64x64 1x3x512x512 1x3x1024x1024
//! memory 4096
//! aux    2
//! op copy frame image
//! op part frame 0 3 sizes 1
//! ```
//!
//! The first line names the library's major and minor version. Each line that names a profile belongs to the profile that
//! has no shapes of that input yet. `part` copies, in each item of the batch, so many elements from one place to another. An
//! output's -1 becomes what its operation's input has there.
//! Invariant: in a plan that was read, operations name tensors that exist and have one type.

use crate::version::Version;
use std::ffi::{CStr, CString};

/// Extents, as the vendor lays them out.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Extents {
    pub(crate) rank: i32,
    pub(crate) each: [i64; 8],
}

/// An input or output.
pub(crate) struct Tensor {
    pub(crate) name: CString,
    pub(crate) input: bool,
    pub(crate) dtype: DType,
    pub(crate) host: bool,
    pub(crate) format: i32,
    pub(crate) shape: Extents,
}

/// A type by the vendor's number, and its size in bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct DType {
    pub(crate) number: i32,
    pub(crate) bytes: usize,
}

/// The shapes that one profile allows: for each input that it names, smallest, best, largest.
#[derive(Default)]
pub(crate) struct Profile(Vec<(usize, [Extents; 3])>);

/// Copies one tensor into another; both by their place in [`Plan::tensors`].
pub(crate) struct Copy {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// Copies elements of each item: from a place of one tensor to a place of another.
pub(crate) struct Part {
    pub(crate) from: (usize, usize),
    pub(crate) count: usize,
    pub(crate) to: (usize, usize),
}

/// What was read.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) profiles: Vec<Profile>,
    pub(crate) memory: i64,
    pub(crate) aux: i32,
    pub(crate) copies: Vec<Copy>,
    pub(crate) parts: Vec<Part>,
}

type Words<'a> = std::str::SplitAsciiWhitespace<'a>;

// === impl Plan ===

impl Plan {
    /// Reads a plan for the library of that version; otherwise says why not.
    pub(crate) fn read(bytes: &[u8], own: Version) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "this is no plan".to_owned())?;
        let mut lines = text.lines().enumerate();
        let head = lines.next().map_or("", |(_, line)| line);
        let version = head.strip_prefix("fake-plan ").ok_or("this is no plan")?;
        if version.trim() != own.of_plans() {
            let own = own.of_plans();
            return Err(format!(
                "the plan was built by {version}, and this is {own}"
            ));
        }
        let mut plan = Self::default();
        for (at, line) in lines {
            let read = plan.line(line);
            read.map_err(|why| format!("line {} of the plan: {why}", at + 1))?;
        }
        Ok(plan)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            None => {}
            Some("input") => self.tensors.push(Tensor::read(true, words)?),
            Some("output") => self.tensors.push(Tensor::read(false, words)?),
            Some("profile") => self.profile(words)?,
            Some("memory") => self.memory = number(words.next())?,
            Some("aux") => self.aux = number(words.next())?,
            Some("op") => self.operation(words)?,
            Some(other) => return Err(format!("{other} means nothing")),
        }
        Ok(())
    }

    fn profile(&mut self, mut words: Words<'_>) -> Result<(), String> {
        let tensor = self.named(words.next())?;
        let mut shape = || words.next().ok_or("a shape is missing")?.parse();
        let shapes = [shape()?, shape()?, shape()?];
        let free = |profile: &&mut Profile| profile.of(tensor).is_none();
        match self.profiles.iter_mut().find(free) {
            Some(profile) => profile.0.push((tensor, shapes)),
            None => self.profiles.push(Profile(vec![(tensor, shapes)])),
        }
        Ok(())
    }

    fn operation(&mut self, mut words: Words<'_>) -> Result<(), String> {
        match words.next() {
            Some("copy") => {
                let (from, to) = (self.named(words.next())?, self.named(words.next())?);
                self.alike(from, to)?;
                self.copies.push(Copy { from, to });
            }
            Some("part") => {
                let from = (self.named(words.next())?, number(words.next())?);
                let count = number(words.next())?;
                let to = (self.named(words.next())?, number(words.next())?);
                self.alike(from.0, to.0)?;
                self.parts.push(Part { from, count, to });
            }
            _ => return Err("the operations are copy and part".into()),
        }
        Ok(())
    }

    /// Operations go from an input to an output of its type.
    fn alike(&self, from: usize, to: usize) -> Result<(), String> {
        let (source, target) = (&self.tensors[from], &self.tensors[to]);
        match source.input && !target.input && source.dtype == target.dtype {
            true => Ok(()),
            false => Err("an operation takes an input and an output of one type".into()),
        }
    }

    fn named(&self, name: Option<&str>) -> Result<usize, String> {
        let name = name.ok_or("a name is missing")?;
        let found = self
            .tensors
            .iter()
            .position(|tensor| tensor.name.as_bytes() == name.as_bytes());
        found.ok_or_else(|| format!("there is no {name}"))
    }

    /// The place of the tensor of that name.
    pub(crate) fn find(&self, name: &CStr) -> Option<usize> {
        self.tensors
            .iter()
            .position(|tensor| tensor.name.as_c_str() == name)
    }
}

// === impl Profile ===

impl Profile {
    /// What is allowed for a tensor, if this profile names it.
    pub(crate) fn of(&self, tensor: usize) -> Option<&[Extents; 3]> {
        let named = self.0.iter().find(|(named, _)| *named == tensor);
        named.map(|(_, shapes)| shapes)
    }
}

// === impl Tensor ===

impl Tensor {
    fn read(input: bool, mut words: Words<'_>) -> Result<Self, String> {
        let name = words.next().ok_or("a name is missing")?;
        let mut tensor = Self {
            name: CString::new(name).map_err(|_| "a name has a zero byte")?,
            input,
            dtype: DType::read(words.next().ok_or("a type is missing")?)?,
            host: false,
            format: 0,
            shape: Extents::default(),
        };
        let mut extents = Vec::new();
        for word in words {
            match word.strip_prefix("format=") {
                Some(format) => tensor.format = number(Some(format))?,
                None if word == "host" => tensor.host = true,
                None => extents.push(number(Some(word))?),
            }
        }
        tensor.shape = Extents::new(&extents)?;
        Ok(tensor)
    }
}

// === impl DType ===

impl DType {
    fn read(word: &str) -> Result<Self, String> {
        let (number, bytes) = match word {
            "f32" => (0, 4),
            "f16" => (1, 2),
            "i8" => (2, 1),
            "i32" => (3, 4),
            "bool" => (4, 1),
            "u8" => (5, 1),
            "f8" => (6, 1),
            "bf16" => (7, 2),
            "i64" => (8, 8),
            other => return Err(format!("{other} is no type")),
        };
        Ok(Self { number, bytes })
    }
}

// === impl Extents ===

impl Default for Extents {
    /// A scalar's.
    fn default() -> Self {
        Self {
            rank: 0,
            each: [0; 8],
        }
    }
}

impl Extents {
    /// What stands for an error.
    pub(crate) const NONE: Self = Self {
        rank: -1,
        each: [0; 8],
    };

    fn new(extents: &[i64]) -> Result<Self, String> {
        let mut each = [0; 8];
        let head = each
            .get_mut(..extents.len())
            .ok_or("more than eight extents")?;
        head.copy_from_slice(extents);
        Ok(Self {
            rank: extents.len() as i32,
            each,
        })
    }

    pub(crate) fn as_slice(&self) -> &[i64] {
        self.each.get(..self.rank.max(0) as usize).unwrap_or(&[])
    }

    /// Every extent is known.
    pub(crate) fn fixed(&self) -> bool {
        self.as_slice().iter().all(|extent| *extent >= 0)
    }

    /// Could be one of `self`, whose -1 stand for anything.
    pub(crate) fn admits(&self, other: &Self) -> bool {
        let pairs = self.as_slice().iter().zip(other.as_slice());
        self.rank == other.rank && pairs.clone().all(|(own, other)| *own == -1 || own == other)
    }

    /// Nowhere larger than `other`.
    pub(crate) fn within(&self, other: &Self) -> bool {
        let pairs = self.as_slice().iter().zip(other.as_slice());
        self.rank == other.rank && pairs.clone().all(|(own, other)| own <= other)
    }

    /// With what `other` has in the place of each -1.
    pub(crate) fn filled(mut self, other: &Self) -> Self {
        if self.rank == other.rank {
            let pairs = self.each.iter_mut().zip(other.each);
            pairs
                .filter(|(own, _)| **own == -1)
                .for_each(|(own, other)| *own = other);
        }
        self
    }

    /// How many elements, once every extent is known.
    pub(crate) fn elements(&self) -> usize {
        self.as_slice()
            .iter()
            .map(|extent| *extent as usize)
            .product()
    }
}

impl std::str::FromStr for Extents {
    type Err = String;

    /// As `1x3x64x64`.
    fn from_str(text: &str) -> Result<Self, String> {
        let extents: Result<Vec<i64>, String> =
            text.split('x').map(|word| number(Some(word))).collect();
        Self::new(&extents?)
    }
}

impl std::fmt::Display for Extents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<String> = self.as_slice().iter().map(ToString::to_string).collect();
        f.write_str(&words.join("x"))
    }
}

fn number<N: std::str::FromStr>(word: Option<&str>) -> Result<N, String> {
    let word = word.ok_or("a number is missing")?;
    word.parse().map_err(|_| format!("{word} is no number"))
}
