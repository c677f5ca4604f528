//! The project's own Rust sources, as tests that judge them need them: comments gone, the contents of
//! strings gone, everything under `#[cfg(test)]` gone, every line where it was.
//!
//! Not a Rust parser: a lexer, which is enough to find paths and macro calls.

use std::fs;
use std::path::{Path, PathBuf};

/// One file.
pub struct Source {
    /// Its path from the repository's root, such as `src/media/jpeg.rs`.
    pub path: String,
    /// As it is.
    pub raw: String,
    /// Without comments and tests, strings kept.
    pub text: String,
    /// Without comments, tests and the contents of strings.
    pub code: String,
}

/// One token of a [`Source`]'s code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// An identifier, a number, `::`, or one other character.
    pub text: String,
    /// Its line, counted from 1.
    pub line: usize,
    /// Where it begins in the code, in bytes.
    pub at: usize,
}

impl Token {
    /// Whether it is an identifier or keyword.
    pub fn is_word(&self) -> bool {
        self.text
            .starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

impl Source {
    /// The source `raw` as if it stood in `path`.
    pub fn parse(path: &str, raw: &str) -> Self {
        let (text, code) = blank(raw);
        let tests = test_items(&code);
        let cut = |text: String| {
            tests
                .iter()
                .fold(text, |text, range| erase(&text, range.clone()))
        };
        Self {
            path: path.to_owned(),
            raw: raw.to_owned(),
            text: cut(text),
            code: cut(code),
        }
    }

    /// The modules from the crate's root to this file: `src/media/jpeg.rs` is `[media, jpeg]`.
    pub fn module(&self) -> Vec<&str> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let roots = ["lib", "main", "mod"];
        inner
            .split('/')
            .filter(|part| !roots.contains(part))
            .collect()
    }

    /// The code as tokens.
    pub fn tokens(&self) -> Vec<Token> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut chars = self.code.char_indices().peekable();
        let mut line = 1;
        while let Some((at, c)) = chars.next() {
            line += usize::from(c == '\n');
            if c.is_whitespace() {
                continue;
            }
            let mut text = String::from(c);
            let word = |c: char| c.is_alphanumeric() || c == '_';
            if word(c) {
                while let Some((_, c)) = chars.next_if(|(_, c)| word(*c)) {
                    text.push(c);
                }
            } else if c == ':' && chars.next_if(|(_, c)| *c == ':').is_some() {
                text.push(':');
            }
            tokens.push(Token { text, line, at });
        }
        tokens
    }
}

/// Every file under `src/`, without those that are only compiled for tests.
pub fn all() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    paths.sort();
    let relative = |path: &Path| {
        path.strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    let parse = |path: &PathBuf| Source::parse(&relative(path), &fs::read_to_string(path).unwrap());
    // By this project's habit: `tests.rs`, `machine_tests.rs`, or anything in a folder `tests`.
    let is_test = |path: &Path| path.components().any(|part| part.as_os_str() == "tests");
    let is_tests_file = |path: &Path| {
        path.file_stem()
            .is_some_and(|stem| stem.to_string_lossy().ends_with("tests"))
    };
    paths
        .iter()
        .filter(|path| !is_test(path) && !is_tests_file(path))
        .map(parse)
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The source twice, of equal length: without comments, and without the contents of strings too.
fn blank(raw: &str) -> (String, String) {
    let (mut text, mut code) = (raw.as_bytes().to_vec(), raw.as_bytes().to_vec());
    let bytes = raw.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &raw[at..];
        let (length, kind) = span(rest, raw[..at].chars().next_back());
        match kind {
            Kind::Comment => {
                spaces(&mut text[at..at + length]);
                spaces(&mut code[at..at + length]);
            }
            Kind::Quoted => spaces(&mut code[at + 1..at + length - 1]),
            Kind::Raw => spaces(&mut code[at..at + length]),
            Kind::Plain => {}
        }
        at += length;
    }
    (
        String::from_utf8(text).unwrap(),
        String::from_utf8(code).unwrap(),
    )
}

enum Kind {
    Comment,
    Quoted,
    Raw,
    Plain,
}

/// How long the comment, the literal or the character at the start of `rest` is, in bytes.
fn span(rest: &str, before: Option<char>) -> (usize, Kind) {
    let first = rest.chars().next().unwrap_or(' ');
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        (rest.find('\n').unwrap_or(rest.len()), Kind::Comment)
    } else if rest.starts_with("/*") {
        (block_comment(rest), Kind::Comment)
    } else if first == '"' {
        (quoted(rest, '"'), Kind::Quoted)
    } else if !in_word && let Some(length) = raw_string(rest) {
        (length, Kind::Raw)
    } else if first == '\'' && is_char_literal(rest) {
        (quoted(rest, '\''), Kind::Quoted)
    } else {
        (first.len_utf8(), Kind::Plain)
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#` and the like, also after `b`.
fn raw_string(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let opened = body[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = opened.find(&close)?;
    Some(rest.len() - opened.len() + end + close.len())
}

/// Not a lifetime.
fn is_char_literal(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    matches!(
        (chars.next(), chars.next()),
        (Some('\\'), _) | (Some(_), Some('\''))
    )
}

fn spaces(bytes: &mut [u8]) {
    bytes
        .iter_mut()
        .filter(|byte| **byte != b'\n')
        .for_each(|byte| *byte = b' ');
}

/// The ranges of items under `#[cfg(test)]`.
fn test_items(code: &str) -> Vec<std::ops::Range<usize>> {
    let item = |(start, _): (usize, &str)| start..start + item_length(&code[start..]);
    code.match_indices("#[cfg(test)]").map(item).collect()
}

/// To the end of the first block, or to the first semicolon outside of one.
fn item_length(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

fn erase(text: &str, range: std::ops::Range<usize>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    spaces(&mut bytes[range]);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn comments_strings_and_tests_are_blanked_and_lines_stay() {
    let raw = "use a; // use b\n/* c /* d */ */ let e = \"f \\\" g\"; let h: &'i str = r#\"j\"#;\n\
               #[cfg(test)]\nmod tests {\n use k; }\nlet l = 'm';\n";
    let source = Source::parse("src/x.rs", raw);
    let words: Vec<_> = source.tokens().into_iter().filter(Token::is_word).collect();
    let texts: Vec<_> = words.iter().map(|token| token.text.as_str()).collect();
    assert_eq!(
        texts,
        ["use", "a", "let", "e", "let", "h", "i", "str", "let", "l"]
    );
    assert_eq!(words.last().unwrap().line, 6);
}
