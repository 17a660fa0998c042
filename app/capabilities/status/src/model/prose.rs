//! The little markdown that reports may use: paragraphs, lists, emphasis, code, links with a checked address. Everything else,
//! HTML above all, is shown as the text it is.
//!
//! Nouns: [`Block`], [`Inline`].

use kernel::text::WebUrl;
use pulldown_cmark::{Event as Token, Parser, Tag, TagEnd};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    Paragraph(Vec<Inline>),
    /// Items, numbered or not.
    List {
        is_numbered: bool,
        items: Vec<Vec<Inline>>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    Text(String),
    Strong(String),
    Emphasis(String),
    Code(String),
    Link { text: String, to: WebUrl },
    Break,
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    line: Vec<Inline>,
    items: Option<(bool, Vec<Vec<Inline>>)>,
    strong: u8,
    emphasis: u8,
    link: Option<(Option<WebUrl>, String)>,
}

/// Never fails: what is not understood is text.
pub fn parse(source: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for token in Parser::new(source) {
        reader.take(token);
    }
    reader.end_paragraph();
    reader.end_list();
    reader.blocks
}

impl Reader {
    fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Start(Tag::Strong) => self.strong += 1,
            Token::End(TagEnd::Strong) => self.strong = self.strong.saturating_sub(1),
            Token::Start(Tag::Emphasis) => self.emphasis += 1,
            Token::End(TagEnd::Emphasis) => self.emphasis = self.emphasis.saturating_sub(1),
            Token::Start(Tag::Link { dest_url, .. }) => self.link = Some((WebUrl::parse(&dest_url).ok(), String::new())),
            Token::End(TagEnd::Link) => self.end_link(),
            Token::Start(Tag::List(start)) if self.items.is_none() => {
                self.end_paragraph();
                self.items = Some((start.is_some(), Vec::new()));
            }
            Token::End(TagEnd::Item | TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::HtmlBlock) => {
                self.end_paragraph()
            }
            Token::Start(Tag::Item) => self.end_paragraph(),
            Token::End(TagEnd::List(_)) => self.end_list(),
            Token::Text(text) | Token::Html(text) | Token::InlineHtml(text) => self.text(&text),
            Token::Code(code) => self.push(Inline::Code(code.into_string())),
            Token::SoftBreak | Token::HardBreak => self.push(Inline::Break),
            Token::Rule => self.end_paragraph(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, label)) = &mut self.link {
            label.push_str(text);
            return;
        }
        let piece = match (self.strong, self.emphasis) {
            (1.., _) => Inline::Strong(text.to_owned()),
            (_, 1..) => Inline::Emphasis(text.to_owned()),
            _ => return self.plain(text),
        };
        self.push(piece);
    }

    /// Bare addresses become links: people paste them.
    fn plain(&mut self, text: &str) {
        let mut rest = text;
        while let Some(start) = rest.find("https://").into_iter().chain(rest.find("http://")).min() {
            let length = rest[start..].find(|c: char| c.is_whitespace() || "<>\"'()".contains(c)).unwrap_or(rest.len() - start);
            let address = rest[start..start + length].trim_end_matches(['.', ',', ';', ':', '!', '?']);
            let Ok(to) = WebUrl::parse(address) else { break };
            self.words(&rest[..start]);
            self.push(Inline::Link { text: address.to_owned(), to });
            rest = &rest[start + address.len()..];
        }
        self.words(rest);
    }

    fn words(&mut self, text: &str) {
        match self.line.last_mut() {
            Some(Inline::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.push(Inline::Text(text.to_owned())),
        }
    }

    fn push(&mut self, piece: Inline) {
        match (&mut self.link, piece) {
            (Some((_, label)), Inline::Code(text)) => label.push_str(&text),
            (Some(_), _) => {}
            (None, piece) => self.line.push(piece),
        }
    }

    fn end_link(&mut self) {
        match self.link.take() {
            Some((Some(to), text)) if !text.is_empty() => self.push(Inline::Link { text, to }),
            Some((_, text)) => self.words(&text),
            None => {}
        }
    }

    fn end_paragraph(&mut self) {
        self.end_link();
        while self.line.last() == Some(&Inline::Break) {
            self.line.pop();
        }
        if self.line.is_empty() {
            return;
        }
        let line = std::mem::take(&mut self.line);
        match &mut self.items {
            Some((_, items)) => items.push(line),
            None => self.blocks.push(Block::Paragraph(line)),
        }
    }

    fn end_list(&mut self) {
        self.end_paragraph();
        if let Some((is_numbered, items)) = self.items.take() {
            self.blocks.push(Block::List { is_numbered, items });
        }
    }
}

/// One line without markup, cut to `max` characters: for titles, feeds' summaries, meta descriptions.
pub fn one_line(source: &str, max: usize) -> String {
    let mut text = String::new();
    for block in parse(source) {
        let lines = match block {
            Block::Paragraph(line) => vec![line],
            Block::List { items, .. } => items,
        };
        for piece in lines.into_iter().flatten() {
            match piece {
                Inline::Text(words)
                | Inline::Strong(words)
                | Inline::Emphasis(words)
                | Inline::Code(words)
                | Inline::Link { text: words, .. } => text.push_str(&words),
                Inline::Break => text.push(' '),
            }
        }
        text.push(' ');
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    kernel::text::shorten(&words.join(" "), max)
}
