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
    for (number, text) in content.lines().enumerate().skip(first).take(at - first + 1 + AROUND) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_lines_stand_on_each_side_where_there_are_so_many() {
        let content: String = (0..20).map(|number| format!("line {number}\r\n")).collect();
        let lines = around(&content, 10, 0);
        assert_eq!(lines.line.as_deref(), Some("line 10"));
        assert_eq!((lines.before.first().unwrap().as_str(), lines.after.last().unwrap().as_str()), ("line 5", "line 15"));
        let first = around(&content, 0, 0);
        assert_eq!((first.before.len(), first.after.len()), (0, 5));
        let last = around(&content, 19, 0);
        assert_eq!((last.before.len(), last.after.len()), (5, 0), "what stands behind the last line break is no line");
        assert_eq!(around(&content, 20, 0), Lines::default(), "beyond the end there is nothing to show");
        assert_eq!(around("", 0, 0), Lines::default());
        assert_eq!(around(&content, u32::MAX, u32::MAX), Lines::default());
    }

    #[test]
    fn a_line_that_nobody_wrote_is_cut_around_the_place() {
        let long = format!("{}HERE{}", "é".repeat(5_000), "b".repeat(5_000));
        let cut = around(&long, 0, 5_000).line.unwrap();
        assert!(cut.contains("HERE") && cut.chars().count() <= WIDTH + 2 && cut.starts_with('…') && cut.ends_with('…'), "{cut}");
    }
}
