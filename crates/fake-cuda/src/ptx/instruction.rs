//! Single instructions to operations: opcodes, operands, constants, labels.
//!
//! Not responsible for the text round them. Invariant: only forms whose exact result `run` gives are taken; the list of
//! opcodes here is the list of what is supported.

use super::{
    PtxError,
    op::{
        Compare, Constant, Conversion, Float, Integer, Kernel, Memory, Op, Parameter, Reg, SPECIAL,
        SPECIALS, Step, Unary, Whole,
    },
    parse::Variable,
    types::{Kind, Type},
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

fn memory_of(place: &[&str]) -> Option<Memory> {
    match place {
        ["global"] | ["global", "nc"] => Some(Memory::Global),
        ["local"] => Some(Memory::Local),
        ["param"] => Some(Memory::Parameter),
        _ => None,
    }
}

fn memory_type(name: &str) -> Option<Type> {
    Type::named(name).filter(|ty| ty.kind != Kind::Predicate)
}

fn integer(name: &str) -> Option<Type> {
    Type::named(name).filter(|ty| ty.is_integer() && ty.bits > 8)
}

/// A type with a sign or without, not bare bits.
fn number(name: &str) -> Option<Type> {
    integer(name).filter(|ty| ty.kind != Kind::Bits)
}

fn bits(name: &str) -> Option<Type> {
    Type::named(name).filter(|ty| matches!(ty.kind, Kind::Bits | Kind::Predicate) && ty.bits != 8)
}

fn float(name: &str) -> Option<Type> {
    Type::named(name).filter(|ty| ty.is_float() && ty.bits > 16)
}

fn one(parts: &[&str], to: Reg, from: Reg) -> Option<Op> {
    let unary = |op, ty: Option<Type>| ty.map(|ty| Op::Unary { op, ty, to, from });
    match parts {
        ["mov", ty] => Type::named(ty).map(|_| Op::Move { to, from }),
        // The addresses of kernels' pointers are those of global memory.
        ["cvta", "to", "global", "u64"] => Some(Op::Move { to, from }),
        ["neg", ty] => unary(
            Unary::Neg,
            float(ty).or(number(ty).filter(|ty| ty.is_signed())),
        ),
        ["abs", ty] => unary(Unary::Abs, float(ty)),
        ["not", ty] => unary(Unary::Not, bits(ty)),
        ["cvt", how @ .., to_type, from_type] => {
            let how = conversion(how, Type::named(to_type)?, Type::named(from_type)?)?;
            Some(Op::Convert { how, to, from })
        }
        _ => None,
    }
}

/// Conversions whose result is defined by type and rounding alone.
fn conversion(how: &[&str], to: Type, from: Type) -> Option<Conversion> {
    let (whole, near, saturate) = match how {
        [] => (None, false, false),
        ["rn"] => (None, true, false),
        ["sat"] => (None, false, true),
        ["rni"] => (Some(Whole::Nearest), false, false),
        ["rzi"] => (Some(Whole::Zero), false, false),
        ["rmi"] => (Some(Whole::Down), false, false),
        ["rpi"] => (Some(Whole::Up), false, false),
        _ => return None,
    };
    let plain = whole.is_none() && !saturate;
    let allowed = match (to.is_float(), from.is_float()) {
        (false, false) => plain && !near && to.is_integer() && from.is_integer(),
        (false, true) => whole.is_some() && to.is_integer(),
        (true, false) => plain && near && from.is_integer() && to.bits > 16,
        // Through a float a double could be rounded twice.
        (true, true) if to.bits < from.bits => plain && near && (to.bits, from.bits) != (16, 64),
        (true, true) if to.bits > from.bits => plain && !near,
        (true, true) => !near && !plain && to.bits > 16,
    };
    allowed.then_some(Conversion {
        to,
        from,
        whole,
        saturate,
    })
}

fn two(parts: &[&str], to: Reg, a: Reg, b: Reg) -> Option<Op> {
    let whole = |op, ty: Option<Type>| ty.map(|ty| Op::Integer { op, ty, to, a, b });
    let real = |op, ty: Option<Type>| {
        let double = ty?.bits == 64;
        Some(Op::Float {
            op,
            double,
            to,
            a,
            b,
        })
    };
    match parts {
        ["add", "rn", ty] => real(Float::Add, float(ty)),
        ["sub", "rn", ty] => real(Float::Sub, float(ty)),
        ["mul", "rn", ty] => real(Float::Mul, float(ty)),
        ["div", "rn", ty] => real(Float::Div, float(ty)),
        ["min", ty] if float(ty).is_some() => real(Float::Min, float(ty)),
        ["max", ty] if float(ty).is_some() => real(Float::Max, float(ty)),
        ["min", ty] => whole(Integer::Min, number(ty)),
        ["max", ty] => whole(Integer::Max, number(ty)),
        ["add", ty] => whole(Integer::Add, number(ty)),
        ["sub", ty] => whole(Integer::Sub, number(ty)),
        ["mul", "lo", ty] => whole(Integer::Mul, number(ty)),
        ["mul", "wide", ty] => whole(Integer::MulWide, number(ty).filter(|ty| ty.bits < 64)),
        ["div", ty] => whole(Integer::Div, number(ty)),
        ["and", ty] => whole(Integer::And, bits(ty)),
        ["or", ty] => whole(Integer::Or, bits(ty)),
        ["xor", ty] => whole(Integer::Xor, bits(ty)),
        ["shl", ty] => whole(Integer::Shl, bits(ty)),
        ["shr", ty] => whole(Integer::Shr, integer(ty)),
        ["setp", how, ty] => {
            let ty = float(ty).or(integer(ty))?;
            let how = compare(how, ty)?;
            Some(Op::Compare { how, ty, to, a, b })
        }
        _ => None,
    }
}

fn compare(how: &str, ty: Type) -> Option<Compare> {
    Some(match how {
        "eq" => Compare::Eq,
        // Of floats this is "ordered and unequal", which no kernel here asks for.
        "ne" if !ty.is_float() => Compare::Ne,
        "lt" => Compare::Lt,
        "le" => Compare::Le,
        "gt" => Compare::Gt,
        "ge" => Compare::Ge,
        "ltu" if ty.is_float() => Compare::Ltu,
        "leu" if ty.is_float() => Compare::Leu,
        "gtu" if ty.is_float() => Compare::Gtu,
        "geu" if ty.is_float() => Compare::Geu,
        _ => return None,
    })
}

fn three(parts: &[&str], to: Reg, a: Reg, b: Reg, c: Reg) -> Option<Op> {
    let sum = |wide, ty: Option<Type>| {
        let ty = ty?;
        Some(Op::MulAdd {
            wide,
            ty,
            to,
            a,
            b,
            c,
        })
    };
    match parts {
        ["mad", "lo", ty] => sum(false, number(ty)),
        ["mad", "wide", ty] => sum(true, number(ty).filter(|ty| ty.bits < 64)),
        ["fma", "rn", ty] => {
            let double = float(ty)?.bits == 64;
            Some(Op::Fma {
                double,
                to,
                a,
                b,
                c,
            })
        }
        ["selp", ty] => Type::named(ty).map(|_| Op::Select { to, a, b, when: c }),
        _ => None,
    }
}

fn insert(parts: &[&str], to: Reg, from: Reg, into: Reg, at: Reg, count: Reg) -> Option<Op> {
    let ["bfi", ty] = parts else {
        return None;
    };
    let ty = bits(ty).filter(|ty| ty.bits >= 32)?;
    Some(Op::Insert {
        ty,
        to,
        from,
        into,
        at,
        count,
    })
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

    #[test]
    fn conversions_that_need_a_rounding_are_refused_without_one() {
        let f32 = Type::named("f32").unwrap();
        let s32 = Type::named("s32").unwrap();
        let f64 = Type::named("f64").unwrap();
        for (to, from) in [(s32, f32), (f32, s32), (f32, f64)] {
            assert_eq!(conversion(&[], to, from), None);
        }
        assert!(conversion(&[], f64, f32).is_some());
    }
}
