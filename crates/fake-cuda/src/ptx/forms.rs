//! The forms of instructions on registers, by the parts of their opcodes.
//!
//! Not responsible for finding the registers. Invariant: only forms are taken whose exact result `run` gives; this list and
//! the loads, stores and branches of `instruction` are all that is supported.

use super::{
    op::{Compare, Conversion, Float, Integer, Memory, Op, Reg, Unary, Whole},
    types::{Kind, Type},
};

pub(super) fn memory_of(place: &[&str]) -> Option<Memory> {
    match place {
        ["global"] | ["global", "nc"] => Some(Memory::Global),
        ["local"] => Some(Memory::Local),
        ["param"] => Some(Memory::Parameter),
        _ => None,
    }
}

pub(super) fn memory_type(name: &str) -> Option<Type> {
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

pub(super) fn one(parts: &[&str], to: Reg, from: Reg) -> Option<Op> {
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

pub(super) fn two(parts: &[&str], to: Reg, a: Reg, b: Reg) -> Option<Op> {
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

pub(super) fn three(parts: &[&str], to: Reg, a: Reg, b: Reg, c: Reg) -> Option<Op> {
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

pub(super) fn insert(
    parts: &[&str],
    to: Reg,
    from: Reg,
    into: Reg,
    at: Reg,
    count: Reg,
) -> Option<Op> {
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
