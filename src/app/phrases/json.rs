//! JSON as Python's `json.dumps` writes it: with `NaN` and `Infinity`, which JSON has not, where a number is missing.
//!
//! Invariant: what is not one of these words, or stands in a text, stays as it is.

use std::borrow::Cow;

/// Python's words that JSON has not, longest first where one begins another.
const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// The same with `null` for each word that is no JSON.
pub(super) fn without_python_s_words(line: &[u8]) -> Cow<'_, [u8]> {
    if !WORDS.iter().any(|word| holds(line, word)) {
        return Cow::Borrowed(line);
    }
    let mut out = Vec::with_capacity(line.len());
    let (mut rest, mut in_text) = (line, false);
    while let Some(byte) = rest.first() {
        let word = WORDS.iter().find(|word| !in_text && rest.starts_with(word));
        let taken = match (word, byte) {
            (Some(word), _) => {
                out.extend(b"null");
                rest = &rest[word.len()..];
                continue;
            }
            // What is escaped, a quote among others, goes along.
            (None, b'\\') if in_text => rest.len().min(2),
            (None, b'"') => {
                in_text = !in_text;
                1
            }
            (None, _) => 1,
        };
        out.extend(&rest[..taken]);
        rest = &rest[taken..];
    }
    Cow::Owned(out)
}

fn holds(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> String {
        String::from_utf8(without_python_s_words(line.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn words_that_are_no_json_become_null() {
        assert_eq!(
            read(r#"{"a": [NaN, 1.5,-Infinity,Infinity], "b":NaN}"#),
            r#"{"a": [null, 1.5,null,null], "b":null}"#
        );
    }

    #[test]
    fn texts_keep_them() {
        for line in [
            r#"{"NaN": "NaN"}"#,
            r#"["a \" NaN", "\\"]"#,
            r#"["\\", "Infinity"]"#,
            r#"["NaN\"#,
        ] {
            assert_eq!(read(line), line);
        }
    }
}
