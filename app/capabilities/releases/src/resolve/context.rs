//! Lines of the source around a place.

/// Lines before and after.
const AROUND: usize = 5;
/// Longer lines are cut around the place: they were not written by a person.
const WIDTH: usize = 400;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lines {
    pub line: Option<String>,
    pub before: Vec<String>,
    pub after: Vec<String>,
}

/// `line` and `column` count from 0.
pub fn around(content: &str, line: u32, column: u32) -> Lines {
    let at = usize::try_from(line).unwrap_or(usize::MAX);
    let first = at.saturating_sub(AROUND);
    let mut lines = Lines::default();
    for (number, text) in content.split('\n').enumerate().skip(first).take(at - first + 1 + AROUND) {
        let text = text.strip_suffix('\r').unwrap_or(text);
        match number.cmp(&at) {
            std::cmp::Ordering::Less => lines.before.push(cut(text, 0)),
            std::cmp::Ordering::Equal => lines.line = Some(cut(text, usize::try_from(column).unwrap_or(0))),
            std::cmp::Ordering::Greater => lines.after.push(cut(text, 0)),
        }
    }
    if lines.line.is_none() {
        return Lines::default();
    }
    lines
}

fn cut(text: &str, column: usize) -> String {
    if text.len() <= WIDTH {
        return text.to_owned();
    }
    let from = column.saturating_sub(WIDTH / 2);
    let mut part: String = text.chars().skip(from).take(WIDTH).collect();
    if from > 0 {
        part.insert(0, '…');
    }
    if text.chars().nth(from + WIDTH).is_some() {
        part.push('…');
    }
    part
}
