//! From JSON to tokens. Everything is bounded by the size of the file: nothing in it can name more than it holds.

use serde::Deserialize;
use serde_json::Value;

use super::{NONE, Source, SourceMap, Token, scopes, vlq};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Raw {
    sections: Option<Vec<RawSection>>,
    #[serde(rename = "sourceRoot")]
    source_root: Option<String>,
    sources: Option<Vec<Option<String>>>,
    #[serde(rename = "sourcesContent")]
    contents: Option<Vec<Option<String>>>,
    names: Option<Vec<Value>>,
    mappings: Option<String>,
    x_facebook_sources: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
struct RawSection {
    #[serde(default)]
    offset: Offset,
    map: Option<Box<Raw>>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
struct Offset {
    line: u32,
    column: u32,
}

impl SourceMap {
    /// One sentence where it cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<SourceMap, String> {
        let raw: Raw = serde_json::from_slice(without_guard(bytes)).map_err(|error| format!("The source map is not readable: {error}."))?;
        let mut map = SourceMap::default();
        map.read(raw, Offset::default(), true)?;
        // Sections may overlap, and some bundlers go back within a line.
        if !map.tokens.is_sorted_by_key(|token| (token.line, token.column)) {
            map.tokens.sort_by_key(|token| (token.line, token.column));
        }
        if map.tokens.is_empty() {
            return Err("The source map is empty: it maps no place.".to_owned());
        }
        map.tokens.shrink_to_fit();
        Ok(map)
    }

    fn read(&mut self, raw: Raw, offset: Offset, is_outer: bool) -> Result<(), String> {
        if let Some(sections) = raw.sections {
            if !is_outer {
                return Err("The source map has sections within sections, which its format forbids.".to_owned());
            }
            return sections.into_iter().filter_map(|section| Some((section.map?, section.offset))).try_for_each(|(map, offset)| {
                // Behind the last place of a section nothing is known until the next one begins.
                self.tokens.push(Token {
                    line: offset.line,
                    column: offset.column,
                    source: NONE,
                    source_line: 0,
                    source_column: 0,
                    name: NONE,
                });
                self.read(*map, offset, false)
            });
        }
        let bases = (self.sources.len(), self.names.len());
        self.read_sources(raw.sources.unwrap_or_default(), raw.source_root, raw.contents, raw.x_facebook_sources);
        self.names.extend(raw.names.unwrap_or_default().into_iter().map(|name| match name {
            Value::String(name) => name.into_boxed_str(),
            _ => Box::default(),
        }));
        self.read_mappings(&raw.mappings.unwrap_or_default(), offset, bases);
        Ok(())
    }

    fn read_sources(
        &mut self,
        names: Vec<Option<String>>,
        root: Option<String>,
        contents: Option<Vec<Option<String>>>,
        scopes_of: Option<Vec<Value>>,
    ) {
        let mut contents = contents.unwrap_or_default().into_iter();
        let scopes_of = scopes_of.unwrap_or_default();
        for (position, name) in names.into_iter().enumerate() {
            self.sources.push(Source {
                name: clean_name(root.as_deref().unwrap_or_default(), &name.unwrap_or_default()).into_boxed_str(),
                content: contents.next().flatten().map(String::into_boxed_str),
                scopes: scopes_of.get(position).map(scopes::read).unwrap_or_default(),
            });
        }
    }

    fn read_mappings(&mut self, mappings: &str, offset: Offset, (sources, names): (usize, usize)) {
        let (source_count, name_count) = (self.sources.len() - sources, self.names.len() - names);
        // Source, its line and column, and the name go on from segment to segment; the column begins anew with each line.
        let (mut source, mut source_line, mut source_column, mut name) = (0_i64, 0_i64, 0_i64, 0_i64);
        for (line, group) in mappings.split(';').enumerate() {
            let mut column = if line == 0 { i64::from(offset.column) } else { 0 };
            let Some(line) = u32::try_from(line).ok().and_then(|line| line.checked_add(offset.line)) else { return };
            for segment in group.split(',').filter(|segment| !segment.is_empty()) {
                let Some((fields, count)) = vlq::read(segment.as_bytes()) else { continue };
                column += fields[0];
                let Ok(at) = u32::try_from(column) else { continue };
                let mut token = Token { line, column: at, source: NONE, source_line: 0, source_column: 0, name: NONE };
                if count >= 4 {
                    (source, source_line, source_column) = (source + fields[1], source_line + fields[2], source_column + fields[3]);
                    if let (Some(known), Ok(to_line), Ok(to_column)) =
                        (index(source, source_count, sources), u32::try_from(source_line), u32::try_from(source_column))
                    {
                        (token.source, token.source_line, token.source_column) = (known, to_line, to_column);
                    }
                }
                if count >= 5 {
                    name += fields[4];
                    token.name = index(name, name_count, names).unwrap_or(NONE);
                }
                self.tokens.push(token);
            }
        }
    }
}

fn index(value: i64, count: usize, base: usize) -> Option<u32> {
    let value = usize::try_from(value).ok().filter(|value| *value < count)?;
    u32::try_from(value + base).ok()
}

/// `)]}'` and its line keep a script from reading the file; they are no part of it.
fn without_guard(bytes: &[u8]) -> &[u8] {
    if !bytes.starts_with(b")]}") {
        return bytes;
    }
    bytes.iter().position(|byte| *byte == b'\n').map_or(&[], |end| &bytes[end..])
}

/// A name that stays the same from build to build: `webpack://shop/./src/a.ts` and `../../src/a.ts` are `src/a.ts`.
fn clean_name(root: &str, name: &str) -> String {
    let is_whole = name.contains("://") || name.starts_with('/');
    let joined = if root.is_empty() || is_whole { name.to_owned() } else { format!("{}/{name}", root.trim_end_matches('/')) };
    let below = match joined.split_once("://") {
        // `webpack://namespace/./src/a.ts`, `webpack:///src/a.ts`, `webpack-internal:///./a.ts`, `rollup://…`.
        Some((scheme, rest)) if !matches!(scheme, "http" | "https") => rest.split_once('/').map_or(rest, |(_, below)| below),
        _ => &joined,
    };
    let mut clean = below;
    while let Some(rest) = clean.strip_prefix("./").or_else(|| clean.strip_prefix("../")) {
        clean = rest;
    }
    kernel::text::shorten(clean, 500)
}
