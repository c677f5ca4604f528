//! Element types and operators that a graph may have, and what comes of those that are not served.

use crate::{
    onnx::{BOOL, DOUBLE, FLOAT, FLOAT16, Graph, INT32, INT64, UINT8, model},
    probe::{device, run},
    subject::{Subject, onnxruntime, subjects},
};
use frameloom::engine::{
    Backend as _, Data, Item, ItemDone, ItemState, LoadError, Model, Role, Scope, Tensor, ort::Ort,
};

/// ONNX Runtime, if it is here.
fn found() -> Option<Ort> {
    let ort = onnxruntime();
    let missing = ort.ready().err()?;
    println!("skipped: {missing}");
    None
}

fn row(data: Data) -> Tensor {
    Tensor::new(vec![1, 4], data).unwrap()
}

/// One run of `x` alone, or of as many as there are.
fn runs(subject: &Subject, model: &Model, inputs: &[Tensor]) -> Vec<ItemDone> {
    let mut engine = subject.backend.load(model, &device()).unwrap();
    let mut slot = engine.slot(&model.key(&[]).unwrap()).unwrap();
    let item = |x: &Tensor| Item {
        inputs: vec![(Role::Borrowed("x"), x.clone())],
        state: ItemState::None,
        boundary: false,
    };
    run(&mut *slot, inputs.iter().map(item).collect())
}

fn on_each_runtime(case: impl Fn(&Subject)) {
    for subject in subjects().iter().filter(|subject| subject.reads_files) {
        println!("on {}", subject.backend.name());
        case(subject);
    }
}

fn same_elements(elements: u64, dtype: &str, data: Data) {
    let (model, x) = (Graph::identity(elements).model(dtype), row(data));
    on_each_runtime(|subject| {
        for batch in [vec![x.clone()], vec![x.clone(), x.clone()]] {
            for done in runs(subject, &model, &batch) {
                assert_eq!(done.outcome.unwrap().take("y").unwrap(), x);
            }
        }
    });
}

#[test]
fn floats_come_out_as_they_went_in() {
    same_elements(FLOAT, "f32", Data::F32(vec![0.0, -1.5, f32::MAX, 1e-30]));
}

#[test]
fn integers_come_out_as_they_went_in() {
    same_elements(INT32, "i32", Data::I32(vec![0, -1, i32::MAX, i32::MIN]));
}

#[test]
fn bytes_come_out_as_they_went_in() {
    same_elements(UINT8, "u8", Data::U8(vec![0, 1, 128, 255]));
}

#[test]
fn long_integers_of_a_graph_are_served_as_short_ones() {
    same_elements(INT64, "i32", Data::I32(vec![0, -1, i32::MAX, i32::MIN]));
}

#[test]
fn a_long_integer_that_does_not_fit_stays_at_the_end_of_the_range() {
    let Some(ort) = found() else { return };
    let sum = Graph {
        operator: "Add",
        takes: &["x", "x"],
        ..Graph::identity(INT64)
    };
    let subject = Subject::of(ort);
    let x = row(Data::I32(vec![i32::MAX, i32::MIN, 5, -5]));
    let done = runs(&subject, &sum.model("i32"), &[x]).pop().unwrap();
    let y = done.outcome.unwrap().take("y").unwrap();
    assert_eq!(y, row(Data::I32(vec![i32::MAX, i32::MIN, 10, -10])));
}

/// Loads what cannot be loaded.
fn refused(ort: &Ort, model: &Model) -> LoadError {
    ort.load(model, &device()).err().expect("it is not loaded")
}

#[test]
fn elements_that_are_not_served_are_refused_by_name_and_type() {
    let Some(ort) = found() else { return };
    for (elements, name) in [(FLOAT16, "f16"), (DOUBLE, "f64"), (BOOL, "bool")] {
        let error = refused(&ort, &Graph::identity(elements).model("f32"));
        let expected = format!("`x` has elements of {name}, which are not served");
        assert_eq!(error.why, expected);
        assert!(error.fix.contains("f32, i32, i64 or u8"), "{error}");
    }
}

#[test]
fn a_type_other_than_the_manifests_is_refused_with_the_one_to_write() {
    let Some(ort) = found() else { return };
    for (elements, ty, right) in [(INT64, "i64", "i32"), (UINT8, "u8", "u8")] {
        let error = refused(&ort, &Graph::identity(elements).model("f32"));
        let expected = format!("`x` has elements of {ty} in the graph, and f32 in model.toml");
        assert_eq!(error.why, expected);
        assert_eq!(
            error.fix,
            format!("write dtype = \"{right}\" in model.toml")
        );
    }
}

#[test]
fn an_output_that_is_no_tensor_is_refused() {
    let Some(ort) = found() else { return };
    let sequence = Graph {
        sequence: true,
        ..Graph::of("SequenceConstruct", &["x"])
    };
    let error = refused(&ort, &sequence.model("f32"));
    assert_eq!(error.why, "`y` is not a tensor");
}

#[test]
fn an_operator_that_nobody_has_is_told_by_name() {
    on_each_runtime(|subject| {
        let model = Graph::of("Transmogrify", &["x"]).model("f32");
        let error = subject.backend.load(&model, &device()).err().unwrap();
        assert!(error.why.contains("Transmogrify"), "{error}");
        assert!(
            error.why.starts_with("model.onnx is not a graph"),
            "{error}"
        );
        assert!(!error.fix.is_empty());
    });
}

#[test]
fn another_kind_of_file_is_refused_with_the_kind_that_is_read() {
    on_each_runtime(|subject| {
        let model = model("f32", "model.engine", b"a plan");
        let error = subject.backend.load(&model, &device()).err().unwrap();
        assert!(error.why.ends_with("cannot read model.engine"), "{error}");
        assert_eq!(error.fix, "give it an .onnx file");
    });
}

#[test]
fn a_run_that_the_library_refuses_condemns_its_batch_and_nothing_more() {
    // Four columns by one or two rows: it shows only when it runs.
    let model = Graph::of("MatMul", &["x", "x"]).model("f32");
    on_each_runtime(|subject| {
        let x = row(Data::F32(vec![1.0; 4]));
        let done = runs(subject, &model, &[x.clone(), x]);
        assert_eq!(done.len(), 2);
        for done in done {
            assert_eq!(done.outcome.unwrap_err().scope, Scope::Batch);
        }
    });
}
