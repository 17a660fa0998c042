//! [`normalised`]: a statement with its values taken out, so that the same query with other values is the same query. A small lexer:
//! it never fails, whatever the dialect.

/// What is read of one statement, and what is kept of it.
const MAX_READ: usize = 8_192;
const MAX_KEPT: usize = 1_000;

/// `SELECT a FROM t WHERE id IN (1, 2, 3) -- all` → `SELECT a FROM t WHERE id IN (?)`.
pub fn normalised(text: &str, system: &str) -> String {
    let text = read_part(text);
    let out = match system {
        "redis" | "valkey" | "memcached" => command(text),
        _ => joined_lists(
            &Lexer { text: text.as_bytes(), at: 0, out: String::with_capacity(text.len()), double_is_value: is_mysql(system) }.run(),
        ),
    };
    super::text::one_line(&out, MAX_KEPT)
}

fn is_mysql(system: &str) -> bool {
    matches!(system, "mysql" | "mariadb")
}

/// `GET user:12` → `GET ?`: keys and values of a key-value store are all values.
fn command(text: &str) -> String {
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (Some(first), Some(_)) => format!("{} ?", first.to_uppercase()),
        (Some(first), None) => first.to_uppercase(),
        _ => String::new(),
    }
}

/// As much of a statement as is read.
pub fn read_part(text: &str) -> &str {
    let mut end = text.len().min(MAX_READ);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    out: String,
    /// In MySQL `"x"` is a text; elsewhere it is a name.
    double_is_value: bool,
}

impl Lexer<'_> {
    fn run(mut self) -> String {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\'' => self.value_in_quotes(b'\''),
                b'"' if self.double_is_value => self.value_in_quotes(b'"'),
                b'"' | b'`' => self.name_in_quotes(byte),
                b'-' if self.peek(1) == Some(b'-') => self.skip_line(),
                b'#' if self.double_is_value => self.skip_line(),
                b'/' if self.peek(1) == Some(b'*') => self.skip_comment(),
                b'$' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.placeholder(),
                b'$' if self.dollar_quote() => {}
                b'%' if matches!(self.peek(1), Some(b's' | b'(')) => self.percent(),
                b':' | b'@' if self.peek(1).is_some_and(is_word) && self.peek_back() != Some(byte) => self.placeholder(),
                _ if byte.is_ascii_whitespace() => self.space(),
                _ if byte.is_ascii_digit() => self.number(),
                _ if is_word(byte) || byte >= 0x80 => self.word(),
                _ => {
                    self.at += 1;
                    self.out.push(char::from(byte));
                }
            }
        }
        self.out.trim().to_owned()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn peek_back(&self) -> Option<u8> {
        self.at.checked_sub(1).and_then(|back| self.text.get(back)).copied()
    }

    fn value(&mut self) {
        self.out.push('?');
    }

    fn value_in_quotes(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'\\' {
                self.at += 1;
            } else if byte == quote {
                if self.peek(0) != Some(quote) {
                    break;
                }
                self.at += 1;
            }
        }
        self.value();
    }

    fn name_in_quotes(&mut self, quote: u8) {
        let from = self.at;
        self.at += 1;
        while self.peek(0).is_some_and(|byte| byte != quote) {
            self.at += 1;
        }
        self.at = (self.at + 1).min(self.text.len());
        self.copy(from);
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) {
        self.at += 2;
        while self.at < self.text.len() && !(self.peek(0) == Some(b'*') && self.peek(1) == Some(b'/')) {
            self.at += 1;
        }
        self.at = (self.at + 2).min(self.text.len());
        self.space_out();
    }

    /// `$tag$ … $tag$`, as PostgreSQL quotes; `false` when it is none.
    fn dollar_quote(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(end) = rest.iter().skip(1).position(|byte| *byte == b'$').map(|place| place + 1) else { return false };
        let tag = &rest[..=end];
        if !tag[1..end].iter().all(|byte| is_word(*byte)) {
            return false;
        }
        let close = rest[end + 1..].windows(tag.len()).position(|window| window == tag);
        self.at = close.map_or(self.text.len(), |place| self.at + end + 1 + place + tag.len());
        self.value();
        true
    }

    /// `$1`, `:name`, `@p1`.
    fn placeholder(&mut self) {
        self.at += 1;
        while self.peek(0).is_some_and(is_word) {
            self.at += 1;
        }
        self.value();
    }

    /// `%s`, `%(name)s`.
    fn percent(&mut self) {
        let is_named = self.peek(1) == Some(b'(');
        self.at += 2;
        if is_named {
            while self.peek(0).is_some_and(|byte| byte != b')') {
                self.at += 1;
            }
            self.at = (self.at + 2).min(self.text.len());
        }
        self.value();
    }

    fn number(&mut self) {
        while self.peek(0).is_some_and(|byte| is_word(byte) || byte == b'.') {
            self.at += 1;
        }
        self.value();
    }

    fn word(&mut self) {
        let from = self.at;
        while self.peek(0).is_some_and(|byte| is_word(byte) || byte >= 0x80) {
            self.at += 1;
        }
        // E'…', N'…', x'…': the letter belongs to the value.
        if self.at - from > 1 || self.peek(0) != Some(b'\'') {
            self.copy(from);
        }
    }

    fn space(&mut self) {
        self.at += 1;
        self.space_out();
    }

    fn space_out(&mut self) {
        if !self.out.ends_with([' ', '(']) && !self.out.is_empty() {
            self.out.push(' ');
        }
    }

    fn copy(&mut self, from: usize) {
        self.out.push_str(&String::from_utf8_lossy(&self.text[from..self.at]));
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Lists of values of any length are one: `(?, ?, ?)` → `(?)`, `(?), (?)` → `(?)`.
fn joined_lists(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("(?") {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let mut is_first = true;
        while let Some(length) = list_length(rest) {
            if is_first {
                out.push_str("(?)");
                is_first = false;
            }
            rest = &rest[length..];
            let next = rest.trim_start().strip_prefix(',').map(str::trim_start);
            match next {
                Some(next) if list_length(next).is_some() => rest = next,
                _ => break,
            }
        }
        if is_first {
            out.push_str("(?");
            rest = &rest[2..];
        }
    }
    out.push_str(rest);
    out
}

/// How long the list of nothing but values at the start of `text` is.
fn list_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('(')?;
    let end = inside.find(')')?;
    let is_values = inside[..end].split(',').all(|value| value.trim() == "?");
    is_values.then_some(end + 2)
}
