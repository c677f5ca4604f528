//! PTX text to tokens.
//!
//! Not responsible for what they mean. Invariant: comments and white space are gone, and each token knows its line.

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Names, numbers, opcodes with their parts, directives: `%f1`, `0f3F800000`, `add.s32`, `.reg`.
    Word(String),
    /// Any other character.
    Mark(char),
}

/// A token and the line that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub line: u32,
}

impl Token {
    /// The token as it is written.
    pub fn text(&self) -> String {
        match &self.kind {
            Kind::Word(word) => word.clone(),
            Kind::Mark(mark) => mark.to_string(),
        }
    }
}

fn of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '%' | '.')
}

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            c if of_a_word(c) => rest.find(|c| !of_a_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        if of_a_word(c) {
            let kind = Kind::Word(token.to_owned());
            tokens.push(Token { kind, line });
        } else if length == c.len_utf8() && !c.is_whitespace() {
            let kind = Kind::Mark(c);
            tokens.push(Token { kind, line });
        }
        line += token.matches('\n').count() as u32;
        rest = behind;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).iter().map(Token::text).collect()
    }

    #[test]
    fn an_instruction_falls_into_words_and_marks() {
        assert_eq!(
            texts("@!%p1 ld.global.nc.f32 %f1, [%rd2+-4];"),
            [
                "@",
                "!",
                "%p1",
                "ld.global.nc.f32",
                "%f1",
                ",",
                "[",
                "%rd2",
                "+",
                "-",
                "4",
                "]",
                ";"
            ]
        );
    }

    #[test]
    fn comments_are_no_tokens_and_lines_are_counted_through_them() {
        let found = tokens("// one\n/* two\nthree */ ret;\n\n%r1");
        let lines: Vec<_> = found.iter().map(|t| (t.text(), t.line)).collect();
        assert_eq!(
            lines,
            [("ret".into(), 3), (";".into(), 3), ("%r1".into(), 5)]
        );
    }
}
