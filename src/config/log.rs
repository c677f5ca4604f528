//! `[log]`: fills telemetry's own plain settings.

use super::read::Reader;
use crate::telemetry::{LogConfig, LogFilter, LogFormat};

pub(super) fn read(reader: &mut Reader<'_>) -> LogConfig {
    let expected = "error, warn, info, debug, trace or off, or target=level pairs with commas";
    let filter = |text: &str| LogFilter::parse(text).ok();
    let formats = [("human", LogFormat::Human), ("json", LogFormat::Json)];
    LogConfig {
        filter: reader.text("log.level", expected, LogFilter::default(), filter),
        format: reader.choice("log.format", formats),
    }
}
