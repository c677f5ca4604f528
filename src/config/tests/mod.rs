//! The settings as a whole: precedence, provenance, faults, and the sample files.

mod referee;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use super::*;

fn file(text: &str) -> Sources {
    Sources {
        file: Some(("my.toml".into(), text.to_owned())),
        ..Sources::default()
    }
}

fn env(pairs: &[(&str, &str)]) -> Sources {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Sources {
        env: pairs.iter().map(own).collect(),
        ..Sources::default()
    }
}

fn faults(sources: Sources) -> Vec<String> {
    let errors = Config::load(sources).expect_err("faults");
    errors.faults().iter().map(ToString::to_string).collect()
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn the_defaults_are_those_that_the_documents_promise() {
    let config = Config::defaults();
    let bound: Vec<_> = config.listen.enabled().map(|listen| listen.addr).collect();
    let promised = [
        "127.0.0.1:8080",
        "127.0.0.1:8083",
        "127.0.0.1:8085",
        "127.0.0.1:9464",
    ];
    assert_eq!(bound, promised.map(addr));
    assert_eq!(config.server.drain_deadline, Duration::from_millis(1900));
    assert_eq!(config.limits.body_bytes, 32 << 20);
    assert_eq!(config.limits.image_pixels, 50_000_000);
    assert_eq!(config.gamecraft.on_full, OnFull::Refuse);
    assert_eq!(config.gamecraft.model.as_str(), "world-box");
    assert_eq!(config.admin.token, None);
}

#[test]
fn the_embedded_document_has_exactly_the_keys_that_are_read() {
    let (merged, faults) = layers::merge(&Sources::default());
    let mut reader = read::Reader::new(&merged);
    Sections::read(&mut reader);
    let written: BTreeSet<String> = merged.iter().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(faults, []);
    assert_eq!(&written, reader.keys_read());
}

#[test]
fn the_embedded_document_gives_a_reason_for_every_key() {
    let lines: Vec<&str> = DOCUMENT.lines().collect();
    let is_key = |line: &str| line.contains(" = ") && !line.starts_with('#');
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| is_key(line)) {
        let above = lines[..index]
            .iter()
            .rev()
            .find(|line| !is_key(line) && !line.starts_with('['));
        assert!(
            above.is_some_and(|line| line.starts_with('#') || line.is_empty()),
            "{line}"
        );
    }
}

#[test]
fn a_file_that_repeats_the_document_changes_nothing_but_the_origins() {
    let config = Config::load(file(DOCUMENT)).unwrap();
    let defaults = Config::defaults();
    let settings =
        |config: &Config| format!("{:?}", (&config.server, &config.listen, &config.limits));
    assert_eq!(settings(&config), settings(&defaults));
    assert_eq!(config.gamecraft, defaults.gamecraft);
}

#[test]
fn every_profile_loads() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/profiles");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = Some((path, text));
        Config::load(Sources {
            file,
            ..Sources::default()
        })
        .unwrap();
    }
}

#[test]
fn flags_win_over_the_environment_which_wins_over_the_file() {
    let mut sources = file("[limits]\nviewers = 1\nconnections = 1\nprompt_chars = 1\n");
    sources.env = env(&[
        ("FRAMELOOM__LIMITS__VIEWERS", "2"),
        ("FRAMELOOM__LIMITS__CONNECTIONS", "2"),
    ])
    .env;
    sources.flags = vec![Flag::new("--viewers", "limits.viewers", "3")];
    let config = Config::load(sources).unwrap();
    let limits = &config.limits;
    let values = (
        limits.prompt_chars,
        limits.connections.get(),
        limits.viewers.get(),
    );
    assert_eq!(values, (1, 2, 3));
}

#[test]
fn each_value_says_where_it_came_from() {
    let mut sources = file("[limits]\nviewers = 5\n");
    sources.env = env(&[("STREAMING_PORT", "9000")]).env;
    sources.flags = vec![Flag::new("--host", "server.host", "0.0.0.0")];
    let config = Config::load(sources).unwrap();
    let origin = |key| config.origin_of(key).unwrap().to_string();
    assert_eq!(origin("limits.viewers"), "my.toml:2");
    assert_eq!(origin("listen.gamecraft.port"), "env STREAMING_PORT");
    assert_eq!(origin("server.host"), "flag --host");
    assert_eq!(origin("server.workers"), "default");
    assert_eq!(config.origin_of("server.nonsense"), None);
}

#[test]
fn every_alias_sets_a_key_that_exists() {
    for alias in env::ALIASES {
        assert!(
            Config::defaults().origin_of(alias.key).is_some(),
            "{alias:?}"
        );
    }
}

#[test]
fn a_generic_name_wins_over_an_alias() {
    let both = [
        ("STREAMING_PORT", "1111"),
        ("FRAMELOOM__LISTEN__GAMECRAFT__PORT", "2222"),
    ];
    assert_eq!(
        Config::load(env(&both))
            .unwrap()
            .listen
            .gamecraft
            .addr
            .port(),
        2222
    );
}

#[test]
fn the_host_moves_every_listener_but_the_admin_one() {
    let mut sources = file("[listen.main]\nhost = \"::1\"\n");
    sources.flags = vec![Flag::new("--host", "server.host", "0.0.0.0")];
    let listen = Config::load(sources).unwrap().listen;
    let ips =
        [listen.main, listen.gamecraft, listen.admin].map(|listen| listen.addr.ip().to_string());
    assert_eq!(ips, ["::1", "0.0.0.0", "127.0.0.1"]);
}

