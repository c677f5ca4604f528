//! Letterbox and persons against recorded numbers, and chains of steps.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::{
    engine::{EngineKey, Outputs, RunError, Tensor},
    media::Rgb8,
    pipelines::kept::Step,
};

/// What `tests/data/pose/record.py` wrote.
#[derive(Deserialize)]
struct Recorded {
    letterboxes: Vec<Boxed>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Boxed {
    source: (u32, u32),
    input: (u32, u32),
    /// Column, row, red, green, blue.
    pixels: Vec<[u32; 5]>,
}

#[derive(Deserialize)]
struct Case {
    source: (u32, u32),
    input: (u32, u32),
    predictions: Vec<f32>,
    persons: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    bbox: [f32; 4],
    confidence: f32,
    keypoints: Vec<[f32; 2]>,
}

fn recorded() -> Recorded {
    let text = include_str!("../../../../tests/data/pose/recorded.json");
    serde_json::from_str(text).unwrap()
}

/// Recorded to three decimals; ours are floats of up to 1,280.
fn assert_near(ours: f32, theirs: f32, what: &str) {
    assert!((ours - theirs).abs() <= 2e-3, "{what}: {ours} for {theirs}");
}

fn ramps(width: u32, height: u32) -> Rgb8 {
    Rgb8::from_fn(width, height, |x, y| {
        [
            (x * 255 / (width - 1)) as u8,
            (y * 255 / (height - 1)) as u8,
            ((x * 7 + y * 13) % 256) as u8,
        ]
    })
}

/// `[1, 56, N]` of columns with all keypoints in the box's centre and visible.
fn predictions(columns: &[[f32; 5]]) -> Tensor {
    let count = columns.len();
    let mut values = vec![0.0; 56 * count];
    for (at, column) in columns.iter().enumerate() {
        (0..5).for_each(|row| values[row * count + at] = column[row]);
        for keypoint in 0..17 {
            let point = [column[0], column[1], 0.9];
            (0..3).for_each(|part| values[(5 + keypoint * 3 + part) * count + at] = point[part]);
        }
    }
    Tensor::f32(vec![1, 56, count], values).unwrap()
}

/// Input and picture of one size, so that pixels are pixels.
fn plain() -> Letterbox {
    Letterbox::new((640, 640), (640, 640))
}

fn found(columns: &[[f32; 5]]) -> Vec<Person> {
    persons(&predictions(columns), &plain(), &Thresholds::default()).unwrap()
}

#[test]
fn pictures_are_letterboxed_as_opencv_does_it() {
    for case in recorded().letterboxes {
        let letterbox = Letterbox::new(case.source, case.input);
        let canvas = letterbox
            .canvas(&ramps(case.source.0, case.source.1))
            .unwrap();
        assert_eq!((canvas.width, canvas.height), case.input);
        for [x, y, red, green, blue] in case.pixels {
            let pixel = canvas.pixel(x, y).unwrap();
            // Both mix in whole numbers of their own width, so one level lies between them.
            let far = pixel
                .iter()
                .zip([red, green, blue])
                .any(|(&ours, theirs)| u32::from(ours).abs_diff(theirs) > 1);
            assert!(
                !far,
                "{x}, {y} of {:?} in {:?}: {pixel:?} for {:?}",
                case.source,
                case.input,
                [red, green, blue]
            );
        }
    }
}

#[test]
fn the_input_is_planar_and_from_zero_to_one() {
    let letterbox = Letterbox::new((4, 2), (4, 4));
    let tensor = letterbox.fill(&Rgb8::filled(4, 2, [255, 0, 51])).unwrap();
    assert_eq!(tensor.shape(), [1, 3, 4, 4]);
    let planes = tensor.as_f32().unwrap();
    let grey = 114.0 / 255.0;
    assert!(planes[..4].iter().all(|&level| (level - grey).abs() < 1e-6));
    assert_eq!(planes[4..12], [1.0; 8]);
    assert_eq!(planes[16 + 4..16 + 12], [0.0; 8]);
    assert!((planes[32 + 4] - 0.2).abs() < 1e-6);
}

#[test]
fn a_picture_of_another_size_is_an_error() {
    let letterbox = Letterbox::new((64, 36), (64, 64));
    assert!(letterbox.fill(&ramps(36, 64)).is_err());
    let mut broken = ramps(64, 36);
    broken.data.pop();
    assert!(letterbox.fill(&broken).is_err());
}

#[test]
fn persons_are_those_of_ultralytics_post_processing() {
    for case in recorded().cases {
        let count = case.predictions.len() / 56;
        let tensor = Tensor::f32(vec![1, 56, count], case.predictions).unwrap();
        let letterbox = Letterbox::new(case.source, case.input);
        let found = persons(&tensor, &letterbox, &Thresholds::default()).unwrap();
        assert_eq!(found.len(), case.persons.len());
        for (ours, theirs) in found.iter().zip(&case.persons) {
            assert_near(ours.confidence, theirs.confidence, "confidence");
            (0..4).for_each(|i| assert_near(ours.bbox[i], theirs.bbox[i], "edge"));
            for (ours, theirs) in ours.keypoints.iter().zip(&theirs.keypoints) {
                assert_near(ours.x, theirs[0], "x");
                assert_near(ours.y, theirs[1], "y");
            }
        }
    }
}

#[test]
fn a_model_of_two_candidates_gives_two_persons() {
    let found = found(&[
        [100.0, 300.0, 80.0, 200.0, 0.9],
        [500.0, 300.0, 80.0, 200.0, 0.8],
    ]);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].bbox, [60.0, 200.0, 140.0, 400.0]);
    assert!(found[0].keypoints.iter().all(Keypoint::is_seen));
}

