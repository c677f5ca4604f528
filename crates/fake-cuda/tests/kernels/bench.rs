//! A bench for kernels: device memory, a program, and launches that cover a number of threads.

use fake_cuda::{
    ptx::{Launch, Program, Trap, parse},
    space::{Owner, Space},
};
use std::{fs, path::Path};

/// Files of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// One argument of a kernel, as its bytes.
pub trait Argument {
    fn bytes(&self) -> Vec<u8>;
}

macro_rules! arguments {
    ($($of:ty)*) => { $(impl Argument for $of {
        fn bytes(&self) -> Vec<u8> {
            self.to_le_bytes().to_vec()
        }
    })* };
}

arguments!(u64 i32 f32);

/// A device with one program.
pub struct Bench {
    pub space: Space,
    program: Program,
    variables: Vec<u64>,
}

impl Bench {
    /// The committed PTX of this name.
    pub fn of(name: &str) -> Self {
        let path = repository().join(format!("src/engine/cuda/kernels/{name}.ptx"));
        let program = parse(&fs::read_to_string(path).unwrap()).unwrap();
        let mut space = Space::new(0, 1 << 30);
        let mut place = |bytes: &[u8]| {
            let address = space.allocate(bytes.len(), Owner::Module).unwrap();
            space.put(address, bytes).unwrap();
            address
        };
        let variables = program.variables.iter().map(|v| place(&v.bytes)).collect();
        Self {
            space,
            program,
            variables,
        }
    }

    /// Memory of a number of bytes.
    pub fn room(&mut self, bytes: usize) -> u64 {
        self.space.allocate(bytes, Owner::Caller).unwrap()
    }

    /// Memory that holds these bytes.
    pub fn upload(&mut self, bytes: &[u8]) -> u64 {
        let address = self.room(bytes.len());
        self.space.put(address, bytes).unwrap();
        address
    }

    /// Memory that holds these floats.
    pub fn upload_floats(&mut self, values: &[f32]) -> u64 {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.upload(&bytes)
    }

    pub fn floats(&self, address: u64, count: usize) -> Vec<f32> {
        let bytes = self.space.get(address, count * 4).unwrap();
        let floats = bytes.as_chunks().0.iter();
        floats.map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    /// Runs a kernel with at least one thread for each point of `cover`.
    pub fn run(&mut self, name: &str, block: [u32; 3], cover: [u32; 3], with: &[&dyn Argument]) {
        self.try_run(name, block, cover, with).unwrap();
    }

    pub fn try_run(
        &mut self,
        name: &str,
        block: [u32; 3],
        cover: [u32; 3],
        arguments: &[&dyn Argument],
    ) -> Result<(), Trap> {
        let kernel = self.program.kernels.iter().find(|k| k.name() == name);
        let kernel = kernel.unwrap();
        let bytes: Vec<Vec<u8>> = arguments.iter().map(|a| a.bytes()).collect();
        let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        Launch {
            kernel,
            variables: &self.variables,
            grid: [0, 1, 2].map(|axis| cover[axis].div_ceil(block[axis])),
            block,
            parameters: &kernel.pack(&bytes).unwrap(),
        }
        .run(&mut self.space)
    }
}

/// Bytes without a pattern that a kernel could follow by accident.
pub fn noise(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 11) as u8
    };
    (0..count).map(|_| next()).collect()
}
