//! The body of a kernel: operands to registers, constants, labels, and the instructions that are more than registers.
//!
//! Not responsible for the text round them. Invariant: what is not known is refused by its name.

use super::{
    PtxError,
    forms::{insert, memory_of, memory_type, one, three, two},
    op::{Constant, Kernel, Memory, Op, Parameter, Reg, SPECIAL, SPECIALS, Step},
    parse::Variable,
    types::Type,
};
use std::collections::HashMap;

/// An operand as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// A register, a number, a label or a variable.
    Value(String),
    /// `[base+offset]`.
    Address { base: String, offset: i32 },
}

/// The bits of a number as it is written: decimal, hexadecimal, or a float's bits after `0f` or `0d`.
pub(super) fn literal(word: &str) -> Option<u64> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let hexadecimal = ["0x", "0X", "0f", "0F", "0d", "0D"];
    let bare = hexadecimal.iter().find_map(|p| digits.strip_prefix(p));
    let value = match bare {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

/// A kernel's body while it is read.
pub(super) struct Body<'a> {
    variables: &'a [Variable],
    parameters: Vec<Parameter>,
    registers: HashMap<String, Reg>,
    count: Reg,
    constants: HashMap<Constant, Reg>,
    locals: HashMap<String, u64>,
    local_bytes: usize,
    labels: HashMap<String, u32>,
    /// Branches whose labels are still to be found: the step, its line, the label.
    branches: Vec<(usize, u32, String)>,
    steps: Vec<Step>,
    line: u32,
}

impl<'a> Body<'a> {
    pub fn new(variables: &'a [Variable], parameters: Vec<Parameter>) -> Self {
        let special = |(at, name)| {
            let axes = ["x", "y", "z"].into_iter().enumerate();
            axes.map(move |(axis, of)| (format!("{name}.{of}"), (at * 3 + axis) as Reg))
        };
        Self {
            variables,
            parameters,
            registers: SPECIAL.into_iter().enumerate().flat_map(special).collect(),
            count: SPECIALS as Reg,
            constants: HashMap::new(),
            locals: HashMap::new(),
            local_bytes: 0,
            labels: HashMap::new(),
            branches: Vec::new(),
            steps: Vec::new(),
            line: 0,
        }
    }

    pub fn register(&mut self, name: String) {
        self.registers.insert(name, self.count);
        self.count += 1;
    }

    pub fn local(&mut self, name: String, align: usize, bytes: usize) {
        let start = self.local_bytes.next_multiple_of(align);
        self.locals.insert(name, start as u64);
        self.local_bytes = start + bytes;
    }

    pub fn label(&mut self, name: String) {
        self.labels.insert(name, self.steps.len() as u32);
    }

    pub fn instruction(
        &mut self,
        line: u32,
        guard: Option<(String, u64)>,
        opcode: &str,
        arguments: &[Argument],
    ) -> Result<(), PtxError> {
        self.line = line;
        let guard = match guard {
            Some((name, wanted)) => Some((self.named(&name)?, wanted)),
            None => None,
        };
        let parts: Vec<&str> = opcode.split('.').collect();
        let op = self.operation(&parts, arguments)?;
        let op = op.ok_or_else(|| PtxError::Unsupported {
            line,
            what: opcode.to_owned(),
        })?;
        self.steps.push(Step { guard, op });
        Ok(())
    }

    /// The kernel, when its last instruction has been read.
    pub fn finish(mut self, name: String) -> Result<Kernel, PtxError> {
        // A body may end without `ret`, and labels may stand behind its last instruction.
        self.steps.push(Step {
            guard: None,
            op: Op::Return,
        });
        for (step, line, name) in std::mem::take(&mut self.branches) {
            let to = self.labels.get(&name).copied();
            let to = to.ok_or(PtxError::Unknown { line, name })?;
            self.steps[step].op = Op::Branch { to };
        }
        Ok(Kernel {
            name,
            parameters: self.parameters,
            steps: self.steps,
            registers: self.count as usize,
            constants: self.constants.into_iter().map(|(c, r)| (r, c)).collect(),
            local_bytes: self.local_bytes,
        })
    }