#[test]
fn all_faults_of_all_layers_come_at_once() {
    let mut sources = file("[limits]\nbody_bytes = \"lots\"\nviewrs = 3\n\n[gamecraft]\nfps = 0\n");
    sources.env = env(&[
        ("FRAMELOOM__SERVER__HOSTS", "x"),
        ("FRONTEND_PORT", "99999"),
    ])
    .env;
    sources.flags = vec![Flag::new("--log-format", "log.format", "yaml")];
    let faults = faults(sources);
    assert_eq!(faults.len(), 6, "{faults:#?}");
}

#[test]
fn a_fault_names_key_value_origin_and_fix() {
    let faults = faults(file("[gamecraft]\n# slow\nfps = 0\n"));
    let expected = "gamecraft.fps = 0 (my.toml:3): must be a whole number from 1 to 120; \
                    fix: correct it, or remove it for the default 30";
    assert_eq!(faults, [expected]);
}

#[test]
fn an_unknown_key_in_a_file_suggests_the_key() {
    let faults = faults(file("[limits]\nbody_byte = 3\n"));
    assert!(
        faults[0].ends_with("no such key; fix: did you mean limits.body_bytes?"),
        "{faults:?}"
    );
}

#[test]
fn an_unknown_name_in_the_environment_suggests_the_name() {
    let faults = faults(env(&[("FRAMELOOM__LISTEN__MIAN__PORT", "3")]));
    let expected = "did you mean FRAMELOOM__LISTEN__MAIN__PORT?";
    assert!(faults[0].ends_with(expected), "{faults:?}");
}

#[test]
fn a_key_without_its_section_suggests_the_whole_key() {
    let faults = faults(file("action_hold_ms = 100\n"));
    assert!(
        faults[0].ends_with("did you mean gamecraft.action_hold_ms?"),
        "{faults:?}"
    );
}

#[test]
fn a_key_in_the_wrong_section_suggests_the_right_one() {
    let faults = faults(file("[server]\nmax_streams = 1\n"));
    assert!(
        faults[0].ends_with("did you mean gamecraft.max_streams?"),
        "{faults:?}"
    );
}

#[test]
fn a_key_like_no_other_gets_no_suggestion() {
    let faults = faults(file("[telepathy]\nrange = 3\n"));
    assert!(faults[0].contains("remove it"), "{faults:?}");
}

#[test]
fn a_syntax_fault_is_told_once_with_its_line_and_hides_no_other() {
    let faults = faults(file("[limits]\nviewrs = = 3\n\n[gamecraft]\nfps = 0\n"));
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults[0].starts_with("(my.toml:2): not valid TOML"),
        "{faults:?}"
    );
    assert!(faults[1].starts_with("gamecraft.fps"), "{faults:?}");
}

#[test]
fn a_key_given_twice_is_a_fault() {
    assert!(!faults(file("[gamecraft]\nfps = 1\nfps = 2\n")).is_empty());
}

#[test]
fn the_admin_listener_on_a_network_wants_a_token() {
    let exposed = "[listen.admin]\nhost = \"0.0.0.0\"\n";
    let faults = faults(file(exposed));
    assert!(faults[0].contains("needs a token"), "{faults:?}");
    let mut guarded = file(exposed);
    guarded.env = env(&[("FRAMELOOM__ADMIN__TOKEN", "correct-horse-battery")]).env;
    let config = Config::load(guarded).unwrap();
    assert!(config.admin.token.unwrap().matches("correct-horse-battery"));
}

#[test]
fn a_token_is_shown_nowhere() {
    let secret = "correct-horse-battery";
    let config = Config::load(env(&[("FRAMELOOM__ADMIN__TOKEN", secret)])).unwrap();
    assert!(!config.render().contains(secret));
    assert!(!format!("{:?}", config.admin).contains(secret));
    let short = faults(env(&[("FRAMELOOM__ADMIN__TOKEN", "horse")]));
    assert!(!short[0].contains("\"horse\""), "{short:?}");
}

#[test]
fn two_listeners_on_one_address_are_a_fault_that_names_both() {
    let faults = faults(env(&[("FRONTEND_PORT", "8083")]));
    assert!(
        faults[0].starts_with("listen.gamecraft_page.port = 8083"),
        "{faults:?}"
    );
    assert!(
        faults[0].contains("listen.gamecraft.port listens there already"),
        "{faults:?}"
    );
}

#[test]
fn a_listener_that_is_off_takes_no_address() {
    let mut sources = env(&[("FRONTEND_PORT", "8083")]);
    sources.flags = vec![Flag::new("--set", "listen.gamecraft.enabled", "false")];
    assert_eq!(Config::load(sources).unwrap().listen.enabled().count(), 3);
}

#[test]
fn a_body_too_small_for_an_image_says_what_to_change() {
    let faults = faults(file("[limits]\nbody_bytes = 1_048_576\n"));
    assert!(
        faults[0].contains("raise it to 27962028 or lower limits.image_bytes"),
        "{faults:?}"
    );
}

#[test]
fn what_is_printed_loads_to_the_same_settings() {
    let mut sources = file("[limits]\nviewers = 5\n");
    sources.flags = vec![Flag::new(
        "--pid-file",
        "server.pid_file",
        "/run/my \"loom\".pid",
    )];
    let config = Config::load(sources).unwrap();
    let again = Config::load(file(&config.render())).unwrap();
    assert_eq!(again.limits, config.limits);
    assert_eq!(again.server, config.server);
    assert_eq!(again.log, config.log);
}
