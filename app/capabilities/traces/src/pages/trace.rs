//! One trace as a waterfall over all programs that took part.

use frontend::charts::{Unit, Waterfall, WaterfallLine, waterfall};
use frontend::prelude::*;

use super::plain;
use crate::look::trace::{Program, SpanLine, Trace};

pub fn page(shown: &Trace) -> View {
    let id = shown.id.to_string();
    let title = if shown.title.is_empty() { "Trace".to_owned() } else { shown.title.clone() };
    let badge = if shown.failed > 0 { state_badge(Tone::Bad, "failed") } else { state_badge(Tone::Good, "ok") };
    let head = page_head(PageHead {
        title: &title,
        lead: &format!("Trace {id}"),
        trail: vec![("Traces", "/traces".into())],
        badge: Some(badge),
        ..PageHead::default()
    });
    let mut views = vec![head, numbers(shown)];
    views.extend(oddities(shown));
    views.push(spans(shown));
    views.extend([related(shown), programs(shown)]);
    stack(views)
}

fn numbers(shown: &Trace) -> View {
    let took = Unit::Millis.write(shown.total);
    let (count, failed) = (shown.count.to_string(), format!("{} failed", shown.failed));
    let took_part = shown.programs.iter().map(|program| program.project.id).collect::<std::collections::BTreeSet<_>>().len();
    let projects = took_part.to_string();
    let tone = if shown.failed > 0 { Tone::Bad } else { Tone::Neutral };
    let mut all = vec![
        tile(&Tile { title: "Duration", value: &took, note: "from the first start to the last end", ..Tile::default() }),
        tile(&Tile { title: "Spans", value: &count, note: &failed, tone, ..Tile::default() }),
        tile(&Tile { title: "Projects", value: &projects, note: "took part", ..Tile::default() }),
    ];
    if let Some((within, millis)) = shown.gap.as_ref().filter(|(_, millis)| *millis >= shown.total / 20.0) {
        let (value, note) = (Unit::Millis.write(*millis), format!("without a span, within {}", shortened(within)));
        all.push(tile(&Tile { title: "Longest gap", value: &value, note: &note, ..Tile::default() }));
    }
    let began = moment(shown.started_at);
    view! { {tiles(all)} <p class="muted">"Began "{began}"."</p> }.into_any()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// What is missing or cannot be, in one sentence each.
fn oddities(shown: &Trace) -> Vec<View> {
    let mut said = Vec::new();
    if shown.orphans > 0 {
        let what = if shown.orphans == 1 {
            "1 span names a parent that is".to_owned()
        } else {
            format!("{} spans name parents that are", shown.orphans)
        };
        said.push(notice(
            Tone::Info,
            &format!("{what} not here: it was not sampled, is still on its way, or belongs to a program that does not report here."),
        ));
    }
    if shown.early > 0 {
        said.push(notice(
            Tone::Info,
            "Some spans begin before the spans that caused them: the clocks of two programs differ. Durations are right, offsets between programs are not.",
        ));
    }
    if shown.has_more_items {
        said.push(notice(Tone::Warn, "This trace has more parts than one page is made of; what came in last is left out."));
    }
    said
}

fn spans(shown: &Trace) -> View {
    let many = shown.programs.iter().any(|program| program.project.id != shown.programs[0].project.id);
    let lines = shown.lines.iter().map(|line| drawn(line, many)).collect();
    let drawing = waterfall(Waterfall { label: "Spans in the order of time", total: shown.total, lines });
    let last = shown.from.saturating_add(shown.lines.len());
    let note = match (shown.from, shown.count > shown.lines.len()) {
        (0, false) => "A line unfolds to the attributes of its span.".to_owned(),
        (0, true) => format!("Shows {last} of {} spans.", shown.count),
        _ if shown.lines.is_empty() => format!("It has no more than {} spans.", shown.count),
        (from, _) => format!("Shows the spans {} to {last} of {}.", from + 1, shown.count),
    };
    let path = || Href::path(format!("/traces/{}", shown.id));
    let steps = (shown.count > shown.lines.len()).then(|| {
        let first = if shown.from > 0 { path() } else { Href::default() };
        let next = shown.next().map(|next| path().with("from", next)).unwrap_or_default();
        pager(&Pager { first, next, note: &note })
    });
    card(Card { title: "Waterfall", lead: &note, is_flush: true, ..Card::default() }, view! { {drawing} {steps} })
}

fn drawn(line: &SpanLine, has_projects: bool) -> WaterfallLine {
    let tone = match (line.is_failed, line.is_orphan) {
        (true, _) => Tone::Bad,
        (false, true) => Tone::Info,
        _ => Tone::Neutral,
    };
    WaterfallLine {
        depth: line.depth,
        kind: line.op.clone(),
        // Some programs call a span like its operation.
        title: if line.title == line.op { String::new() } else { line.title.clone() },
        tag: if has_projects && line.is_root { line.project.clone() } else { String::new() },
        hue: hue(&line.op),
        tone,
        offset: line.offset,
        length: line.length,
        note: if line.is_orphan { "its parent is not here".to_owned() } else { String::new() },
        details: Some(details(line)),
    }
}

/// One colour for each kind of work.
fn hue(op: &str) -> u8 {
    let first = op.split(['.', '_']).next().unwrap_or_default();
    match first {
        "http" | "rpc" | "graphql" | "websocket" => 1,
        "db" | "cache" => 2,
        "queue" | "task" | "job" | "cron" | "celery" => 3,
        "ui" | "pageload" | "navigation" | "mark" | "measure" => 4,
        "browser" | "resource" => 5,
        _ => 6,
    }
}

fn details(line: &SpanLine) -> View {
    let mut pairs = vec![
        ("Began after", plain(&Unit::Millis.write(line.offset))),
        ("Took", plain(&format!("{}, {} of its own", Unit::Millis.write(line.length), Unit::Millis.write(line.own)))),
        ("Project", plain(&line.project)),
    ];
    if !line.outcome.is_empty() {
        pairs.push(("Outcome", plain(&line.outcome)));
    }
    if !line.span.is_empty() {
        pairs.push(("Span", code(&line.span)));
    }
    if !line.parent.is_empty() {
        pairs.push(("Parent", code(&line.parent)));
    }
    pairs.extend(line.attributes.iter().map(|(name, value)| (name.as_str(), plain(value))));
    key_values(pairs)
}

fn programs(shown: &Trace) -> View {
    let row = |program: &Program| {
        let or_dash = |text: &str| if text.is_empty() { muted("–") } else { plain(text) };
        Row::new(vec![
            plain(&program.project.name),
            or_dash(&program.release),
            or_dash(&program.environment),
            or_dash(&program.sdk),
            or_dash(&program.user),
            plain(&program.spans.to_string()),
        ])
    };
    let heads = [
        Head::text("Project"),
        Head::text("Release"),
        Head::text("Environment"),
        Head::text("SDK"),
        Head::text("User"),
        Head::number("Spans"),
    ];
    let listed = table(Table {
        caption: "Programs that took part",
        heads: &heads,
        rows: shown.programs.iter().map(row).collect(),
        empty: EmptyState::default(),
    });
    card(Card { title: "Programs", is_flush: true, ..Card::default() }, listed)
}

fn related(shown: &Trace) -> View {
    let rows = shown.related.iter().map(|hit| {
        let title = link(Href::path(hit.href.clone()), &hit.title);
        Row::new(vec![title, tag(hit.kind), muted(&hit.note)])
    });
    let listed = table(Table {
        caption: "What else belongs to this trace",
        heads: &[Head::text("What"), Head::text("Kind"), Head::text("Note")],
        rows: rows.collect(),
        empty: EmptyState {
            title: "Nothing else",
            sentence: "Errors and log lines that carry this trace id would stand here.",
            actions: Vec::new(),
        },
    });
    card(Card { title: "Errors and logs of this trace", is_flush: true, ..Card::default() }, listed)
}
