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
        _ if text.trim_start().starts_with(['{', '[']) => super::document::normalised(text).unwrap_or_else(|| statement(text, true, true)),
        _ => statement(text, is_mysql(system), !has_plain_backslashes(system)),
    };
    super::text::one_line(&out, MAX_KEPT)
}

fn statement(text: &str, double_is_value: bool, has_escapes: bool) -> String {
    let lexer = Lexer { text: text.as_bytes(), at: 0, out: String::with_capacity(text.len()), double_is_value, has_escapes };
    joined_lists(&lexer.run())
}

fn is_mysql(system: &str) -> bool {
    matches!(system, "mysql" | "mariadb")
}

/// Where a backslash in a text is one, as the standard has it. Of a system that is not named the worse is thought.
fn has_plain_backslashes(system: &str) -> bool {
    matches!(
        system,
        "postgresql" | "cockroachdb" | "sqlite" | "mssql" | "microsoft.sql_server" | "oracle" | "oracle.db" | "db2" | "ibm.db2" | "h2"
    )
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
    /// In `'a\'b'` the text goes on after the backslash.
    has_escapes: bool,
}

impl Lexer<'_> {
    fn run(mut self) -> String {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\'' => self.value_in_quotes(b'\'', self.has_escapes),
                b'"' if self.double_is_value => self.value_in_quotes(b'"', self.has_escapes),
                b'"' | b'`' => self.name_in_quotes(byte),
                b'-' if self.peek(1) == Some(b'-') => self.skip_line(),
                b'#' if self.double_is_value => self.skip_line(),
                b'/' if self.peek(1) == Some(b'*') => self.skip_comment(),
                b'$' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.placeholder(),
                b'?' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.placeholder(),
                b'$' if self.dollar_quote() => {}
                b'-' | b'+' if self.is_sign() => self.at += 1,
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

    /// Before a number, where none stands that it could be taken off.
    fn is_sign(&self) -> bool {
        self.peek(1).is_some_and(|next| next.is_ascii_digit()) && self.out.trim_end().ends_with(['(', ',', '=', '<', '>'])
    }

    fn value_in_quotes(&mut self, quote: u8, has_escapes: bool) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'\\' && has_escapes {
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

    /// `$1`, `?1`, `:name`, `@p1`.
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
        // E'…', N'…', x'…': the letter belongs to the value. PostgreSQL's E lets backslashes escape.
        if self.at - from > 1 || self.peek(0) != Some(b'\'') {
            self.copy(from);
        } else {
            self.value_in_quotes(b'\'', self.has_escapes || self.text[from].eq_ignore_ascii_case(&b'e'));
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
        let name = String::from_utf8_lossy(&self.text[from..self.at]);
        self.out.push_str(&if is_made_up(&name) { without_numbers(&name) } else { name.into_owned() });
    }
}

/// Six figures on end: `"s140704_x7"`, Django's name of a savepoint, is another one each time.
fn is_made_up(name: &str) -> bool {
    name.split(|letter: char| !letter.is_ascii_digit()).any(|figures| figures.len() >= 6)
}

fn without_numbers(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter.is_ascii_digit() {
            true if out.ends_with('?') => {}
            true => out.push('?'),
            false => out.push(letter),
        }
    }
    out
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
