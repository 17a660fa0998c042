//! Exceptions with their frames: the program's own open, runs of library frames folded, source lines with their numbers.

use frontend::raw::Markup;
use frontend::{Tone, View};

use super::content::Content;
use super::content::stack::{Exception, Frame, Stack};
use super::data::{write_data, write_value};

pub fn view(content: &Content) -> Option<View> {
    if content.exceptions.is_empty() && content.thread.is_empty() {
        return None;
    }
    let mut html = Markup::new();
    html.tag("section").attr("class", "card flush").attr("id", "stack");
    for exception in &content.exceptions {
        write_exception(&mut html, exception);
    }
    if content.hidden_exceptions > 0 {
        html.tag("p")
            .attr("class", "stack-hidden")
            .text(format!("{} more exceptions stand in the raw JSON.", content.hidden_exceptions))
            .end("p");
    }
    if !content.thread.is_empty() {
        html.tag("div")
            .attr("class", "exception")
            .tag("header")
            .attr("class", "exception-head")
            .element("h2", "Where it happened")
            .end("header");
        write_stack(&mut html, &content.thread);
        html.end("div");
    }
    html.end("section");
    Some(html.into_view())
}

fn write_exception(html: &mut Markup, exception: &Exception) {
    html.tag("div").attr("class", "exception").tag("header").attr("class", "exception-head");
    if !exception.relation.is_empty() {
        html.tag("p").attr("class", "muted").text(&exception.relation).end("p");
    }
    html.tag("h2").text(if exception.kind.is_empty() { "Error" } else { &exception.kind }).end("h2");
    if !exception.module.is_empty() {
        html.tag("span").attr("class", "muted").text(&exception.module).end("span");
    }
    match exception.is_handled {
        Some(false) => html.view(frontend::parts::state_dot(Tone::Bad, "unhandled")),
        Some(true) => html.tag("span").attr("class", "muted").text("handled").end("span"),
        None => html,
    };
    if !exception.value.value.is_empty() || !exception.value.note.is_empty() {
        html.tag("div").attr("class", "exception-value");
        write_value(html, &exception.value, "p");
        html.end("div");
    }
    if !exception.mechanism.is_empty() {
        html.tag("details").attr("class", "disclosure").element("summary", "How it was caught").tag("div").attr("class", "disclosure-body");
        write_data(html, &exception.mechanism);
        html.end("div").end("details");
    }
    html.end("header");
    write_stack(html, &exception.stack);
    html.end("div");
}

fn write_stack(html: &mut Markup, stack: &Stack) {
    if stack.is_empty() {
        html.tag("p").attr("class", "stack-hidden").text("It came without a stack.").end("p");
        return;
    }
    html.tag("ol").attr("class", "frames");
    let folds = stack.has_app_frames();
    let mut position = 0;
    while position < stack.frames.len() {
        if stack.hidden > 0 && position == stack.cut_after {
            write_gap(html, stack.hidden);
        }
        let frame = &stack.frames[position];
        if frame.is_app || !folds {
            write_frame(html, frame, position == 0 || frame.is_app);
            position += 1;
            continue;
        }
        let stop = if position < stack.cut_after { stack.cut_after } else { stack.frames.len() };
        let run = stack.frames[position..stop].iter().take_while(|frame| !frame.is_app).count();
        write_run(html, &stack.frames[position..position + run]);
        position += run;
    }
    html.end("ol");
}

fn write_gap(html: &mut Markup, hidden: usize) {
    html.tag("li").attr("class", "frame-gap").text(format!("{hidden} frames in the middle are left out here; the raw JSON has them."));
    html.end("li");
}

fn write_run(html: &mut Markup, run: &[Frame]) {
    let words = if run.len() == 1 { "1 library frame".to_owned() } else { format!("{} library frames", run.len()) };
    let first = run.first().map(|frame| if frame.function.is_empty() { frame.place() } else { frame.function.clone() }).unwrap_or_default();
    html.tag("li").attr("class", "frame-run").tag("details").tag("summary").text(words).text(" ");
    html.tag("span").attr("class", "muted").text(kernel::text::shorten(&first, 80)).end("span").end("summary");
    html.tag("ol").attr("class", "frames");
    for frame in run {
        write_frame(html, frame, false);
    }
    html.end("ol").end("details").end("li");
}

fn write_frame(html: &mut Markup, frame: &Frame, is_open: bool) {
    let has_body = !frame.code.is_empty() || !frame.vars.is_empty() || !frame.built.is_empty();
    html.tag("li").attr("class", if frame.is_app { "frame app" } else { "frame" });
    if has_body {
        html.tag("details").flag("open", is_open).tag("summary");
    } else {
        html.tag("p").attr("class", "frame-head");
    }
    write_head(html, frame);
    if !has_body {
        html.end("p").end("li");
        return;
    }
    html.end("summary").tag("div").attr("class", "frame-body");
    if !frame.built.is_empty() {
        html.tag("p").attr("class", "frame-built").text("From the built file: ").element("code", &frame.built).end("p");
    }
    write_code(html, frame);
    if !frame.vars.is_empty() {
        html.tag("details").attr("class", "disclosure frame-vars").flag("open", is_open).element("summary", "Variables");
        html.tag("div").attr("class", "disclosure-body");
        write_data(html, &frame.vars);
        html.end("div").end("details");
    }
    html.end("div").end("details").end("li");
}

fn write_head(html: &mut Markup, frame: &Frame) {
    let function = if frame.function.is_empty() { "(no name)" } else { &frame.function };
    html.tag("b").attr("class", "frame-function").text(function).end("b").text(" ");
    let place = frame.place();
    if !place.is_empty() {
        html.tag("span").attr("class", "frame-place").maybe("title", &frame.path).text(place).end("span").text(" ");
    } else if !frame.address.is_empty() {
        html.tag("span").attr("class", "frame-place").text(&frame.address).end("span").text(" ");
    }
    let origin = [&frame.package, &frame.module].into_iter().find(|name| !name.is_empty());
    if let Some(origin) = origin {
        html.tag("span").attr("class", "frame-origin").text(origin).end("span").text(" ");
    }
    if !frame.is_app {
        html.tag("span").attr("class", "tag").text("library").end("span");
    }
    if frame.repeats > 0 {
        html.tag("span").attr("class", "tag").text(format!("{} times in a row", frame.repeats + 1)).end("span");
    }
}

fn write_code(html: &mut Markup, frame: &Frame) {
    if frame.code.is_empty() {
        return;
    }
    html.tag("ol").attr("class", "source").attr("tabindex", 0).attr("aria-label", "Source");
    for line in &frame.code {
        html.tag("li").maybe("class", if line.is_current { "at" } else { "" });
        if let Some(number) = line.number {
            html.tag("span").attr("class", "line-number").text(number).end("span");
        }
        html.element("code", &line.text).end("li");
    }
    html.end("ol");
}
