//! Structured logs on standard error, for people or for a collector.
//!
//! Messages are lower case without a full stop; what varies goes into fields. Prompts and images are
//! never logged at info or above. A test reads the sources for both.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;

/// What is logged and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogConfig {
    /// Which events.
    pub filter: LogFilter,
    /// In which form.
    pub format: LogFormat,
}

/// In which form events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One line an event, coloured on a terminal unless `NO_COLOR` is set.
    #[default]
    Human,
    /// One JSON object an event.
    Json,
}

/// Which events are logged: directives such as `info` or `info,frameloom::session=debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

/// The text is not a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a level nor target=level")]
pub struct LogFilterError(String);

impl LogFilter {
    /// The filter in `text`. A bare word must be a level: the subscriber would take a misspelt one for
    /// the name of a target, and then log nothing.
    ///
    /// # Errors
    /// The first directive that is not one.
    pub fn parse(text: &str) -> Result<Self, LogFilterError> {
        let wrong = |part: &&str| !is_directive(part);
        let refuse = |part: &str| Err(LogFilterError(part.to_owned()));
        match text.split(',').find(wrong) {
            Some(part) => refuse(part),
            None if EnvFilter::try_new(text).is_err() => refuse(text),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

fn is_directive(part: &str) -> bool {
    let level = part
        .rsplit_once('=')
        .map_or(part, |(_, level)| level)
        .trim();
    level.parse::<LevelFilter>().is_ok() && !level.is_empty()
}

/// A subscriber was there already.
#[derive(Debug, thiserror::Error)]
#[error("logging was set up before")]
pub struct LogInitError;

/// Libraries whose every start and stop would be told twice: the app says it in its own words. A directive that names
/// one of them wins.
const QUIET: &str = "actix_server=warn";

/// Sends the process's events to standard error from now on.
///
/// # Errors
/// When a subscriber was set before.
pub fn init(config: &LogConfig) -> Result<(), LogInitError> {
    let filter = EnvFilter::new(format!("{QUIET},{}", config.filter.0));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let done = match config.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        // A terminal keeps the subscriber's own choice, which heeds NO_COLOR.
        LogFormat::Human if std::io::stderr().is_terminal() => lines.compact().try_init(),
        LogFormat::Human => lines.compact().with_ansi(false).try_init(),
    };
    done.map_err(|_| LogInitError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_targets_are_filters() {
        for text in [
            "info",
            "off",
            "DEBUG",
            "warn,frameloom::session=trace",
            "actix_web=error",
        ] {
            assert!(LogFilter::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_level_is_not_taken_for_a_target() {
        for text in ["", "inof", "info,", "frameloom=loud", "info,verbose"] {
            assert!(LogFilter::parse(text).is_err(), "{text}");
        }
    }
}
