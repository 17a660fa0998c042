//! Exceptions and their frames as the page shows them: newest first, the program's own told from those of libraries.

use crate::normal;

use super::values::{Data, Datum, Meta};

/// Both ends of a longer stack are shown; the raw JSON has all of it.
const MAX_FRAMES: usize = 200;
const MAX_EXCEPTIONS: usize = 30;
/// A line of a built file can be the whole program.
const MAX_CODE_LINE: usize = 300;
const MAX_CONTEXT: usize = 10;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exception {
    pub kind: String,
    pub value: Datum,
    pub module: String,
    /// How it stands to the one before: empty for the first.
    pub relation: String,
    pub mechanism: Data,
    pub is_handled: Option<bool>,
    pub stack: Stack,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stack {
    /// Newest first.
    pub frames: Vec<Frame>,
    /// Left out in the middle, after `frames[cut_after - 1]`.
    pub hidden: usize,
    pub cut_after: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    pub function: String,
    pub file: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
    /// Where it differs from the file.
    pub path: String,
    pub module: String,
    pub package: String,
    pub address: String,
    pub is_app: bool,
    pub code: Vec<CodeLine>,
    pub vars: Data,
    /// The place in the built file that was led back to this one.
    pub built: String,
    /// How often the same frame follows itself.
    pub repeats: usize,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeLine {
    /// `None` where the SDK gave no number.
    pub number: Option<u32>,
    pub text: String,
    pub is_current: bool,
}

impl Stack {
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub fn has_app_frames(&self) -> bool {
        self.frames.iter().any(|frame| frame.is_app)
    }
}

impl Frame {
    /// `src/cart.py:12:5`.
    pub fn place(&self) -> String {
        place(&self.file, self.line, self.column)
    }
}

fn place(file: &str, line: Option<u32>, column: Option<u32>) -> String {
    let numbers = [line, column.filter(|_| line.is_some())].into_iter().flatten();
    numbers.fold(file.to_owned(), |place, number| format!("{place}:{number}"))
}

/// The one that was thrown last is first: it is what the program could not go on from.
pub fn exceptions(event: &normal::Event, meta: Meta<'_>) -> (Vec<Exception>, usize) {
    let hidden = event.exceptions.len().saturating_sub(MAX_EXCEPTIONS);
    let shown = event.exceptions.iter().enumerate().rev().take(MAX_EXCEPTIONS).enumerate();
    let all = shown.map(|(order, (at, exception))| {
        let meta = meta.at("exception").at("values").at(&at.to_string());
        Exception { relation: relation(order, exception), ..read(exception, meta) }
    });
    (all.collect(), hidden)
}

fn relation(order: usize, exception: &normal::Exception) -> String {
    let is_member = exception.source.ends_with(']');
    match order {
        0 => String::new(),
        _ if is_member => format!("Member {} of the group", exception.source),
        _ => "Caused by".to_owned(),
    }
}

fn read(exception: &normal::Exception, meta: Meta<'_>) -> Exception {
    let mut mechanism = Data::default();
    mechanism.push("Mechanism", &exception.mechanism, meta.at("mechanism").at("type"));
    mechanism.push("From", &exception.source, Meta::NONE);
    mechanism.rows.extend(Data::of_map(&exception.mechanism_data, meta.at("mechanism").at("data")).rows);
    Exception {
        kind: exception.kind.clone(),
        value: Datum::text("", &exception.value, meta.at("value")),
        module: exception.module.clone(),
        relation: String::new(),
        mechanism,
        is_handled: exception.is_handled,
        stack: stack(&exception.frames, exception.omitted, meta.at("stacktrace")),
    }
}

/// `frames`: the oldest call first, as the wire has them. `omitted`: how many were left out when it was read.
pub fn stack(frames: &[normal::Frame], omitted: usize, meta: Meta<'_>) -> Stack {
    let meta = meta.at("frames");
    // A runaway recursion says the same thousands of times.
    let mut distinct: Vec<(usize, usize)> = Vec::new();
    for position in (0..frames.len()).rev() {
        match distinct.last_mut() {
            Some((first, repeats)) if is_same(&frames[*first], &frames[position]) => *repeats += 1,
            _ => distinct.push((position, 0)),
        }
    }
    let cut = distinct.len().saturating_sub(MAX_FRAMES);
    if cut > 0 {
        distinct.drain(MAX_FRAMES / 2..MAX_FRAMES / 2 + cut);
    }
    let hidden = cut + omitted;
    let cut_after = if hidden > 0 { distinct.len() / 2 } else { 0 };
    // Notes of `_meta` go by the positions of the wire, which are those of here as long as nothing was left out.
    let note = |position: usize| if omitted == 0 { meta.at(&position.to_string()) } else { Meta::NONE };
    let shown = distinct.into_iter().map(|(position, repeats)| Frame { repeats, ..frame(&frames[position], note(position)) });
    Stack { frames: shown.collect(), hidden, cut_after }
}

fn is_same(one: &normal::Frame, other: &normal::Frame) -> bool {
    let key = |frame: &normal::Frame| (frame.line, frame.column, frame.instruction_addr.clone());
    one.function == other.function && one.filename == other.filename && one.module == other.module && key(one) == key(other)
}

fn frame(frame: &normal::Frame, meta: Meta<'_>) -> Frame {
    let names = [&frame.filename, &frame.abs_path, &frame.module, &frame.package];
    let file = names.into_iter().find(|name| !name.is_empty()).cloned().unwrap_or_default();
    let unless_file = |name: &str| if name == file { String::new() } else { name.to_owned() };
    Frame {
        function: if frame.function == "?" { String::new() } else { frame.function.clone() },
        path: unless_file(&frame.abs_path),
        module: unless_file(&frame.module),
        package: unless_file(&frame.package),
        line: frame.line.filter(|line| *line > 0),
        column: frame.column.filter(|column| *column > 0),
        address: frame.instruction_addr.clone(),
        is_app: frame.in_app.unwrap_or_else(|| !is_library(&file) && !is_library(&frame.abs_path)),
        code: code(frame),
        vars: Data::of_map(&frame.vars, meta.at("vars")),
        built: frame.built.as_deref().map(built).unwrap_or_default(),
        repeats: 0,
        file,
    }
}

fn built(built: &normal::Place) -> String {
    let place = place(&built.path, built.line, built.column);
    if built.function.is_empty() { place } else { format!("{} at {place}", built.function) }
}

fn is_library(path: &str) -> bool {
    ["node_modules/", "site-packages/", "dist-packages/", "/rustc/", "/.cargo/registry/", "/vendor/", "webpack/bootstrap"]
        .iter()
        .any(|part| path.contains(part))
        || ["node:", "internal/", "<anonymous>", "/usr/lib/"].iter().any(|start| path.starts_with(start))
}

fn code(frame: &normal::Frame) -> Vec<CodeLine> {
    let Some(current) = &frame.context_line else { return Vec::new() };
    let before = &frame.pre_context[frame.pre_context.len().saturating_sub(MAX_CONTEXT)..];
    let first = frame.line.and_then(|line| line.checked_sub(u32::try_from(before.len()).ok()?));
    let after = frame.post_context.iter().take(MAX_CONTEXT);
    let all = before.iter().chain([current]).chain(after).enumerate();
    all.map(|(position, text)| CodeLine {
        number: first.and_then(|first| first.checked_add(u32::try_from(position).ok()?)).filter(|number| *number > 0),
        text: kernel::text::shorten(text.trim_end(), MAX_CODE_LINE),
        is_current: position == before.len(),
    })
    .collect()
}
