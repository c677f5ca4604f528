//! Small kernels, each for one instruction or one rule of execution.

use super::{Launch, Trap};
use crate::{
    ptx::parse,
    space::{Owner, Space},
};

const HEAD: &str = ".version 7.8\n.target sm_75\n.address_size 64\n";
const REGISTERS: &str = "
    .reg .pred %p<5>; .reg .b16 %rs<5>; .reg .b32 %r<20>; .reg .f32 %f<5>; .reg .f64 %fd<5>; .reg .b64 %rd<9>;
    ld.param.u64 %rd1, [k_0];";

/// Runs a body over a grid with `%rd1` = 64 bytes of zeros, and gives the bytes afterwards.
fn run_over(grid: [u32; 3], block: [u32; 3], body: &str) -> Result<Vec<u8>, Trap> {
    let kernel = format!(".visible .entry k(.param .u64 k_0)\n{{{REGISTERS}\n{body}\n}}");
    let program = parse(&format!("{HEAD}{kernel}")).unwrap();
    let mut space = Space::new(0, 1 << 20);
    let memory = space.allocate(64, Owner::Caller).unwrap();
    space.put(memory, &[0; 64]).unwrap();
    let kernel = &program.kernels[0];
    Launch {
        kernel,
        variables: &[],
        grid,
        block,
        parameters: &kernel.pack(&[&memory.to_le_bytes()]).unwrap(),
    }
    .run(&mut space)?;
    Ok(space.get(memory, 64).unwrap())
}

fn run(body: &str) -> Result<Vec<u8>, Trap> {
    run_over([1; 3], [1; 3], body)
}

/// What an instruction leaves in `%r0`.
fn r0(body: &str) -> u32 {
    let bytes = run(&format!("{body}\nst.global.u32 [%rd1], %r0;")).unwrap();
    u32::from_le_bytes(bytes[..4].try_into().unwrap())
}

/// What an instruction leaves in `%rd0`.
fn rd0(body: &str) -> u64 {
    let bytes = run(&format!("{body}\nst.global.u64 [%rd1], %rd0;")).unwrap();
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}

/// What an instruction with operands `a`, `b` (and `c`) in `%f1` to `%f3` leaves in `%f0`.
fn f0(instruction: &str, operands: &[f32]) -> f32 {
    let load =
        |(i, value): (usize, &f32)| format!("mov.f32 %f{}, 0f{:08X};\n", i + 1, value.to_bits());
    let loads: String = operands.iter().enumerate().map(load).collect();
    let bytes = run(&format!("{loads}{instruction}\nst.global.f32 [%rd1], %f0;")).unwrap();
    f32::from_le_bytes(bytes[..4].try_into().unwrap())
}

#[test]
fn integers_wrap_and_keep_their_sign() {
    assert_eq!(r0("mov.u32 %r1, -7; add.s32 %r0, %r1, -1;"), -8_i32 as u32);
    assert_eq!(r0("mov.u32 %r1, 3; sub.s32 %r0, %r1, 5;"), -2_i32 as u32);
    assert_eq!(
        r0("mov.u32 %r1, -7; mul.lo.s32 %r0, %r1, 3;"),
        -21_i32 as u32
    );
    assert_eq!(r0("mov.u32 %r1, -7; div.s32 %r0, %r1, 2;"), -3_i32 as u32);
    assert_eq!(r0("mov.u32 %r1, -7; div.u32 %r0, %r1, 2;"), 0x7FFF_FFFC);
    assert_eq!(r0("mov.u32 %r1, -7; neg.s32 %r0, %r1;"), 7);
    assert_eq!(
        r0("mov.u32 %r1, -7; mad.lo.s32 %r0, %r1, 2, 1;"),
        -13_i32 as u32
    );
}

#[test]
fn extremes_of_integers_follow_their_sign() {
    assert_eq!(r0("mov.u32 %r1, -7; max.s32 %r0, %r1, 2;"), 2);
    assert_eq!(r0("mov.u32 %r1, -7; max.u32 %r0, %r1, 2;"), -7_i32 as u32);
    assert_eq!(r0("mov.u32 %r1, -7; min.s32 %r0, %r1, 2;"), -7_i32 as u32);
    assert_eq!(r0("mov.u32 %r1, -7; min.u32 %r0, %r1, 2;"), 2);
}

#[test]
fn wide_products_have_twice_the_bits() {
    assert_eq!(
        rd0("mov.u32 %r1, -7; mul.wide.s32 %rd0, %r1, 3;"),
        -21_i64 as u64
    );
    assert_eq!(
        rd0("mov.u32 %r1, -1; mul.wide.u32 %rd0, %r1, 2;"),
        0x1_FFFF_FFFE
    );
    assert_eq!(
        rd0("mov.u32 %r1, -1; mov.u64 %rd2, 5; mad.wide.u32 %rd0, %r1, %r1, %rd2;"),
        0xFFFF_FFFE_0000_0001 + 5
    );
}

