//! Which names may become folders.

/// Bytes of the longest name.
pub const LONGEST_NAME: usize = 128;

/// Whether `name` is one plain component of a path: not empty, at most [`LONGEST_NAME`] bytes, not
/// `.` or `..`, without separators and control characters.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |c: char| !c.is_control() && c != '/' && c != '\\';
    let fits = (1..=LONGEST_NAME).contains(&name.len());
    fits && name != "." && name != ".." && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_component_is_a_name() {
        for name in [
            "phrase_20251106_123045",
            "a b",
            "..a",
            "Säbel",
            &"x".repeat(128),
        ] {
            assert!(is_name(name), "{name:?}");
        }
    }

    #[test]
    fn whatever_could_lead_elsewhere_is_no_name() {
        let long = "x".repeat(129);
        for name in [
            "", ".", "..", "../x", "a/b", "a\\b", "/", "a\0", "a\nb", "\u{85}", &long,
        ] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