#[test]
fn an_empty_picture_has_no_persons() {
    assert_eq!(found(&[[100.0, 300.0, 80.0, 200.0, 0.25]]), []);
    assert_eq!(found(&[]), []);
}

#[test]
fn the_surer_of_two_that_overlap_stays() {
    let found = found(&[
        [100.0, 300.0, 80.0, 200.0, 0.6],
        [104.0, 300.0, 80.0, 200.0, 0.7],
    ]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].confidence, 0.7);
}

#[test]
fn numbers_that_are_none_make_no_persons_and_no_keypoints() {
    let nan = f32::NAN;
    assert_eq!(
        found(&[
            [nan, 1.0, 1.0, 1.0, 0.9],
            [1.0, 1.0, f32::INFINITY, 1.0, 0.9],
            [9.0, 9.0, 2.0, 2.0, nan]
        ]),
        []
    );
    let mut values = predictions(&[[100.0, 300.0, 80.0, 200.0, 0.9]])
        .as_f32()
        .unwrap()
        .to_vec();
    (values[5], values[10]) = (nan, nan);
    let tensor = Tensor::f32(vec![1, 56, 1], values).unwrap();
    let found = persons(&tensor, &plain(), &Thresholds::default()).unwrap();
    assert_eq!(
        found[0].keypoints[0],
        Keypoint {
            v: 0.9,
            ..Keypoint::default()
        }
    );
    assert_eq!(found[0].keypoints[1], Keypoint::default());
    assert!(found[0].keypoints[2].is_seen());
}

#[test]
fn a_flood_of_candidates_is_cut_to_the_surest() {
    let columns: Vec<[f32; 5]> = (0..2000)
        .map(|at| {
            [
                (at % 50) as f32 * 12.0,
                (at / 50) as f32 * 15.0,
                6.0,
                6.0,
                0.3 + at as f32 * 1e-4,
            ]
        })
        .collect();
    let found = found(&columns);
    assert_eq!(found.len(), MOST_PERSONS);
    assert_eq!(found[0].confidence, columns[1999][4]);
}

