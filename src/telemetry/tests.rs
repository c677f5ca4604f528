//! What is recorded is what is exported. The recorder is the process's, so that each test uses a
//! pipeline or listener of its own.

use std::time::Duration;

use super::labels::*;
use super::*;

fn rendered() -> String {
    install().unwrap().render()
}

#[test]
fn installing_twice_gives_the_same_recorder() {
    let first = install().unwrap();
    AdmissionMeters::new(&"twice".into()).rejected(RejectReason::Full);
    let line = r#"frameloom_saturated_total{pipeline="twice"} 1"#;
    assert!(first.render().contains(line) && rendered().contains(line));
}

#[test]
fn the_build_and_the_process_are_exported() {
    let text = rendered();
    let build = concat!(
        r#"frameloom_build_info{version=""#,
        env!("CARGO_PKG_VERSION"),
        r#""} 1"#
    );
    assert!(text.contains(build), "{text}");
    assert!(text.contains("process_resident_memory_bytes "), "{text}");
}

#[test]
fn a_frame_time_falls_into_the_bucket_of_its_bound() {
    install().unwrap();
    let meters = FrameMeters::new(&"buckets".into(), ["input", "encode"]);
    meters.stage(1, Duration::from_micros(33_300));
    let text = rendered();
    let bucket = |le: &str, n: u32| {
        format!(
            r#"frameloom_stage_duration_seconds_bucket{{pipeline="buckets",stage="encode",le="{le}"}} {n}"#
        )
    };
    assert!(text.contains(&bucket("0.02", 0)), "{text}");
    assert!(text.contains(&bucket("0.0333", 1)), "{text}");
}

#[test]
fn a_session_is_in_one_state_at_a_time_and_ends_once() {
    install().unwrap();
    let mut meter = SessionMeter::start(&"states".into(), SessionState::Idle);
    meter.change(SessionState::Running);
    let text = rendered();
    assert!(
        text.contains(r#"frameloom_sessions{pipeline="states",state="idle"} 0"#),
        "{text}"
    );
    assert!(
        text.contains(r#"frameloom_sessions{pipeline="states",state="running"} 1"#),
        "{text}"
    );
    meter.end(EndReason::Stopped);
    let text = rendered();
    assert!(
        text.contains(r#"frameloom_sessions{pipeline="states",state="running"} 0"#),
        "{text}"
    );
    let ended = |reason| {
        format!(r#"frameloom_sessions_ended_total{{pipeline="states",reason="{reason}"}} 1"#)
    };
    assert!(
        text.contains(&ended("stopped")) && !text.contains(&ended("lost")),
        "{text}"
    );
}

#[test]
fn a_session_that_vanishes_counts_as_lost() {
    install().unwrap();
    drop(SessionMeter::start(&"vanish".into(), SessionState::Idle));
    let line = r#"frameloom_sessions_ended_total{pipeline="vanish",reason="lost"} 1"#;
    assert!(rendered().contains(line));
}

#[test]
fn viewers_count_while_they_watch() {
    install().unwrap();
    let meters = ViewerMeters::new(&"viewers".into());
    let mut viewer = meters.watch();
    viewer.got(7);
    viewer.got(10);
    assert!(rendered().contains(r#"frameloom_viewers{pipeline="viewers"} 1"#));
    drop(viewer);
    let text = rendered();
    assert!(
        text.contains(r#"frameloom_viewers{pipeline="viewers"} 0"#),
        "{text}"
    );
    let skipped = r#"frameloom_viewer_frames_total{pipeline="viewers",outcome="skipped"} 2"#;
    assert!(text.contains(skipped), "{text}");
}

#[test]
fn an_engine_is_in_one_state_at_a_time() {
    install().unwrap();
    let meters = EngineMeters::new(&Label::configured("box"), &"cpu0".into());
    meters.state(EngineState::Ready);
    meters.ran(3, RunOutcome::Ok);
    let text = rendered();
    assert!(
        text.contains(r#"frameloom_engine_state{engine="box",device="cpu0",state="unloaded"} 0"#),
        "{text}"
    );
    assert!(
        text.contains(r#"frameloom_engine_state{engine="box",device="cpu0",state="ready"} 1"#),
        "{text}"
    );
    assert!(
        text.contains(r#"frameloom_batch_size_bucket{engine="box",device="cpu0",le="4"} 1"#),
        "{text}"
    );
}

#[test]
fn a_status_is_a_label_and_nonsense_is_not() {
    install().unwrap();
    let meters = HttpMeters::new(&"statuses".into());
    for status in [200, 200, 0, 99, 600, u16::MAX] {
        meters.answered(status, Duration::from_millis(1));
    }
    let text = rendered();
    let lines = text
        .lines()
        .filter(|line| line.contains(r#"requests_total{listener="statuses""#));
    let expected = [r#"frameloom_http_requests_total{listener="statuses",status="200"} 2"#];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[test]
fn close_codes_that_clients_make_up_share_one_label() {
    install().unwrap();
    for code in 4_000..4_900 {
        socket_closed(code);
    }
    let text = rendered();
    let series = text
        .lines()
        .filter(|line| line.starts_with("frameloom_ws_close_total{"));
    assert_eq!(series.filter(|line| line.contains("\"4")).count(), 0);
    assert!(
        text.contains(r#"frameloom_ws_close_total{code="other"}"#),
        "{text}"
    );
}

#[test]
fn every_series_has_a_type_and_a_help_line() {
    install().unwrap();
    let _admission = AdmissionMeters::new(&"help".into());
    let text = rendered();
    let name = metrics::ADMISSION_REJECTED.name;
    assert!(
        text.contains(&format!(
            "# HELP {name} {}",
            metrics::ADMISSION_REJECTED.help
        )),
        "{text}"
    );
    assert!(text.contains(&format!("# TYPE {name} counter")), "{text}");
}

#[test]
fn every_metric_of_the_table_is_exported_once_its_meter_is_used() {
    install().unwrap();
    let label = || Label::fixed("all");
    let took = Duration::from_millis(20);
    let frames = FrameMeters::new(&label(), ["infer"]);
    frames.stage(0, took);
    frames.delivered(took);
    frames.first(took);
    frames.interval(took);
    let _viewers = ViewerMeters::new(&label());
    let _admission = AdmissionMeters::new(&label());
    QueueMeter::new(Queue::Codec).set(0);
    upload_memory().set(0.0);
    bout_memory().set(0.0);
    spool_free().set(0.0);
    GpuMeters::new(&label()).up(true);
    EngineMeters::new(&label(), &label()).ran(1, RunOutcome::Ok);
    HttpMeters::new(&label()).answered(200, took);
    let _ingest = IngestMeters::new(&label());
    let text = rendered();
    let missing = |metric: &&metrics::Metric| !text.contains(&format!("\n{}", metric.name));
    let missing: Vec<_> = metrics::ALL
        .iter()
        .filter(missing)
        .map(|m| m.name)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_pipelines_counters_begin_at_zero() {
    install().unwrap();
    let _admission = AdmissionMeters::new(&"zero".into());
    let _frames = FrameMeters::new(&"zero".into(), []);
    let text = rendered();
    for line in [
        r#"frameloom_frames_total{pipeline="zero"} 0"#,
        r#"frameloom_sessions_ended_total{pipeline="zero",reason="failed"} 0"#,
        r#"frameloom_admission_rejected_total{pipeline="zero",reason="full"} 0"#,
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}
