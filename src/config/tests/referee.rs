//! `[referee]`, and the names that installations of the original already set.

use std::path::PathBuf;

use super::*;

fn referee(sources: Sources) -> Referee {
    Config::load(sources).unwrap().referee
}

#[test]
fn the_referees_defaults_are_those_that_the_documents_promise() {
    let referee = Config::defaults().referee;
    assert!(referee.enabled && referee.overlap);
    assert_eq!(referee.max_sessions.get(), 10);
    assert_eq!(referee.memory_bytes, 2 << 30);
    assert_eq!(referee.session_timeout, Duration::from_secs(300));
    assert_eq!(referee.resume_window, Duration::from_secs(30));
    assert_eq!(referee.fsync, FsyncChoice::End);
    assert_eq!(referee.min_free_bytes, 256 << 20);
    assert_eq!(
        referee.output_dir,
        PathBuf::from("results/processed_phrases")
    );
    assert_eq!(referee.init_reference_xlsx, None);
    assert_eq!(referee.tokens, []);
    let remove_after = Some(Duration::from_secs(86_400));
    assert_eq!(referee.leftovers, LeftoverPolicy::Keep { remove_after });
}

#[test]
fn the_default_lens_is_the_originals() {
    let fisheye = RefereeFisheye {
        enabled: true,
        strength: -0.18,
        balance: 0.0,
        keep_audio: true,
        progress: false,
    };
    assert_eq!(Config::defaults().referee.fisheye, fisheye);
}

#[test]
fn an_installation_of_the_original_keeps_its_environment() {
    let config = Config::load(env(&[
        ("REFEREE_HOST", "0.0.0.0"),
        ("REFEREE_PORT", "9001"),
        ("REFEREE_LOG_LEVEL", "WARNING"),
        ("REFEREE_MAX_STREAMING_SESSIONS", "3"),
        ("REFEREE_MAX_STREAMING_MEMORY_MB", "512"),
        ("REFEREE_STREAMING_SESSION_TIMEOUT", "60"),
        ("REFEREE_STREAMING_ENABLED", "False"),
        ("REFEREE_OUTPUT_DIR", "/srv/results"),
        ("REFEREE_FISHEYE_ENABLED", "no"),
        ("REFEREE_FISHEYE_STRENGTH", "-0.25"),
        ("REFEREE_FISHEYE_BALANCE", "1"),
        ("REFEREE_FISHEYE_KEEP_AUDIO", "off"),
        ("REFEREE_FISHEYE_PROGRESS", "1"),
        ("REFEREE_INIT_REFERENCE_XLSX", "first.xlsx"),
    ]))
    .unwrap();
    let referee = config.referee;
    assert_eq!(config.listen.main.addr, addr("0.0.0.0:9001"));
    assert_eq!(
        config.log.filter,
        crate::telemetry::LogFilter::parse("warn").unwrap()
    );
    assert_eq!(referee.max_sessions.get(), 3);
    assert_eq!(referee.memory_bytes, 512 << 20);
    assert_eq!(referee.session_timeout, Duration::from_secs(60));
    assert_eq!(referee.output_dir, PathBuf::from("/srv/results"));
    assert_eq!(referee.init_reference_xlsx, Some("first.xlsx".into()));
    let fisheye = referee.fisheye;
    assert_eq!((fisheye.strength, fisheye.balance), (-0.25, 1.0));
    let switches = [
        referee.enabled,
        fisheye.enabled,
        fisheye.keep_audio,
        fisheye.progress,
    ];
    assert_eq!(switches, [false, false, false, true]);
}

#[test]
fn a_level_in_capitals_is_understood() {
    let config = Config::load(env(&[("REFEREE_LOG_LEVEL", "INFO")])).unwrap();
    assert_eq!(config.log.filter, Config::defaults().log.filter);
}