#[test]
fn a_model_of_another_kind_is_an_error_that_names_both_shapes() {
    let wrong = Tensor::f32(vec![1, 84, 2], vec![0.0; 168]).unwrap();
    let fault = persons(&wrong, &plain(), &Thresholds::default()).unwrap_err();
    assert_eq!(
        fault.message,
        "a pose model gives [1, 56, N], this one gave [1, 84, 2]"
    );
    let words = Tensor::new(vec![1, 56, 1], crate::engine::Data::I32(vec![0; 56])).unwrap();
    assert!(persons(&words, &plain(), &Thresholds::default()).is_err());
}

// === chains of steps ===

fn key(model: &str) -> EngineKey {
    EngineKey {
        model: model.into(),
        axes: Arc::from([]),
    }
}

fn outputs(role: &str, tensor: Tensor) -> Outputs {
    Outputs::new(vec![(role.into(), tensor)])
}

type Told = Arc<Mutex<Vec<Result<Vec<Person>, RunError>>>>;

/// A `Found` that notes what it is given.
fn noting(told: &Told) -> Found {
    let told = told.clone();
    Box::new(move |persons| {
        told.lock().unwrap().push(persons);
        Step::Done
    })
}

fn single() -> SingleStage {
    SingleStage::new(
        key("one"),
        Letterbox::new((32, 18), (64, 64)),
        Thresholds::default(),
    )
}

#[test]
fn one_run_leads_from_a_frame_to_its_persons() {
    let told = Told::default();
    let step = single().begin(Arc::new(ramps(32, 18)), noting(&told));
    let Step::Run {
        key: asked,
        inputs,
        then,
    } = step
    else {
        panic!()
    };
    assert_eq!(asked, key("one"));
    assert_eq!(
        (inputs[0].0.as_ref(), inputs[0].1.shape()),
        ("images", &[1, 3, 64, 64][..])
    );
    assert!(told.lock().unwrap().is_empty());
    let answer = predictions(&[[32.0, 32.0, 10.0, 20.0, 0.9]]);
    assert!(matches!(then(outputs("predictions", answer)), Step::Done));
    let told = told.lock().unwrap();
    assert_eq!(told[0].as_ref().unwrap()[0].bbox, [13.5, 4.0, 18.5, 14.0]);
}

#[test]
fn what_goes_wrong_is_told_where_persons_are_told() {
    let told = Told::default();
    let _ = single().begin(Arc::new(ramps(18, 32)), noting(&told));
    let step = single().begin(Arc::new(ramps(32, 18)), noting(&told));
    let Step::Run { then, .. } = step else {
        panic!()
    };
    let _ = then(outputs("something", predictions(&[])));
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(Result::is_err));
}

/// A detector that answers with boxes, then one crop a box for a second model: the shape of estimators to come.
struct TwoStage;

impl Estimator for TwoStage {
    fn keys(&self) -> Vec<EngineKey> {
        vec![key("detector"), key("landmarks")]
    }

    fn begin(&self, frame: Arc<Rgb8>, found: Found) -> Step {
        Step::Run {
            key: key("detector"),
            inputs: vec![(IMAGES, Tensor::f32(vec![1, 1], vec![0.0]).unwrap())],
            then: Box::new(move |mut outputs| {
                let boxes = outputs.take("boxes").unwrap().as_f32().unwrap().to_vec();
                crops(frame, boxes, Vec::new(), found)
            }),
        }
    }
}

fn crops(frame: Arc<Rgb8>, mut boxes: Vec<f32>, mut persons: Vec<Person>, found: Found) -> Step {
    let Some(column) = boxes.pop() else {
        return found(Ok(persons));
    };
    let level = frame.pixel(column as u32, 0).unwrap()[0];
    Step::Run {
        key: key("landmarks"),
        inputs: vec![(
            Cow::Borrowed("crop"),
            Tensor::f32(vec![1, 1], vec![f32::from(level)]).unwrap(),
        )],
        then: Box::new(move |mut outputs| {
            let confidence = outputs.take("score").unwrap().as_f32().unwrap()[0];
            persons.push(Person {
                bbox: [column, 0.0, column + 1.0, 1.0],
                confidence,
                keypoints: [Keypoint::default(); 17],
            });
            crops(frame, boxes, persons, found)
        }),
    }
}

