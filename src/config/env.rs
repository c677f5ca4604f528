//! The names of the environment that set a key: the only place that knows them.
//!
//! Every key has the generic name `FRAMELOOM__SECTION__KEY`; some have an older name that existing
//! installations already set, with values in the words of the program that it was made for. Where
//! both are set, the generic one wins.

use std::borrow::Cow;

/// What every generic name begins with.
pub const PREFIX: &str = "FRAMELOOM__";

/// A name that another program or an original server gave a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// The name.
    pub name: &'static str,
    /// The key that it sets.
    pub key: &'static str,
    /// How its values are written.
    words: Words,
}

/// How the values of an alias are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    /// As ours are.
    Ours,
    /// A switch as the original read it: off for `0`, `false`, `no` and `off`, on for anything else.
    Switch,
    /// A level as Python names it, usually in capitals.
    Level,
}

use Words::{Level, Ours, Switch};

/// Every alias.
pub const ALIASES: [Alias; 18] = [
    alias("STREAMING_PORT", "listen.gamecraft.port", Ours),
    alias("FRONTEND_PORT", "listen.gamecraft_page.port", Ours),
    alias("RUST_LOG", "log.level", Ours),
    alias("REFEREE_HOST", "listen.main.host", Ours),
    alias("REFEREE_PORT", "listen.main.port", Ours),
    alias("REFEREE_LOG_LEVEL", "log.level", Level),
    alias("REFEREE_STREAMING_ENABLED", "referee.enabled", Switch),
    alias(
        "REFEREE_MAX_STREAMING_SESSIONS",
        "referee.max_sessions",
        Ours,
    ),
    alias("REFEREE_MAX_STREAMING_MEMORY_MB", "referee.memory_mb", Ours),
    alias(
        "REFEREE_STREAMING_SESSION_TIMEOUT",
        "referee.session_timeout_s",
        Ours,
    ),
    alias("REFEREE_YOLO_MODEL", "referee.model", Ours),
    alias("REFEREE_OUTPUT_DIR", "referee.output_dir", Ours),
    alias("REFEREE_FISHEYE_ENABLED", "referee.fisheye_enabled", Switch),
    alias("REFEREE_FISHEYE_STRENGTH", "referee.fisheye_strength", Ours),
    alias("REFEREE_FISHEYE_BALANCE", "referee.fisheye_balance", Ours),
    alias(
        "REFEREE_FISHEYE_KEEP_AUDIO",
        "referee.fisheye_keep_audio",
        Switch,
    ),
    alias(
        "REFEREE_FISHEYE_PROGRESS",
        "referee.fisheye_progress",
        Switch,
    ),
    alias(
        "REFEREE_INIT_REFERENCE_XLSX",
        "referee.init_reference_xlsx",
        Ours,
    ),
];

const fn alias(name: &'static str, key: &'static str, words: Words) -> Alias {
    Alias { name, key, words }
}

/// The generic name of `key`: `listen.main.port` is `FRAMELOOM__LISTEN__MAIN__PORT`.
pub fn name_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// The key that a name means, whether or not there is such a key; `None` for another program's name.
pub fn key_of(name: &str) -> Option<String> {
    let generic = |rest: &str| rest.replace("__", ".").to_lowercase();
    let older = || find(name).map(|alias| alias.key.to_owned());
    name.strip_prefix(PREFIX).map(generic).or_else(older)
}

/// The value of `name` in our words.
pub(super) fn value_of<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    match find(name).map(|alias| alias.words) {
        None | Some(Ours) => value.into(),
        Some(Switch) => switch(value).into(),
        Some(Level) => level(value),
    }
}

fn find(name: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.name == name)
}

fn switch(value: &str) -> &'static str {
    match value.trim().to_lowercase().as_str() {
        "0" | "false" | "no" | "off" => "false",
        _ => "true",
    }
}

fn level(value: &str) -> Cow<'_, str> {
    match value.trim().to_lowercase().as_str() {
        "warning" => "warn".into(),
        "critical" | "fatal" => "error".into(),
        // Python's way of saying that nothing is left out.
        "notset" => "trace".into(),
        ours => ours.to_owned().into(),
    }
}

/// Whether `name` is an alias, which yields to a generic name.
pub(super) fn is_alias(name: &str) -> bool {
    !name.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generic_name_leads_back_to_its_key() {
        let key = "listen.gamecraft_page.port";
        assert_eq!(name_of(key), "FRAMELOOM__LISTEN__GAMECRAFT_PAGE__PORT");
        assert_eq!(key_of(&name_of(key)).as_deref(), Some(key));
    }

    #[test]
    fn names_of_other_programs_are_not_ours() {
        assert_eq!(key_of("PATH"), None);
        assert_eq!(key_of("FRAMELOOMX"), None);
    }

    #[test]
    fn a_switch_of_the_original_is_off_for_four_words_only() {
        let read = |value| value_of("REFEREE_FISHEYE_ENABLED", value);
        for off in ["0", "false", "no", "off", " FALSE ", "Off"] {
            assert_eq!(read(off), "false", "{off:?}");
        }
        for on in ["1", "true", "yes", "on", "", "disabled"] {
            assert_eq!(read(on), "true", "{on:?}");
        }
    }

    #[test]
    fn a_generic_name_takes_our_words_only() {
        assert_eq!(value_of("FRAMELOOM__REFEREE__ENABLED", "no"), "no");
    }

    #[test]
    fn levels_of_python_are_translated() {
        let read = |value| value_of("REFEREE_LOG_LEVEL", value);
        let levels = ["INFO", "WARNING", "CRITICAL", "debug", "NOTSET"].map(read);
        assert_eq!(levels, ["info", "warn", "error", "debug", "trace"]);
    }
}
