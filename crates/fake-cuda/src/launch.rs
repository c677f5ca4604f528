//! Modules and functions of a context, and the launch of kernels.
//!
//! Not responsible for running them. Invariant: the arguments of a launch are those of the call, whatever their memory
//! holds later.

use crate::{
    code::Code,
    context::Context,
    machine::Shared,
    module::{Function, Module},
    work::{KernelLaunch, Work},
};
use std::sync::Arc;

/// Bounds that every device since compute capability 3.0 has: of a grid, of a block, and of a block's threads together.
const GRID: [u32; 3] = [i32::MAX as u32, 65_535, 65_535];
const BLOCK: [u32; 3] = [1024, 1024, 64];
pub(crate) const THREADS: u32 = 1024;

/// Shared memory of a block without asking for more.
pub(crate) const SHARED_BYTES: u32 = 48 << 10;

/// The shape of a launch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub grid: [u32; 3],
    pub block: [u32; 3],
    pub shared_bytes: u32,
}

impl Shape {
    fn check(&self) -> Result<(), Code> {
        let within = |sides: [u32; 3], most: [u32; 3]| {
            let mut both = sides.into_iter().zip(most);
            both.all(|(side, most)| (1..=most).contains(&side))
        };
        let fits = within(self.grid, GRID)
            && within(self.block, BLOCK)
            && self.block.iter().product::<u32>() <= THREADS
            && self.shared_bytes <= SHARED_BYTES;
        fits.then_some(()).ok_or(Code::INVALID_VALUE)
    }
}

impl Context {
    /// `cuModuleLoadData`.
    pub fn load(&mut self, shared: &mut Shared, text: &str) -> Result<usize, Code> {
        self.outside_captures()?;
        let module = Module::load(text, shared.settings.capability, &mut self.space);
        let module = module.map_err(|refusal| {
            shared.refusal = refusal.why;
            refusal.code
        })?;
        let handle = shared.handle();
        self.modules.insert(handle, module);
        Ok(handle)
    }

    /// `cuModuleUnload`.
    pub fn unload(&mut self, shared: &mut Shared, module: usize) -> Result<(), Code> {
        self.outside_captures()?;
        self.module(module)?;
        self.settle(shared)?;
        self.functions.retain(|_, (of, _)| *of != module);
        match self.modules.remove(&module) {
            Some(module) => module.unload(&mut self.space),
            None => Err(Code::INVALID_HANDLE),
        }
    }

    pub fn module(&self, module: usize) -> Result<&Module, Code> {
        self.modules.get(&module).ok_or(Code::INVALID_HANDLE)
    }

    /// `cuModuleGetFunction`: the same handle for the same name.
    pub fn function(
        &mut self,
        shared: &mut Shared,
        module: usize,
        name: &str,
    ) -> Result<usize, Code> {
        let function = self.module(module)?.function(name)?;
        let same = |(_, (of, known)): &(&usize, &(usize, Arc<Function>))| {
            *of == module && known.kernel.name() == name
        };
        if let Some((&handle, _)) = self.functions.iter().find(same) {
            return Ok(handle);
        }
        let handle = shared.handle();
        self.functions.insert(handle, (module, Arc::new(function)));
        Ok(handle)
    }

    pub fn called(&self, function: usize) -> Result<&(usize, Arc<Function>), Code> {
        self.functions.get(&function).ok_or(Code::INVALID_HANDLE)
    }

    /// `cuLaunchKernel`; `parameters` as [`crate::ptx::Kernel::pack`] gives them.
    pub fn launch(
        &mut self,
        shared: &mut Shared,
        function: usize,
        shape: Shape,
        parameters: Vec<u8>,
        stream: usize,
    ) -> Result<(), Code> {
        shape.check()?;
        let function = Arc::clone(&self.called(function)?.1);
        let launch = KernelLaunch {
            function,
            grid: shape.grid,
            block: shape.block,
            parameters,
        };
        self.enqueue(shared, stream, Work::Kernel(Arc::new(launch)))
    }
}
