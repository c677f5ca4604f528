//! The compact form of a kernel.
//!
//! Every operand is a register: special registers come first, constants have registers of their own that nothing writes.
//! Invariant: every register's number is below the kernel's count, every target is an instruction of it.

use super::types::Type;

/// The number of a register.
pub(super) type Reg = u32;

/// Special registers, in the order of their numbers; `x`, `y` and `z` of each follow each other.
pub(super) const SPECIAL: [&str; 4] = ["%tid", "%ntid", "%ctaid", "%nctaid"];

/// How many registers the special ones are.
pub(super) const SPECIALS: usize = SPECIAL.len() * 3;

/// Operations on integers of one type; the result is as wide as the operands, except of `MulWide`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Integer {
    Add,
    Sub,
    Mul,
    MulWide,
    Div,
    Min,
    Max,
    And,
    Or,
    Xor,
    Shl,
    Shr,
}

/// Operations on floats of one type, each rounded once to the nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Float {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
}

/// Operations with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Neg,
    Abs,
    Not,
}

/// Comparisons. The last four are also true of what is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Ltu,
    Leu,
    Gtu,
    Geu,
}

/// To a whole number, in the direction of `.rni`, `.rzi`, `.rmi` and `.rpi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Nearest,
    Zero,
    Down,
    Up,
}

/// How a conversion goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Conversion {
    pub to: Type,
    pub from: Type,
    pub whole: Option<Whole>,
    /// Into [0, 1]; what is no number becomes 0.
    pub saturate: bool,
}

/// A memory that addresses belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    Global,
    Local,
    Parameter,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Move {
        to: Reg,
        from: Reg,
    },
    Integer {
        op: Integer,
        ty: Type,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    MulAdd {
        wide: bool,
        ty: Type,
        to: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    Float {
        op: Float,
        double: bool,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Fma {
        double: bool,
        to: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    Unary {
        op: Unary,
        ty: Type,
        to: Reg,
        from: Reg,
    },
    Compare {
        how: Compare,
        ty: Type,
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Select {
        to: Reg,
        a: Reg,
        b: Reg,
        when: Reg,
    },
    Insert {
        ty: Type,
        to: Reg,
        from: Reg,
        into: Reg,
        at: Reg,
        count: Reg,
    },
    Convert {
        how: Conversion,
        to: Reg,
        from: Reg,
    },
    Load {
        memory: Memory,
        ty: Type,
        to: Reg,
        base: Reg,
        offset: i32,
    },
    Store {
        memory: Memory,
        ty: Type,
        from: Reg,
        base: Reg,
        offset: i32,
    },
    Branch {
        to: u32,
    },
    Return,
}

/// An operation, and the predicate that it waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// A register, and the value that it must have.
    pub guard: Option<(Reg, u64)>,
    pub op: Op,
}

/// What a constant's register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Constant {
    Bits(u64),
    /// The address of the module's variable of this number.
    Variable(usize),
}

/// One parameter: where its bytes lie among those of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub name: String,
    pub offset: usize,
    pub bytes: usize,
}

/// A kernel, ready to be run.
#[derive(Debug)]
pub struct Kernel {
    pub(super) name: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) steps: Vec<Step>,
    pub(super) registers: usize,
    pub(super) constants: Vec<(Reg, Constant)>,
    pub(super) local_bytes: usize,
}

impl Kernel {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of each parameter, in order.
    pub fn parameter_bytes(&self) -> impl Iterator<Item = usize> {
        self.parameters.iter().map(|parameter| parameter.bytes)
    }

    /// Bytes of local memory of each thread.
    #[must_use]
    pub fn local_bytes(&self) -> usize {
        self.local_bytes
    }

    /// All parameters as the kernel reads them, each as long as [`parameter_bytes`](Self::parameter_bytes) says; nothing if
    /// number or lengths differ.
    #[must_use]
    pub fn pack(&self, arguments: &[&[u8]]) -> Option<Vec<u8>> {
        let end = self.parameters.last().map_or(0, |p| p.offset + p.bytes);
        let mut packed = vec![0; end];
        let fits = |(p, a): (&Parameter, &&[u8])| p.bytes == a.len();
        let all = self.parameters.len() == arguments.len()
            && self.parameters.iter().zip(arguments).all(fits);
        for (parameter, argument) in self.parameters.iter().zip(arguments).filter(|_| all) {
            packed[parameter.offset..][..parameter.bytes].copy_from_slice(argument);
        }
        all.then_some(packed)
    }
}
