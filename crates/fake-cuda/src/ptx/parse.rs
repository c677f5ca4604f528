//! PTX tokens to a program: directives, declarations and the frame of each kernel.
//!
//! Not responsible for single instructions. Invariant: a program that is given out can be run; what cannot is an error
//! that names it.

use super::{
    PtxError,
    instruction::{Argument, Body},
    lexer::{Kind, Token, tokens},
    op::{Kernel, Parameter},
    types::Type,
};
use std::sync::Arc;

/// A variable of a module in global memory, and what it holds at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a module's text says.
#[derive(Debug)]
pub struct Program {
    /// The version of the language, such as 78 for 7.8.
    pub version: u32,
    /// The oldest compute capability that it is for, such as 75 for 7.5.
    pub target: u32,
    /// Variables in the order of their numbers.
    pub variables: Vec<Variable>,
    /// Its kernels.
    pub kernels: Vec<Arc<Kernel>>,
}

/// Reads a module.
///
/// # Errors
/// [`PtxError`] for the first thing that is not understood.
pub fn parse(text: &str) -> Result<Program, PtxError> {
    let mut parser = Parser {
        tokens: tokens(text),
        at: 0,
    };
    let mut program = Program {
        version: 0,
        target: 0,
        variables: Vec::new(),
        kernels: Vec::new(),
    };
    while parser.at < parser.tokens.len() {
        parser.directive(&mut program)?;
    }
    Ok(program)
}

