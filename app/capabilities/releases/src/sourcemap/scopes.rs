//! `x_facebook_sources`: which function a place of the source lies in, as Metro writes it for Hermes.

use serde_json::Value;

use super::vlq;

/// From here on (in the order of line and column), the source lies in this function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// From 0.
    pub line: u32,
    pub column: u32,
    pub name: Box<str>,
}

pub fn find(scopes: &[Scope], line: u32, column: u32) -> Option<&str> {
    let after = scopes.partition_point(|scope| (scope.line, scope.column) <= (line, column));
    scopes[..after].last().map(|scope| &*scope.name).filter(|name| *name != "<global>")
}

/// Of one source: `[{"names": […], "mappings": "…"}, …]` or null.
pub fn read(source: &Value) -> Vec<Scope> {
    let Some(map) = source.as_array().and_then(|parts| parts.first()) else { return Vec::new() };
    let names: Vec<&str> = map
        .get("names")
        .and_then(Value::as_array)
        .map(|names| names.iter().map(|name| name.as_str().unwrap_or("")).collect())
        .unwrap_or_default();
    let mappings = map.get("mappings").and_then(Value::as_str).unwrap_or_default();
    let mut scopes = Vec::new();
    // Lines count from 1 in there; only columns begin anew with each group.
    let (mut name, mut line) = (0_i64, 1_i64);
    for group in mappings.split(';') {
        let mut column = 0_i64;
        for segment in group.split(',').filter(|segment| !segment.is_empty()) {
            let Some((fields, _)) = vlq::read(segment.as_bytes()) else { continue };
            (column, name, line) = (column + fields[0], name + fields[1], line + fields[2]);
            let known = usize::try_from(name).ok().and_then(|name| names.get(name));
            if let (Some(known), Ok(line), Ok(column)) = (known, u32::try_from(line - 1), u32::try_from(column)) {
                scopes.push(Scope { line, column, name: (*known).into() });
            }
        }
    }
    scopes.sort_by_key(|scope| (scope.line, scope.column));
    scopes
}
