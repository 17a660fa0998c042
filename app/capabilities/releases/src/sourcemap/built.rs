//! The built file itself, asked for the name of a function: its declaration stands there, and the map names what stands at it.

use super::{Place, SourceMap};

/// How many named places before a frame are looked at: a function that is longer is found by its caller.
const MAX_STEPS: usize = 2_000;

/// Text at a place of the built file, to the end of its line. Columns count UTF-16 units.
pub fn text_at(built: &str, line: u32, column: u32) -> Option<&str> {
    let text = built.split('\n').nth(usize::try_from(line).ok()?)?;
    let column = usize::try_from(column).ok()?;
    if text.get(..column).is_some_and(|before| before.is_ascii()) {
        return text.get(column..);
    }
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units >= column {
            return text.get(at..);
        }
        units += c.len_utf16();
    }
    (units == column).then_some("")
}

/// The name that V8, SpiderMonkey and JavaScriptCore put into a frame, without what they add: `async e.total`, `new c`, `r/<`.
pub fn bare_name(function: &str) -> Option<&str> {
    let name = function.split(" [as ").next().unwrap_or_default();
    let name = name.rsplit(' ').next().unwrap_or_default();
    let name = name.split('/').next().unwrap_or_default();
    let name = name.rsplit('.').next().unwrap_or_default();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '#'));
    (is_name && name != "anonymous").then_some(name)
}

/// What the function around a place is called in the source: by its declaration in the built file, which comes before it.
pub fn declared_name<'m>(map: &'m SourceMap, built: &str, line: u32, column: u32, function: &str) -> Option<&'m str> {
    let wanted = bare_name(function)?;
    let mut lines: Option<Lines<'_>> = None;
    let mut current: Option<Line<'_>> = None;
    for (token, name) in map.named_before(line, column).take(MAX_STEPS) {
        let lines = match &mut lines {
            Some(lines) => lines,
            None => lines.insert(Lines::at(built, token.line)?),
        };
        if lines.back_to(token.line)? || current.is_none() {
            current = Some(Line::of(lines.text()));
        }
        if current.as_mut()?.declares(token.column, wanted) {
            return Some(name);
        }
    }
    None
}

/// What the caller calls at a place, if the built file really has the wanted name there: the map then knows its name in the source.
pub fn called_name<'m>(place: &Place<'m>, built: Option<&str>, line: u32, column: u32, function: &str) -> Option<&'m str> {
    let wanted = bare_name(function)?;
    let name = place.name?;
    match built {
        Some(built) => text_at(built, line, column).is_some_and(|text| starts_with_name(text, wanted)).then_some(name),
        // Without the built file only a name that a build made up can be trusted to be another one in the source.
        None => (wanted.chars().count() <= 2).then_some(name),
    }
}

/// Lines of the built file from one on backwards. Each byte is passed once, however many lines are asked for: a bundle that is not
/// minified has tens of thousands.
struct Lines<'t> {
    built: &'t str,
    line: u32,
    /// Where it begins.
    start: usize,
}

impl<'t> Lines<'t> {
    fn at(built: &'t str, line: u32) -> Option<Self> {
        let start = match line.checked_sub(1) {
            None => 0,
            Some(breaks) => built.match_indices('\n').nth(usize::try_from(breaks).ok()?)?.0 + 1,
        };
        Some(Lines { built, line, start })
    }

    /// `true` where it is another one than before.
    fn back_to(&mut self, line: u32) -> Option<bool> {
        let steps = self.line.checked_sub(line)?;
        for _ in 0..steps {
            let end = self.start.checked_sub(1)?;
            self.start = self.built[..end].rfind('\n').map_or(0, |at| at + 1);
        }
        self.line = line;
        Some(steps > 0)
    }

    fn text(&self) -> &'t str {
        let rest = &self.built[self.start..];
        &rest[..rest.find('\n').unwrap_or(rest.len())]
    }
}

/// One line, in which places are asked for from right to left.
struct Line<'t> {
    text: &'t str,
    is_ascii: bool,
    /// The last place that was found, in UTF-16 units and in bytes: the next one lies before it.
    units: usize,
    at: usize,
}

impl<'t> Line<'t> {
    fn of(text: &'t str) -> Self {
        let is_ascii = text.is_ascii();
        let units = if is_ascii { text.len() } else { text.chars().map(char::len_utf16).sum() };
        Line { text, is_ascii, units, at: text.len() }
    }

    fn split(&mut self, column: u32) -> Option<(&'t str, &'t str)> {
        let column = usize::try_from(column).ok()?;
        if self.is_ascii {
            return self.text.split_at_checked(column);
        }
        while self.units > column {
            let c = self.text[..self.at].chars().next_back()?;
            self.units -= c.len_utf16();
            self.at -= c.len_utf8();
        }
        (self.units == column).then(|| self.text.split_at(self.at))
    }

    fn declares(&mut self, column: u32, wanted: &str) -> bool {
        let Some((before, here)) = self.split(column) else { return false };
        if !starts_with_name(here, wanted) {
            return false;
        }
        let after = here[wanted.len()..].trim_start();
        let before = before.trim_end().trim_end_matches('*').trim_end();
        let is_assigned = after.starts_with('=') && !after.starts_with("==");
        before.ends_with("function") || before.ends_with("class") || is_assigned
    }
}

fn starts_with_name(text: &str, name: &str) -> bool {
    text.strip_prefix(name).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$')))
}