/// A place among the tokens.
pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn directive(&mut self, program: &mut Program) -> Result<(), PtxError> {
        let word = self.word("a directive")?;
        match word.as_str() {
            ".version" => program.version = self.number_of(|word| word.replace('.', ""))?,
            ".target" => program.target = self.number_of(|word| word.replace("sm_", ""))?,
            ".address_size" => self.address_size()?,
            ".visible" => {}
            ".global" => {
                let variable = self.variable()?;
                program.variables.push(variable);
            }
            ".entry" => {
                let kernel = self.kernel(&program.variables)?;
                program.kernels.push(Arc::new(kernel));
            }
            _ => return Err(self.unsupported(word)),
        }
        Ok(())
    }

    fn address_size(&mut self) -> Result<(), PtxError> {
        match self.number_of(str::to_owned)? {
            64 => Ok(()),
            other => Err(self.unsupported(format!(".address_size {other}"))),
        }
    }

    /// `.align 4 .b8 name[24] = {65, 144};` after `.global`.
    fn variable(&mut self) -> Result<Variable, PtxError> {
        let (_, ty, name, mut count) = self.declaration()?;
        let mut bytes = Vec::new();
        if self.takes('=') {
            let many = self.takes('{');
            loop {
                let value = self.number()?;
                bytes.extend_from_slice(&value.to_le_bytes()[..ty.bytes()]);
                if !self.takes(',') {
                    break;
                }
            }
            if many {
                self.mark('}')?;
            }
        }
        count = count.max(1);
        bytes.resize(count as usize * ty.bytes(), 0);
        self.mark(';')?;
        Ok(Variable { name, bytes })
    }

    /// Alignment (or that of the type), type, name and number of elements (0 when it is no array).
    fn declaration(&mut self) -> Result<(usize, Type, String, u32), PtxError> {
        let mut word = self.word("a type")?;
        let mut align = 0;
        if word == ".align" {
            align = self.number_of(str::to_owned)?;
            word = self.word("a type")?;
        }
        let ty = self.type_of(&word)?;
        let name = self.word("a name")?;
        let mut count = 0;
        if self.takes('[') {
            count = self.number_of(str::to_owned)?;
            self.mark(']')?;
        }
        Ok(((align as usize).max(ty.bytes()), ty, name, count))
    }

    fn kernel(&mut self, variables: &[Variable]) -> Result<Kernel, PtxError> {
        let name = self.word("the kernel's name")?;
        let parameters = self.parameters()?;
        let mut body = Body::new(variables, parameters);
        self.mark('{')?;
        while !self.takes('}') {
            self.statement(&mut body)?;
        }
        body.finish(name)
    }

    fn parameters(&mut self) -> Result<Vec<Parameter>, PtxError> {
        let mut parameters: Vec<Parameter> = Vec::new();
        self.mark('(')?;
        while !self.takes(')') {
            self.takes(',');
            self.exactly(".param")?;
            let (align, ty, name, count) = self.declaration()?;
            let end = parameters.last().map_or(0, |p| p.offset + p.bytes);
            parameters.push(Parameter {
                name,
                offset: end.next_multiple_of(align),
                bytes: ty.bytes() * count.max(1) as usize,
            });
        }
        Ok(parameters)
    }

    fn statement(&mut self, body: &mut Body) -> Result<(), PtxError> {
        let line = self.line();
        let guard = self.guard()?;
        let word = self.word("an instruction")?;
        match word.as_str() {
            ".reg" => self.registers(body)?,
            ".local" => {
                let (align, ty, name, count) = self.declaration()?;
                body.local(name, align, ty.bytes() * count.max(1) as usize);
            }
            ".pragma" => self.skip_to_end()?,
            _ if word.starts_with('.') => return Err(self.unsupported(word)),
            _ if self.takes(':') => {
                body.label(word);
                return Ok(());
            }
            _ => {
                let arguments = self.arguments()?;
                body.instruction(line, guard, &word, &arguments)?;
            }
        }
        self.mark(';')
    }

    /// `@%p1` or `@!%p1`: the predicate's name, and the value that it must have.
    fn guard(&mut self) -> Result<Option<(String, u64)>, PtxError> {
        if !self.takes('@') {
            return Ok(None);
        }
        let wanted = u64::from(!self.takes('!'));
        Ok(Some((self.word("a predicate")?, wanted)))
    }

    /// `.f32 %f<15>` or `.b64 %SP` after `.reg`.
    fn registers(&mut self, body: &mut Body) -> Result<(), PtxError> {
        let word = self.word("a type")?;
        self.type_of(&word)?;
        let name = self.word("a register's name")?;
        if !self.takes('<') {
            body.register(name);
            return Ok(());
        }
        let count = self.number_of(str::to_owned)?;
        for number in 0..count {
            body.register(format!("{name}{number}"));
        }
        self.mark('>')
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, PtxError> {
        let mut arguments = Vec::new();
        while !self.is(';') {
            arguments.push(self.argument()?);
            if !self.takes(',') {
                break;
            }
        }
        Ok(arguments)
    }

    fn argument(&mut self) -> Result<Argument, PtxError> {
        if !self.takes('[') {
            return Ok(Argument::Value(self.signed_word()?));
        }
        let base = self.word("an address")?;
        let mut offset = 0;
        if self.takes('+') {
            offset = self.number()? as i64 as i32;
        }
        self.mark(']')?;
        Ok(Argument::Address { base, offset })
    }

    fn signed_word(&mut self) -> Result<String, PtxError> {
        let sign = if self.takes('-') { "-" } else { "" };
        Ok(format!("{sign}{}", self.word("an operand")?))
    }

    fn number(&mut self) -> Result<u64, PtxError> {
        let word = self.signed_word()?;
        super::instruction::literal(&word).ok_or_else(|| self.unexpected(word, "a number"))
    }

    fn number_of(&mut self, rewrite: impl FnOnce(&str) -> String) -> Result<u32, PtxError> {
        let word = self.word("a number")?;
        let number = rewrite(&word).parse();
        number.map_err(|_| self.unexpected(word, "a number"))
    }

    fn type_of(&self, word: &str) -> Result<Type, PtxError> {
        let named = word.strip_prefix('.').and_then(Type::named);
        named.ok_or_else(|| self.unsupported(word.to_owned()))
    }

    fn skip_to_end(&mut self) -> Result<(), PtxError> {
        while !self.is(';') {
            self.next()?;
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Token, PtxError> {
        let token = self.tokens.get(self.at).cloned().ok_or(PtxError::Ends)?;
        self.at += 1;
        Ok(token)
    }

    fn word(&mut self, wanted: &'static str) -> Result<String, PtxError> {
        let token = self.next()?;
        match token.kind {
            Kind::Word(word) => Ok(word),
            Kind::Mark(mark) => Err(self.unexpected(mark.to_string(), wanted)),
        }
    }

    fn exactly(&mut self, word: &'static str) -> Result<(), PtxError> {
        let found = self.word(word)?;
        match found == word {
            true => Ok(()),
            false => Err(self.unexpected(found, word)),
        }
    }

    fn is(&self, mark: char) -> bool {
        let token = self.tokens.get(self.at);
        token.is_some_and(|token| token.kind == Kind::Mark(mark))
    }

    fn takes(&mut self, mark: char) -> bool {
        let is = self.is(mark);
        self.at += usize::from(is);
        is
    }

    fn mark(&mut self, mark: char) -> Result<(), PtxError> {
        if self.takes(mark) {
            return Ok(());
        }
        let found = self.next()?.text();
        Err(self.unexpected(found, "another mark"))
    }

    /// The line of the next token.
    fn line(&self) -> u32 {
        self.tokens.get(self.at).map_or(0, |token| token.line)
    }

    /// The line of the token that was taken last.
    fn last_line(&self) -> u32 {
        self.tokens[self.at.saturating_sub(1)].line
    }

    fn unsupported(&self, what: String) -> PtxError {
        let line = self.last_line();
        PtxError::Unsupported { line, what }
    }

    fn unexpected(&self, found: String, wanted: &'static str) -> PtxError {
        PtxError::Unexpected {
            line: self.last_line(),
            found,
            wanted,
        }
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
