//! Modules: programs whose variables have a place in a device's memory.
//!
//! Not responsible for reading PTX. Invariant: a function that is queued or captured stays alive with it, whatever becomes
//! of its module.

use crate::{
    code::Code,
    ptx::{self, Kernel, Launch, Program},
    space::{Owner, Space},
};
use std::sync::Arc;

/// A kernel with the addresses of its module's variables.
#[derive(Debug)]
pub(crate) struct Function {
    pub kernel: Arc<Kernel>,
    variables: Arc<[u64]>,
}

impl Function {
    pub fn launch<'a>(
        &'a self,
        grid: [u32; 3],
        block: [u32; 3],
        parameters: &'a [u8],
    ) -> Launch<'a> {
        Launch {
            kernel: &self.kernel,
            variables: &self.variables,
            grid,
            block,
            parameters,
        }
    }
}

/// A module that is loaded.
#[derive(Debug)]
pub(crate) struct Module {
    program: Program,
    variables: Arc<[u64]>,
}

/// Why a module was not loaded: the answer, and what the driver would write into its log.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub code: Code,
    pub why: String,
}

impl Module {
    /// Reads a text for a device of this capability and places its variables.
    pub fn load(text: &str, capability: (i32, i32), space: &mut Space) -> Result<Self, Refusal> {
        let program = ptx::parse(text).map_err(|error| Refusal {
            code: Code::INVALID_PTX,
            why: error.to_string(),
        })?;
        let has = capability.0 * 10 + capability.1;
        if i64::from(program.target) > i64::from(has) {
            return Err(Refusal {
                code: Code::NO_BINARY_FOR_GPU,
                why: format!(
                    "it is for sm_{}, and the device is sm_{has}",
                    program.target
                ),
            });
        }
        let variables = place(&program, space).map_err(|code| Refusal {
            code,
            why: "there is no memory for its variables".to_owned(),
        })?;
        Ok(Self { program, variables })
    }

    /// Gives the variables' memory back.
    pub fn unload(self, space: &mut Space) -> Result<(), Code> {
        let mut each = self.variables.iter();
        each.try_for_each(|&address| space.release(address, Owner::Module))
    }

    pub fn function(&self, name: &str) -> Result<Function, Code> {
        let kernel = self.program.kernels.iter().find(|k| k.name() == name);
        Ok(Function {
            kernel: Arc::clone(kernel.ok_or(Code::NOT_FOUND)?),
            variables: Arc::clone(&self.variables),
        })
    }

    /// Address and bytes of a variable.
    pub fn variable(&self, name: &str) -> Result<(u64, usize), Code> {
        let mut variables = self.program.variables.iter().zip(self.variables.iter());
        let found = variables.find(|(variable, _)| variable.name == name);
        let (variable, &address) = found.ok_or(Code::NOT_FOUND)?;
        Ok((address, variable.bytes.len()))
    }

    /// The version of the language that it is written in, such as 78.
    pub fn version(&self) -> u32 {
        self.program.version
    }
}

fn place(program: &Program, space: &mut Space) -> Result<Arc<[u64]>, Code> {
    let mut addresses = Vec::new();
    for variable in &program.variables {
        let address = space.allocate(variable.bytes.len(), Owner::Module)?;
        space
            .put(address, &variable.bytes)
            .expect("the block is as long as the variable");
        addresses.push(address);
    }
    Ok(addresses.into())
}