#[test]
fn shifts_fill_by_sign_and_stop_at_the_width() {
    assert_eq!(r0("mov.u32 %r1, -8; shr.s32 %r0, %r1, 1;"), -4_i32 as u32);
    assert_eq!(r0("mov.u32 %r1, -8; shr.u32 %r0, %r1, 1;"), 0x7FFF_FFFC);
    assert_eq!(r0("mov.u32 %r1, -8; shr.s32 %r0, %r1, 99;"), u32::MAX);
    assert_eq!(r0("mov.u32 %r1, 1; shl.b32 %r0, %r1, 32;"), 0);
    assert_eq!(rd0("mov.u64 %rd2, 1; shl.b64 %rd0, %rd2, 64;"), 0);
}

#[test]
fn bits_are_combined_and_inserted() {
    assert_eq!(r0("mov.u32 %r1, 12; and.b32 %r0, %r1, 10;"), 8);
    assert_eq!(r0("mov.u32 %r1, 12; or.b32 %r0, %r1, 10;"), 14);
    assert_eq!(r0("mov.u32 %r1, 12; xor.b32 %r0, %r1, -1;"), !12);
    assert_eq!(r0("mov.u32 %r1, 12; not.b32 %r0, %r1;"), !12);
    assert_eq!(
        rd0("mov.u64 %rd2, 5; mov.u64 %rd3, 7; bfi.b64 %rd0, %rd2, %rd3, 32, 32;"),
        5 << 32 | 7
    );
}

#[test]
fn floats_round_once_and_fused_products_do_not_round_between() {
    let (a, b) = (1.000_000_1_f32, 0.999_999_9_f32);
    assert_eq!(f0("mul.rn.f32 %f0, %f1, %f2;", &[a, b]), a * b);
    assert_eq!(
        f0("fma.rn.f32 %f0, %f1, %f2, %f3;", &[a, b, -1.0]),
        a.mul_add(b, -1.0)
    );
    assert_ne!(a.mul_add(b, -1.0), a * b - 1.0);
    assert_eq!(f0("div.rn.f32 %f0, %f1, %f2;", &[1.0, 3.0]), 1.0 / 3.0);
    assert_eq!(f0("add.rn.f32 %f0, %f1, %f2;", &[a, b]), a + b);
    assert_eq!(f0("sub.rn.f32 %f0, %f1, %f2;", &[a, b]), a - b);
}

#[test]
fn tiny_floats_are_not_flushed_to_zero() {
    let tiny = f32::from_bits(3);
    assert_eq!(f0("add.rn.f32 %f0, %f1, %f1;", &[tiny]), f32::from_bits(6));
}

#[test]
fn extremes_of_floats_pass_over_what_is_no_number() {
    assert_eq!(f0("max.f32 %f0, %f1, %f2;", &[f32::NAN, -3.0]), -3.0);
    assert_eq!(f0("min.f32 %f0, %f1, %f2;", &[2.0, f32::NAN]), 2.0);
    assert_eq!(f0("abs.f32 %f0, %f1;", &[-2.0]), 2.0);
    assert_eq!(f0("neg.f32 %f0, %f1;", &[-2.0]), 2.0);
}

#[test]
fn conversions_round_as_they_say() {
    let to_integer = |how: &str, value: f32| {
        let bits = value.to_bits();
        r0(&format!(
            "mov.f32 %f1, 0f{bits:08X}; cvt.{how}.s32.f32 %r0, %f1;"
        )) as i32
    };
    let all = |value| ["rni", "rzi", "rmi", "rpi"].map(|how| to_integer(how, value));
    assert_eq!(all(2.5), [2, 2, 2, 3]);
    assert_eq!(all(-1.5), [-2, -1, -2, -1]);
    assert_eq!(f0("cvt.rmi.f32.f32 %f0, %f1;", &[-0.25]), -1.0);
    assert_eq!(f0("cvt.sat.f32.f32 %f0, %f1;", &[f32::NAN]), 0.0);
    assert_eq!(f0("cvt.sat.f32.f32 %f0, %f1;", &[7.0]), 1.0);
}

#[test]
fn integers_become_floats_by_their_sign() {
    assert_eq!(f0("mov.u32 %r1, -1; cvt.rn.f32.s32 %f0, %r1;", &[]), -1.0);
    assert_eq!(
        f0("mov.u32 %r1, -1; cvt.rn.f32.u32 %f0, %r1;", &[]),
        4_294_967_296.0
    );
    assert_eq!(rd0("mov.u32 %r1, -1; cvt.s64.s32 %rd0, %r1;"), u64::MAX);
    assert_eq!(rd0("mov.u32 %r1, -1; cvt.u64.u32 %rd0, %r1;"), 0xFFFF_FFFF);
    assert_eq!(r0("mov.u64 %rd2, 0x500000003; cvt.u32.u64 %r0, %rd2;"), 3);
}

