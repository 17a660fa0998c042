//! An event as Markdown, for the founder's own bug tracker. What strangers wrote stands in code, whose fence none of it can close.

use std::fmt::Write as _;

use super::content::Content;
use super::content::stack::{Frame, Stack};
use super::content::values::Data;

/// A comment of common trackers takes 65,536 characters.
const MAX_CHARS: usize = 60_000;
const MAX_FRAMES: usize = 40;
const MAX_CRUMBS: usize = 15;

/// What the page knows besides the event's own content.
pub struct About<'a> {
    pub title: &'a str,
    pub link: &'a str,
    pub project: &'a str,
    pub events: u64,
    pub users: u64,
    pub first_seen: &'a str,
    pub last_seen: &'a str,
}

pub fn markdown(about: &About<'_>, content: &Content) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "## {}\n", heading(about.title));
    write_facts(&mut text, about, content);
    if !content.message.value.is_empty() {
        write_block(&mut text, "Message", &content.message.value);
    }
    for exception in &content.exceptions {
        let relation = if exception.relation.is_empty() { String::new() } else { format!("{}: ", exception.relation) };
        let mut block = format!("{relation}{}: {}", exception.kind, exception.value.value);
        write_stack(&mut block, &exception.stack);
        write_block(&mut text, "", &block);
    }
    if !content.thread.is_empty() {
        let mut block = String::new();
        write_stack(&mut block, &content.thread);
        write_block(&mut text, "Stack", block.trim_start());
    }
    if let Some(request) = &content.request {
        write_block(&mut text, "Request", &format!("{} {}", request.method, request.url.value));
    }
    write_crumbs(&mut text, content);
    for (title, data) in [("Tags", &content.tags), ("Feature flags", &content.flags)] {
        if !data.is_empty() {
            write_block(&mut text, title, &lines(data));
        }
    }
    for (name, data) in content.contexts.iter().filter(|(name, _)| matches!(name.as_str(), "browser" | "os" | "device" | "runtime")) {
        write_block(&mut text, name, &lines(data));
    }
    if text.len() > MAX_CHARS {
        text = kernel::text::shorten(&text, MAX_CHARS);
    }
    text
}

/// One line, in which nothing is read as markup.
fn heading(title: &str) -> String {
    let mut escaped = String::with_capacity(title.len());
    for letter in title.chars() {
        match letter {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '|' | '~' | '@' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

fn write_facts(text: &mut String, about: &About<'_>, content: &Content) {
    let release =
        [content.release.as_str(), content.dist.as_str()].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ");
    let facts = [
        ("Project", about.project),
        ("Level", &content.level),
        ("Release", &release),
        ("Environment", &content.environment),
        ("Transaction", &content.transaction),
        ("Trace", &content.trace_id),
        ("First seen", about.first_seen),
        ("Last seen", about.last_seen),
    ];
    for (name, value) in facts {
        if !value.is_empty() {
            let _ = writeln!(text, "- {name}: {}", inline(value));
        }
    }
    let _ = writeln!(text, "- Events: {}, users: {}", about.events, about.users);
    let _ = writeln!(text, "- {}\n", about.link);
}

/// Code in a line: more backticks around it than it has in a row.
fn inline(value: &str) -> String {
    let value = value.replace(['\n', '\r'], " ");
    let fence = "`".repeat(longest_run(&value) + 1);
    let pad = if value.starts_with('`') || value.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{value}{pad}{fence}")
}

fn write_block(text: &mut String, title: &str, block: &str) {
    if !title.is_empty() {
        let _ = writeln!(text, "### {}\n", heading(title));
    }
    let fence = "`".repeat(longest_run(block).max(2) + 1);
    let _ = writeln!(text, "{fence}\n{}\n{fence}\n", block.trim_end());
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

fn write_stack(block: &mut String, stack: &Stack) {
    for (position, frame) in stack.frames.iter().take(MAX_FRAMES).enumerate() {
        if stack.hidden > 0 && position == stack.cut_after {
            let _ = write!(block, "\n    … {} frames …", stack.hidden);
        }
        write_frame(block, frame);
    }
    let more = stack.frames.len().saturating_sub(MAX_FRAMES);
    if more > 0 {
        let _ = write!(block, "\n    … {more} more frames");
    }
}

fn write_frame(block: &mut String, frame: &Frame) {
    let function = if frame.function.is_empty() { "(no name)" } else { &frame.function };
    let mark = if frame.is_app { '>' } else { ' ' };
    let place = frame.place();
    let _ = write!(block, "\n  {mark} {function} ({})", if place.is_empty() { &frame.address } else { &place });
    if frame.repeats > 0 {
        let _ = write!(block, " × {}", frame.repeats + 1);
    }
    if let Some(line) = frame.code.iter().find(|line| line.is_current).filter(|_| frame.is_app) {
        let _ = write!(block, "\n        {}", line.text.trim());
    }
}

fn write_crumbs(text: &mut String, content: &Content) {
    if content.breadcrumbs.is_empty() {
        return;
    }
    let line = |crumb: &super::content::Breadcrumb| {
        let at = crumb.at.map(|at| at.rfc3339()).unwrap_or_default();
        let data: Vec<String> = crumb.data.rows.iter().take(4).map(|row| format!("{}={}", row.name, row.value)).collect();
        format!("{at} {} {} {}", crumb.kind, crumb.message.value, data.join(" ")).replace('\n', " ")
    };
    let lines: Vec<String> = content.breadcrumbs.iter().take(MAX_CRUMBS).map(line).collect();
    write_block(text, "Breadcrumbs, newest first", &lines.join("\n"));
}

fn lines(data: &Data) -> String {
    data.rows.iter().map(|row| format!("{}: {}", row.name, row.value)).collect::<Vec<_>>().join("\n")
}
