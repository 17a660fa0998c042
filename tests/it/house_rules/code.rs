//! The repository as the rules see it: its text files, and Rust source with comments and strings blanked out.

use std::path::{Path, PathBuf};

/// One text file: its path from the top of the repository with `/` between folders, and what it says.
pub struct TextFile {
    pub path: String,
    pub text: String,
}

impl TextFile {
    /// The file's name without its folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Tests, test kits and build scripts: what never ships.
    pub fn is_test_code(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/testkit/")
            || self.path.contains("/tests/")
            || self.name() == "tests.rs"
            || self.name() == "build.rs"
    }

    /// The source that ships: without comments, strings and `#[cfg(test)]` modules. Line numbers stay.
    pub fn code(&self) -> String {
        without_test_modules(&blanked(&self.text, true))
    }

    /// Like [`TextFile::code`], with the strings still in it.
    pub fn code_with_strings(&self) -> String {
        without_test_modules(&blanked(&self.text, false))
    }

    /// Everything but comments and strings, test modules included.
    pub fn all_code(&self) -> String {
        blanked(&self.text, true)
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Every text file of the repository but what is built, fetched or belongs to git.
pub fn files() -> Vec<TextFile> {
    let mut found = Vec::new();
    collect(&root(), &root(), &mut found);
    found.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(found.len() > 20, "the rules read {} files only: is {} the top of the repository?", found.len(), root().display());
    found
}

pub fn rust_files() -> Vec<TextFile> {
    files().into_iter().filter(TextFile::is_rust).collect()
}

/// The names of the folders in `folder`, sorted.
pub fn folders(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root().join(folder))
        .map(|entries| {
            entries.flatten().filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

/// Fails with the rule, each place that breaks it, and what to do.
pub fn expect_none(rule: &str, what_to_do: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}\n  {}\n{what_to_do}", offences.join("\n  "));
}

/// `path:line: text` for every line of `text` that `is_offence`.
pub fn lines_where(path: &str, text: &str, is_offence: impl Fn(&str) -> bool) -> Vec<String> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| is_offence(line))
        .map(|(index, line)| format!("{path}:{}: {}", index + 1, line.trim()))
        .collect()
}

/// The lines a block starting at byte `open` (an opening brace) spans, and the byte after its end.
pub fn block(code: &str, open: usize) -> (usize, usize) {
    let mut depth = 0_usize;
    let mut lines = 1;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'\n' => lines += 1,
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return (lines, offset + 1);
                }
            }
            _ => {}
        }
    }
    (lines, code.len())
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<TextFile>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), ".git" | "target" | "node_modules") {
                collect(root, &path, found);
            }
            continue;
        }
        if name.ends_with(".snap.new") {
            continue;
        }
        if let (Ok(text), Ok(relative)) = (std::fs::read_to_string(&path), path.strip_prefix(root)) {
            found.push(TextFile { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
}

/// Blanks comments, and strings too when asked; newlines stay, so line numbers stay.
fn blanked(text: &str, strings_too: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let (end, is_blanked) = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => (line_end(bytes, at), true),
            b'/' if bytes.get(at + 1) == Some(&b'*') => (comment_end(bytes, at), true),
            b'r' | b'b' if starts_raw_string(bytes, at) => (raw_string_end(bytes, at), strings_too),
            b'"' => (string_end(bytes, at), strings_too),
            b'\'' => {
                let end = char_end(bytes, at);
                (end, strings_too && end > at + 1)
            }
            _ => (at + 1, false),
        };
        if is_blanked {
            for byte in &mut out[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn comment_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut place = at;
    while place + 1 < bytes.len() {
        match (bytes[place], bytes[place + 1]) {
            (b'/', b'*') => {
                depth += 1;
                place += 2;
            }
            (b'*', b'/') => {
                depth = depth.saturating_sub(1);
                place += 2;
                if depth == 0 {
                    return place;
                }
            }
            _ => place += 1,
        }
    }
    bytes.len()
}

fn starts_raw_string(bytes: &[u8], at: usize) -> bool {
    let is_in_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let mut rest = &bytes[at..];
    if rest.first() == Some(&b'b') {
        rest = &rest[1..];
    }
    let hashes = rest.iter().skip(1).take_while(|byte| **byte == b'#').count();
    !is_in_word && rest.first() == Some(&b'r') && rest.get(1 + hashes) == Some(&b'"')
}

fn raw_string_end(bytes: &[u8], at: usize) -> usize {
    let Some(quote) = bytes[at..].iter().position(|byte| *byte == b'"').map(|length| at + length) else { return bytes.len() };
    let hashes = bytes[at..quote].iter().filter(|byte| **byte == b'#').count();
    let mut place = quote + 1;
    while place < bytes.len() {
        if bytes[place] == b'"' && bytes[place + 1..].iter().take(hashes).filter(|byte| **byte == b'#').count() == hashes {
            return place + 1 + hashes;
        }
        place += 1;
    }
    bytes.len()
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut place = at + 1;
    while place < bytes.len() {
        match bytes[place] {
            b'\\' => place += 2,
            b'"' => return place + 1,
            _ => place += 1,
        }
    }
    bytes.len()
}

/// The end of a character literal; a lifetime is only its quote.
fn char_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        let tail = bytes.get(at + 3..).unwrap_or_default();
        return tail.iter().position(|byte| *byte == b'\'').map_or(bytes.len(), |length| at + 3 + length + 1);
    }
    let tail = bytes.get(at + 1..).unwrap_or_default();
    let width = tail.iter().skip(1).take_while(|byte| **byte & 0b1100_0000 == 0b1000_0000).count() + 1;
    if tail.first() != Some(&b'\'') && tail.get(width) == Some(&b'\'') { at + width + 2 } else { at + 1 }
}

fn without_test_modules(code: &str) -> String {
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(found) = out[from..].find("#[cfg(test)]").map(|offset| from + offset) {
        let rest = &out[found..];
        let (Some(brace), semicolon) = (rest.find('{'), rest.find(';').unwrap_or(usize::MAX)) else { break };
        if semicolon < brace {
            from = found + semicolon;
            continue;
        }
        let (_, end) = block(&out, found + brace);
        let blank: String = out[found..end].chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(found..end, &blank);
        from = found + blank.len();
    }
    out
}

#[test]
fn blanking_removes_comments_and_strings_and_keeps_lines() {
    let source = "let a = \"x // y\"; // note\nlet b = '\"'; /* { /* } */ */ let c: &'static str = r#\"{\"#;\n";
    let bare = blanked(source, true);
    assert_eq!(bare.lines().count(), source.lines().count());
    assert!(!bare.contains("note") && !bare.contains('{') && !bare.contains("//"), "{bare}");
    assert!(bare.contains("let c: &'static str ="), "{bare}");
    assert!(blanked(source, false).contains("\"x // y\""));
}

#[test]
fn test_modules_are_not_shipped_code() {
    let file = TextFile {
        path: "app/x.rs".into(),
        text: "fn a() {}\n#[cfg(test)]\nmod tests {\n fn hidden() {}\n}\nfn b() {}\n#[cfg(test)]\nmod more;\nfn c() {}\n".into(),
    };
    let code = file.code();
    assert!(code.contains("fn a") && code.contains("fn b") && code.contains("fn c") && !code.contains("hidden"), "{code}");
}