#[test]
fn doubles_and_halves_become_floats() {
    let double =
        "mov.u64 %rd2, 3; cvt.rn.f64.s64 %fd1, %rd2; mul.rn.f64 %fd2, %fd1, 0d3FE0000000000000;";
    assert_eq!(f0(&format!("{double} cvt.rn.f32.f64 %f0, %fd2;"), &[]), 1.5);
    assert_eq!(
        f0(
            "cvt.rn.f16.f32 %rs1, %f1; cvt.f32.f16 %f0, %rs1;",
            &[1.0 + 1.0 / 2048.0]
        ),
        1.0
    );
}

#[test]
fn comparisons_with_no_number_hold_only_where_they_say_so() {
    let holds = |how: &str, a: f32| {
        let body = format!("setp.{how}.f32 %p1, %f1, %f2; selp.f32 %f0, %f2, 0f00000000, %p1;");
        f0(&body, &[a, 1.0]) == 1.0
    };
    for how in ["lt", "le", "gt", "ge", "eq"] {
        assert!(!holds(how, f32::NAN), "{how}");
        assert!(holds(&format!("{}u", how.replace("eq", "le")), f32::NAN));
    }
    assert!(holds("lt", 0.5) && holds("geu", 1.0) && holds("eq", 1.0) && !holds("gtu", 1.0));
}

#[test]
fn comparisons_of_integers_follow_their_sign() {
    let holds = |how: &str| {
        r0(&format!(
            "mov.u32 %r1, -1; setp.{how} %p1, %r1, 1; selp.b32 %r0, 1, 0, %p1;"
        )) == 1
    };
    assert!(holds("lt.s32") && holds("gt.u32") && holds("ne.s32"));
    assert!(!holds("ge.s32") && !holds("le.u32") && !holds("eq.b32"));
}

#[test]
fn predicates_guard_branches_and_instructions() {
    let body = "
        mov.u32 %r0, 0;
        setp.eq.s32 %p1, %r0, 0;
        not.pred %p2, %p1;
        @%p2 mov.u32 %r0, 9;
        @!%p2 bra $SKIP;
        mov.u32 %r0, 8;
    $SKIP:
        or.pred %p3, %p1, %p2;
        @%p3 add.s32 %r0, %r0, 1;";
    assert_eq!(r0(body), 1);
}

#[test]
fn bytes_are_widened_by_the_type_of_the_load() {
    let loaded = |ty: &str| {
        r0(&format!(
            "mov.u32 %r1, 200; st.global.u8 [%rd1+5], %r1; ld.global.{ty} %r0, [%rd1+5];"
        ))
    };
    assert_eq!((loaded("u8"), loaded("s8")), (200, -56_i32 as u32));
}

#[test]
fn every_thread_of_every_block_runs_and_knows_its_place() {
    let body = "
        mov.u32 %r1, %tid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %ctaid.x;
        mad.lo.s32 %r4, %r3, %r2, %r1;
        mov.u32 %r5, %tid.y; mov.u32 %r6, %nctaid.x;
        mul.lo.s32 %r7, %r2, %r6;
        mad.lo.s32 %r8, %r5, %r7, %r4;
        cvt.u64.u32 %rd2, %r8; add.s64 %rd3, %rd1, %rd2;
        add.s32 %r9, %r8, 1;
        st.global.u8 [%rd3], %r9;";
    let bytes = run_over([3, 1, 1], [4, 2, 1], body).unwrap();
    let wanted: Vec<u8> = (1..=24).collect();
    assert_eq!((&bytes[..24], bytes[24]), (&wanted[..], 0));
}

#[test]
fn each_thread_has_local_memory_of_its_own_size() {
    let body = ".local .align 4 .b8 depot[8];
        mov.u64 %rd2, depot; mov.u32 %r1, 5; st.local.u32 [%rd2+4], %r1; ld.local.u32 %r0, [%rd2+4];";
    assert_eq!(r0(body), 5);
    let outside = ".local .align 4 .b8 depot[8]; mov.u64 %rd2, depot; ld.local.u32 %r0, [%rd2+8];";
    assert!(matches!(run(outside), Err(Trap::Outside { .. })));
}

#[test]
fn an_access_outside_every_block_is_a_trap() {
    let read = run("ld.global.u32 %r0, [%rd1+64];");
    assert!(matches!(read, Err(Trap::Outside { bytes: 4, .. })));
    assert!(matches!(
        run("st.global.u8 [%rd1+-1], %r0;"),
        Err(Trap::Outside { .. })
    ));
}

#[test]
fn an_access_across_its_alignment_is_a_trap() {
    assert!(matches!(
        run("ld.global.u32 %r0, [%rd1+2];"),
        Err(Trap::Misaligned { .. })
    ));
}

#[test]
fn a_thread_that_does_not_end_is_a_trap() {
    assert_eq!(run("$L: bra $L;").unwrap_err(), Trap::Endless);
}