/// Runs a chain with an engine that gives two boxes, and a score that is the crop's level in percent.
fn walk(mut step: Step) -> Vec<String> {
    let mut asked = Vec::new();
    while let Step::Run { key, inputs, then } = step {
        asked.push(key.model.to_string());
        let answer = match &*key.model {
            "detector" => outputs("boxes", Tensor::f32(vec![1, 2], vec![3.0, 7.0]).unwrap()),
            _ => {
                let level = inputs[0].1.as_f32().unwrap()[0];
                outputs(
                    "score",
                    Tensor::f32(vec![1, 1], vec![level / 100.0]).unwrap(),
                )
            }
        };
        step = then(answer);
    }
    assert!(matches!(step, Step::Done));
    asked
}

#[test]
fn a_detector_and_a_crop_a_person_fit_the_same_chain() {
    let told = Told::default();
    let estimator: Arc<dyn Estimator> = Arc::new(TwoStage);
    assert_eq!(estimator.keys(), [key("detector"), key("landmarks")]);
    let frame = Rgb8::from_fn(10, 1, |x, _| [(x * 10) as u8; 3]);
    let asked = walk(estimator.begin(Arc::new(frame), noting(&told)));
    assert_eq!(asked, ["detector", "landmarks", "landmarks"]);
    let told = told.lock().unwrap();
    let scores: Vec<f32> = told[0]
        .as_ref()
        .unwrap()
        .iter()
        .map(|person| person.confidence)
        .collect();
    assert_eq!(scores, [0.7, 0.3]);
}

proptest! {
    #[test]
    fn a_point_of_the_picture_comes_back_to_itself(
        source in (1u32..2000, 1u32..2000),
        input in (16u32..700, 16u32..700),
        (u, v) in (0.0f32..=1.0, 0.0f32..=1.0),
    ) {
        let letterbox = Letterbox::new(source, input);
        let gain = (f64::from(input.0) / f64::from(source.0)).min(f64::from(input.1) / f64::from(source.1)) as f32;
        let (x, y) = (u * source.0 as f32, v * source.1 as f32);
        let inner = (source.0 as f32 * gain, source.1 as f32 * gain);
        let pad = ((input.0 as f32 - inner.0) / 2.0, (input.1 as f32 - inner.1) / 2.0);
        let (back_x, back_y) = letterbox.back(x * gain + pad.0, y * gain + pad.1);
        // The padding is laid in whole pixels: up to three quarters of one from the ideal middle.
        prop_assert!((back_x - x).abs() * gain <= 0.76 && (back_y - y).abs() * gain <= 0.76);
    }

    #[test]
    fn whatever_a_model_gives_persons_are_finite_apart_and_in_the_picture(
        values in prop::collection::vec(prop_oneof![8 => -50f32..700.0, 2 => 0f32..1.0, 1 => any::<f32>()], 56 * 6),
    ) {
        let tensor = Tensor::f32(vec![1, 56, 6], values).unwrap();
        let letterbox = Letterbox::new((320, 200), (640, 640));
        let thresholds = Thresholds::default();
        let found = persons(&tensor, &letterbox, &thresholds).unwrap();
        for person in &found {
            prop_assert!(person.confidence > thresholds.confidence && person.confidence.is_finite());
            let inside = |x: f32, y: f32| (0.0..=320.0).contains(&x) && (0.0..=200.0).contains(&y);
            prop_assert!(inside(person.bbox[0], person.bbox[1]) && inside(person.bbox[2], person.bbox[3]));
            prop_assert!(person.keypoints.iter().all(|keypoint| inside(keypoint.x, keypoint.y) && keypoint.v.is_finite()));
        }
        prop_assert!(found.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
    }
}