    /// Nothing when there is no such opcode with so many operands.
    fn operation(
        &mut self,
        parts: &[&str],
        arguments: &[Argument],
    ) -> Result<Option<Op>, PtxError> {
        Ok(match (parts, arguments) {
            (["ret"], []) => Some(Op::Return),
            (["bra"] | ["bra", "uni"], [Argument::Value(label)]) => {
                let branch = (self.steps.len(), self.line, label.clone());
                self.branches.push(branch);
                Some(Op::Branch { to: 0 })
            }
            (["ld", place @ .., ty], [to, Argument::Address { base, offset }]) => {
                self.load(place, ty, to, base, *offset)?
            }
            (["st", place @ .., ty], [Argument::Address { base, offset }, from]) => {
                self.store(place, ty, from, base, *offset)?
            }
            _ => {
                let registers: Result<Vec<Reg>, PtxError> =
                    arguments.iter().map(|a| self.value(parts, a)).collect();
                match *registers?.as_slice() {
                    [to, from] => one(parts, to, from),
                    [to, a, b] => two(parts, to, a, b),
                    [to, a, b, c] => three(parts, to, a, b, c),
                    [to, from, into, at, count] => insert(parts, to, from, into, at, count),
                    _ => None,
                }
            }
        })
    }

    fn load(
        &mut self,
        place: &[&str],
        ty: &str,
        to: &Argument,
        base: &str,
        offset: i32,
    ) -> Result<Option<Op>, PtxError> {
        let (Some(memory), Some(ty)) = (memory_of(place), memory_type(ty)) else {
            return Ok(None);
        };
        let to = self.value(&[], to)?;
        let (base, offset) = match memory {
            Memory::Parameter => {
                let parameter = self.parameters.iter().find(|p| p.name == base);
                let parameter = parameter.ok_or_else(|| self.unknown(base))?;
                let start = parameter.offset as u64;
                (self.constant(Constant::Bits(start)), offset)
            }
            _ => (self.named(base)?, offset),
        };
        Ok(Some(Op::Load {
            memory,
            ty,
            to,
            base,
            offset,
        }))
    }

    fn store(
        &mut self,
        place: &[&str],
        ty: &str,
        from: &Argument,
        base: &str,
        offset: i32,
    ) -> Result<Option<Op>, PtxError> {
        let memory = match place {
            ["global"] => Memory::Global,
            ["local"] => Memory::Local,
            _ => return Ok(None),
        };
        let Some(ty) = memory_type(ty) else {
            return Ok(None);
        };
        Ok(Some(Op::Store {
            memory,
            ty,
            from: self.value(&[], from)?,
            base: self.named(base)?,
            offset,
        }))
    }

    /// The register of an operand; of a number that of its constant, as wide as the opcode's last part says.
    fn value(&mut self, parts: &[&str], argument: &Argument) -> Result<Reg, PtxError> {
        let Argument::Value(word) = argument else {
            return Err(self.unknown("[]"));
        };
        let Some(bits) = literal(word) else {
            return self.named(word);
        };
        let ty = parts.last().and_then(|name| Type::named(name));
        let bits = ty.map_or(bits, |ty| ty.mask(bits));
        Ok(self.constant(Constant::Bits(bits)))
    }

    fn named(&mut self, name: &str) -> Result<Reg, PtxError> {
        if let Some(&register) = self.registers.get(name) {
            return Ok(register);
        }
        if let Some(&start) = self.locals.get(name) {
            return Ok(self.constant(Constant::Bits(start)));
        }
        let variable = self.variables.iter().position(|v| v.name == name);
        let variable = variable.ok_or_else(|| self.unknown(name))?;
        Ok(self.constant(Constant::Variable(variable)))
    }

    fn constant(&mut self, constant: Constant) -> Reg {
        let next = self.count;
        let register = *self.constants.entry(constant).or_insert(next);
        self.count = self.count.max(register + 1);
        register
    }

    fn unknown(&self, name: &str) -> PtxError {
        PtxError::Unknown {
            line: self.line,
            name: name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_form() {
        assert_eq!(literal("12"), Some(12));
        assert_eq!(literal("-1"), Some(u64::MAX));
        assert_eq!(literal("0x1F"), Some(31));
        assert_eq!(literal("0f3F800000"), Some(u64::from(1f32.to_bits())));
        assert_eq!(literal("0dBFF0000000000000"), Some((-1f64).to_bits()));
        assert_eq!(literal("%r1"), None);
    }
}
