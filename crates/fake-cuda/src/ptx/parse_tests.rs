//! What is read, and above all what is refused.

use super::*;

fn with_body(body: &str) -> Result<Program, PtxError> {
    let head = ".version 7.8\n.target sm_75\n.address_size 64\n";
    parse(&format!(
        "{head}.visible .entry k(.param .u64 k_0, .param .u32 k_1)\n{{\n{body}\n}}"
    ))
}

#[test]
fn head_and_parameters_are_read() {
    let program = with_body("ret;").unwrap();
    assert_eq!((program.version, program.target), (78, 75));
    let kernel = &program.kernels[0];
    assert_eq!(kernel.name(), "k");
    assert_eq!(kernel.parameter_bytes().collect::<Vec<_>>(), [8, 4]);
}

#[test]
fn an_argument_of_the_wrong_length_cannot_be_packed() {
    let program = with_body("ret;").unwrap();
    let kernel = &program.kernels[0];
    assert_eq!(kernel.pack(&[&[1; 8], &[2; 4]]).unwrap().len(), 12);
    assert_eq!(kernel.pack(&[&[1; 8], &[2; 8]]), None);
    assert_eq!(kernel.pack(&[&[1; 8]]), None);
}

#[test]
fn a_variable_has_the_bytes_that_the_text_gives_it() {
    let program = parse(".global .align 4 .u32 v[3] = {1, -1};").unwrap();
    let bytes = [1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0].to_vec();
    let name = "v".to_owned();
    assert_eq!(program.variables, [Variable { name, bytes }]);
}

#[test]
fn an_instruction_that_is_not_known_is_refused_by_name_and_line() {
    let refused = with_body("bar.sync 0;").unwrap_err();
    let what = "bar.sync".to_owned();
    assert_eq!(refused, PtxError::Unsupported { line: 6, what });
}

#[test]
fn what_would_round_otherwise_is_refused() {
    for instruction in ["mul.ftz.f32", "div.approx.f32", "sin.approx.f32", "add.f32"] {
        let body = format!(".reg .f32 %f<3>;\n{instruction} %f0, %f1, %f2;");
        let refused = with_body(&body).unwrap_err();
        assert!(matches!(refused, PtxError::Unsupported { what, .. } if what == instruction));
    }
}

#[test]
fn directives_that_are_not_known_are_refused() {
    for text in [".func f() {}", ".const .u32 c = 1;", ".extern .entry k();"] {
        assert!(
            matches!(parse(text), Err(PtxError::Unsupported { .. })),
            "{text}"
        );
    }
    assert!(matches!(
        with_body(".shared .b8 s[4];"),
        Err(PtxError::Unsupported { .. })
    ));
}

#[test]
fn registers_labels_and_parameters_that_are_not_there_are_named() {
    for (body, missing) in [
        ("neg.f32 %f1, %f1;", "%f1"),
        ("bra $L;", "$L"),
        (".reg .b32 %r<1>;\nld.param.u32 %r0, [k_7];", "k_7"),
        (".reg .b32 %r<1>;\nmov.u32 %r0, %clock;", "%clock"),
    ] {
        let refused = with_body(body).unwrap_err();
        assert!(
            matches!(&refused, PtxError::Unknown { name, .. } if name == missing),
            "{refused}"
        );
    }
}

#[test]
fn a_text_that_ends_too_early_is_refused() {
    assert_eq!(parse(".version").unwrap_err(), PtxError::Ends);
    assert_eq!(parse(".entry k() { ret;").unwrap_err(), PtxError::Ends);
}

#[test]
fn what_is_no_ptx_is_refused() {
    for text in ["hello", "\u{7f}ELF", ".version x", "{"] {
        assert!(parse(text).is_err(), "{text:?}");
    }
}