#[test]
fn the_model_is_a_name_or_a_path() {
    let model = |text| referee(env(&[("REFEREE_YOLO_MODEL", text)])).model;
    let named = ModelName::parse("fencer-keypoints").map(PoseModel::Named);
    assert_eq!(Some(model("fencer-keypoints")), named);
    for path in ["yolo11x-pose.onnx", "models/pose", "/srv/Pose.ONNX"] {
        assert_eq!(model(path), PoseModel::At(path.into()));
    }
}

#[test]
fn weights_of_pytorch_are_refused_with_the_command_that_exports_them() {
    let faults = faults(env(&[("REFEREE_YOLO_MODEL", "models/yolo11x-pose.pt")]));
    let [fault] = faults.as_slice() else {
        panic!("{faults:?}");
    };
    assert!(fault.contains("env REFEREE_YOLO_MODEL"), "{fault}");
    let command = "yolo export model=models/yolo11x-pose.pt format=onnx";
    assert!(fault.contains(command), "{fault}");
    assert!(fault.ends_with("name models/yolo11x-pose.onnx"), "{fault}");
}

#[test]
fn a_whole_number_will_do_for_a_decimal_and_another_layer_may_be_finer() {
    let mut sources = file("[referee]\nfisheye_balance = 1\nfisheye_strength = 0\n");
    sources.env = env(&[("REFEREE_FISHEYE_STRENGTH", "0.5")]).env;
    let fisheye = referee(sources).fisheye;
    assert_eq!((fisheye.balance, fisheye.strength), (1.0, 0.5));
}

#[test]
fn a_decimal_out_of_range_or_no_number_is_a_fault() {
    for value in ["-1.5", "nan", "inf", "\"wide\""] {
        let faults = faults(file(&format!("[referee]\nfisheye_strength = {value}\n")));
        let expected = "must be a number from -1.0 to 1.0; fix: correct it, or remove it for the default -0.18";
        assert!(faults[0].ends_with(expected), "{faults:?}");
    }
}

#[test]
fn client_tokens_are_parted_by_commas_and_shown_nowhere() {
    let (first, second) = ("correct-horse-battery", "staple-of-the-stable");
    let both = format!("{first}, {second}");
    let config = Config::load(env(&[("FRAMELOOM__REFEREE__TOKENS", &both)])).unwrap();
    let tokens = &config.referee.tokens;
    assert!(tokens.len() == 2 && tokens[1].matches(second) && !tokens[1].matches(first));
    assert!(!config.render().contains("horse") && !config.render().contains("staple"));
    let short = faults(env(&[(
        "FRAMELOOM__REFEREE__TOKENS",
        "correct-horse-battery,pony",
    )]));
    assert!(short.len() == 1 && !short[0].contains("pony"), "{short:?}");
}

#[test]
fn leftovers_may_be_kept_for_ever_or_not_at_all() {
    let policy = |text: &str| referee(file(&format!("[referee]\n{text}\n"))).leftovers;
    let for_ever = LeftoverPolicy::Keep { remove_after: None };
    assert_eq!(policy("leftovers_hours = 0"), for_ever);
    assert_eq!(policy("leftovers = \"remove\""), LeftoverPolicy::Remove);
}

#[test]
fn results_may_not_lie_where_uploads_are_cleaned_up() {
    let text = "[referee]\nspool_dir = \"data\"\noutput_dir = \"data/results\"\n";
    let faults = faults(file(text));
    assert!(
        faults[0].contains("outside referee.spool_dir"),
        "{faults:?}"
    );
}

#[test]
fn memory_too_small_for_one_frame_says_what_to_change() {
    let faults = faults(file("[referee]\nmemory_mb = 16\n"));
    assert!(
        faults[0].ends_with("raise it to 32 or lower referee.frame_bytes"),
        "{faults:?}"
    );
}

#[test]
fn more_uploads_than_sessions_are_a_fault() {
    let faults = faults(file("[referee]\nmax_sessions = 65\n"));
    assert!(
        faults[0].ends_with("lower it to 64 or raise sessions.max"),
        "{faults:?}"
    );
}
