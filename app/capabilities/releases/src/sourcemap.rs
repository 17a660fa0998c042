//! Source maps: which place of the source a place of a built file came from.
//!
//! Revision 3 with its index form (`sections`), Hermes' scopes (`x_facebook_sources`), sources with holes, and the odd files that
//! bundlers write. Lines and columns count from 0 here; columns count UTF-16 units, as JavaScript does.
//!
//! - [`SourceMap::parse`], [`SourceMap::lookup`]; [`vlq`]: the numbers of mappings; [`scopes`]: Hermes
//! - [`reference`](mod@reference): where a built file says its map is
//! - [`built`]: the built file itself, asked for the name of a function

pub mod built;
mod parse;
pub mod reference;
mod scopes;
mod vlq;

pub use scopes::{Scope, find as find_scope, read as read_scopes};

/// A parsed map. About 24 bytes a token; the texts are the rest.
#[derive(Debug, Default)]
pub struct SourceMap {
    tokens: Vec<Token>,
    sources: Vec<Source>,
    names: Vec<Box<str>>,
}

/// From here to the next token, the built file came from there. In the order of line and column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    line: u32,
    column: u32,
    /// [`NONE`]: from here on, nothing is known.
    source: u32,
    source_line: u32,
    source_column: u32,
    /// [`NONE`]: it has no name.
    name: u32,
}

const NONE: u32 = u32::MAX;

#[derive(Debug, Default)]
struct Source {
    name: Box<str>,
    content: Option<Box<str>>,
    scopes: Vec<Scope>,
}

/// A place in the source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place<'m> {
    pub source: &'m str,
    pub content: Option<&'m str>,
    pub line: u32,
    pub column: u32,
    /// What the thing at this place is called in the source, where the build renamed it.
    pub name: Option<&'m str>,
    /// The function around it, where the map has scopes.
    pub function: Option<&'m str>,
}

impl SourceMap {
    /// `None` where the map says nothing, or that nothing is known.
    pub fn lookup(&self, line: u32, column: u32) -> Option<Place<'_>> {
        self.place(self.token_at(line, column)?)
    }

    /// The place of a whole line: only where all of the line came from one line of one source.
    pub fn lookup_line(&self, line: u32) -> Option<Place<'_>> {
        let from = self.tokens.partition_point(|token| token.line < line);
        let to = self.tokens.partition_point(|token| token.line <= line);
        let mut known = self.tokens[from..to].iter().filter(|token| token.source != NONE);
        let first = known.next()?;
        let is_one = known.all(|token| (token.source, token.source_line) == (first.source, first.source_line));
        if is_one { self.place(first) } else { None }
    }

    fn token_at(&self, line: u32, column: u32) -> Option<&Token> {
        let after = self.tokens.partition_point(|token| (token.line, token.column) <= (line, column));
        self.tokens[..after].last().filter(|token| token.line == line)
    }

    /// Named tokens at or before a place, the nearest first.
    fn named_before(&self, line: u32, column: u32) -> impl Iterator<Item = (&Token, &str)> {
        let after = self.tokens.partition_point(|token| (token.line, token.column) <= (line, column));
        self.tokens[..after].iter().rev().filter_map(|token| Some((token, self.name(token)?)))
    }

    fn place(&self, token: &Token) -> Option<Place<'_>> {
        let source = self.sources.get(usize::try_from(token.source).ok()?)?;
        Some(Place {
            source: &source.name,
            content: source.content.as_deref(),
            line: token.source_line,
            column: token.source_column,
            name: self.name(token),
            function: scopes::find(&source.scopes, token.source_line, token.source_column),
        })
    }

    fn name(&self, token: &Token) -> Option<&str> {
        self.names.get(usize::try_from(token.name).ok()?).map(|name| &**name).filter(|name| !name.is_empty())
    }

    /// Places and names alone.
    pub fn without_contents(mut self) -> SourceMap {
        self.sources.iter_mut().for_each(|source| source.content = None);
        self
    }

    /// About what it takes in memory.
    pub fn bytes(&self) -> usize {
        let texts = |source: &Source| {
            let scopes: usize = source.scopes.iter().map(|scope| scope.name.len() + size_of::<Scope>()).sum();
            source.name.len() + source.content.as_ref().map_or(0, |content| content.len()) + scopes + size_of::<Source>()
        };
        self.tokens.len() * size_of::<Token>()
            + self.sources.iter().map(texts).sum::<usize>()
            + self.names.iter().map(|name| name.len() + 16).sum::<usize>()
    }
}
