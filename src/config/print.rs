//! The merged settings as text: what `frameloom config print` shows.
//!
//! Invariant: the text is TOML that loads to the same settings, but for hidden secrets.

use std::fmt::Write as _;

use super::fault::shown;
use super::layers::Merged;

/// One `key = value  # origin` a line, the origins aligned.
pub(super) fn render(merged: &Merged) -> String {
    let line = |key: &str, value: &str| format!("{key} = {}", shown(key, value));
    let lines: Vec<_> = merged
        .iter()
        .map(|(key, setting)| (line(key, &setting.value.to_string()), &setting.origin))
        .collect();
    let width = lines
        .iter()
        .map(|(text, _)| text.chars().count())
        .max()
        .unwrap_or(0);
    lines
        .iter()
        .fold(String::new(), |mut page, (text, origin)| {
            // Writing to a string cannot fail.
            let _ = writeln!(page, "{text:width$}  # {origin}");
            page
        })
}
