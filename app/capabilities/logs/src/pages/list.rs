//! The search: what is asked, how much there is, and the lines.

use capability::Hit;
use frontend::prelude::*;
use kernel::Time;

use super::{Projects, body, properties};
use crate::find::{Counts, Found, FoundLine, MOST_COUNTED, MOST_LOOKED};
use crate::model::{Query, Span, Window};

pub struct Listing {
    pub query: Query,
    pub window: Option<Window>,
    pub span: Span,
    /// The page's first line is not the newest.
    pub is_further: bool,
    /// Draws itself anew when lines come in.
    pub is_tail: bool,
    pub found: Found,
    pub counts: Counts,
    pub projects: Projects,
    /// What others have of the trace that is asked for.
    pub related: Vec<Hit>,
    pub oldest: Option<Time>,
    pub has_traces: bool,
    pub now: Time,
}

impl Listing {
    /// The same page for another question.
    fn asking(&self, text: &str) -> Href {
        self.within(Href::path("/logs").with("q", text))
    }

    fn within(&self, href: Href) -> Href {
        let href = match self.window {
            Some(window) => href.with("window", window.name()),
            None => href.with("from", self.span.from.rfc3339_millis()).with("to", self.span.to.rfc3339_millis()),
        };
        if self.is_tail { href.with("tail", 1) } else { href }
    }

    fn here(&self) -> Href {
        self.asking(&self.query.text)
    }
}

pub fn show(listing: &Listing) -> View {
    let mut parts = vec![head(listing), search(listing)];
    parts.extend(listing.query.problems.iter().map(|problem| notice(Tone::Warn, problem)));
    if !listing.related.is_empty() {
        parts.push(related(&listing.related));
    }
    parts.push(live("levels", levels(listing)));
    parts.push(live("counts", drawing(listing)));
    let lines = lines(listing);
    parts.push(if listing.is_tail { live("lines", lines) } else { lines });
    parts.push(foot(listing));
    stack(parts)
}

fn head(listing: &Listing) -> View {
    let export = |format: &str| {
        let href = Href::path("/logs/export").with("format", format).with("q", &listing.query.text);
        match listing.window {
            Some(window) => href.with("window", window.name()),
            None => href.with("from", listing.span.from.rfc3339_millis()).with("to", listing.span.to.rfc3339_millis()),
        }
    };
    let still = Listing { is_tail: false, ..listing.clone_frame() };
    let tailing = Listing { is_tail: true, ..listing.clone_frame() };
    let tail = if listing.is_tail {
        link_button(still.here(), "Stop following", Look::Primary)
    } else {
        link_button(tailing.here(), "Follow new lines", Look::Plain)
    };
    page_head(PageHead {
        title: "Logs",
        lead: &lead(listing),
        actions: vec![tail, link_button(export("text"), "As text", Look::Quiet), link_button(export("ndjson"), "As NDJSON", Look::Quiet)],
        ..PageHead::default()
    })
}

impl Listing {
    /// What links need, without the lines.
    fn clone_frame(&self) -> Listing {
        Listing {
            query: self.query.clone(),
            found: Found::default(),
            counts: Counts { parts: Vec::new(), levels: Vec::new(), since: None, is_at_most: false },
            projects: Projects::default(),
            related: Vec::new(),
            ..*self
        }
    }
}

fn lead(listing: &Listing) -> String {
    let total = listing.counts.total();
    let word = if total == 1 { "line" } else { "lines" };
    let range = listing.window.map_or_else(
        || format!("from {} to {}", listing.span.from.rfc3339(), listing.span.to.rfc3339()),
        |window| format!("in the last {}", window.name()),
    );
    match (&listing.counts.since, listing.counts.is_at_most) {
        (Some(since), _) => format!("More than {MOST_COUNTED} {word} {range}; counted back to {}.", since.rfc3339()),
        (None, true) => format!("At most {total} {word} {range}: some of them are only told apart when they are shown."),
        (None, false) => format!("{total} {word} {range}."),
    }
}

fn search(listing: &Listing) -> View {
    let fields = Fields::new(&[]);
    let q = fields.text(TextField {
        name: "q",
        label: "Search",
        value: &listing.query.text,
        kind: TextKind::Search,
        placeholder: "level:>=warn project:web \"stock low\" -health",
        max: 2_000,
        ..TextField::default()
    });
    let mut choices: Vec<Choice<'_>> = Window::ALL.iter().map(|window| Choice::new(window.name(), label(*window))).collect();
    if listing.window.is_none() {
        choices.insert(0, Choice::new("", "The time chosen"));
    }
    let window = fields.select(Select {
        name: "window",
        label: "Time",
        value: listing.window.map_or("", Window::name),
        choices: &choices,
        ..Select::default()
    });
    let kept = if listing.window.is_none() {
        vec![hidden("from", &listing.span.from.rfc3339_millis()), hidden("to", &listing.span.to.rfc3339_millis())]
    } else {
        Vec::new()
    };
    let tail = if listing.is_tail { hidden("tail", "1") } else { ().into_any() };
    let button = button("Search", Look::Plain, "", "");
    let form = filter_form("/logs", view! { {q}{window}{kept}{tail}{button} });
    view! { <div class="log-search">{form}{disclosure("What can be asked", false, grammar())}</div> }.into_any()
}

fn label(window: Window) -> &'static str {
    match window {
        Window::Minutes15 => "Last 15 minutes",
        Window::Hour => "Last hour",
        Window::Hours6 => "Last 6 hours",
        Window::Day => "Last 24 hours",
        Window::Week => "Last 7 days",
        Window::Month => "Last 30 days",
    }
}

fn grammar() -> View {
    let rows = [
        ("timeout, time*", "a word of the line or of its attributes; the beginning of one"),
        ("\"stock low\", a@example.com", "these words in this order"),
        ("level:error, level:warn,error, level:>=warn", "levels: fatal, error, warn, info, debug, trace"),
        ("project:web environment:staging release:shop@1.4.2", "where it comes from"),
        ("trace:0131874adc87492188e3592b4bbe8c31", "all lines of one trace"),
        ("logger:shop, message:\"stock low for %s\"", "the logger; the template of the message"),
        ("cart.id:7, url.path:/api/*, has:cart.id", "an attribute: its value, the beginning of it, whether it is there"),
        ("duration:>100, duration:<=5", "an attribute that is a number"),
        ("-health, -level:info", "not"),
    ];
    let rows = rows.map(|(ask, means)| Row::new(vec![code(ask), muted(means)])).into_iter().collect();
    let heads = [Head::text("Ask"), Head::text("Finds lines with")];
    table(Table { caption: "What can be asked", heads: &heads, rows, empty: EmptyState::default() })
}

fn related(hits: &[Hit]) -> View {
    let items: Vec<View> = hits
        .iter()
        .map(|hit| {
            let (kind, title, note) = (tag(hit.kind), link(hit.href.clone(), &hit.title), muted(&hit.note));
            view! { <li>{kind}" "{title}" "{note}</li> }.into_any()
        })
        .collect();
    card(Card { title: "Also of this trace", ..Card::default() }, view! { <ul class="plain-list">{items}</ul> })
}

fn levels(listing: &Listing) -> View {
    let current = listing.query.level();
    let all: u64 = listing.counts.levels.iter().map(|(_, count)| count).sum();
    let mut chips = vec![Tab {
        label: "All levels",
        href: listing.asking(&listing.query.with_level(None)),
        is_current: current.is_none(),
        count: Some(all),
    }];
    chips.extend(listing.counts.levels.iter().map(|(level, count)| Tab {
        label: level.as_str(),
        href: listing.asking(&listing.query.with_level(Some(*level))),
        is_current: current == Some(*level),
        count: Some(*count),
    }));
    tabs("Level", &chips)
}

fn drawing(listing: &Listing) -> View {
    let format = match listing.span.step.as_secs() {
        ..3_600 => "%H:%M",
        3_600 => "%-d %b %H:%M",
        _ => "%-d %b %Hh",
    };
    let buckets: Vec<(String, u64)> = listing
        .span
        .parts()
        .iter()
        .zip(&listing.counts.parts)
        .map(|(at, count)| (at.timestamp().strftime(format).to_string(), *count))
        .collect();
    let step = kernel::time::describe_duration(listing.span.step);
    let drawn = histogram(&Histogram {
        title: &format!("Lines every {step}, UTC"),
        about: &format!("{} lines in {} parts.", listing.counts.total(), buckets.len()),
        buckets: &buckets,
        counted: "lines",
    });
    view! { <div class="log-counts">{drawn}</div> }.into_any()
}

fn lines(listing: &Listing) -> View {
    if listing.found.rows.is_empty() {
        return card(Card { is_flush: true, ..Card::default() }, nothing(listing));
    }
    let rows: Vec<View> = listing.found.rows.iter().map(|row| one(listing, row)).collect();
    card(Card { is_flush: true, ..Card::default() }, view! { <div class="log-lines">{rows}</div> })
}

fn nothing(listing: &Listing) -> View {
    let is_new = listing.oldest.is_none();
    let (title, sentence) = match () {
        () if is_new => (
            "No line has come in yet",
            "Turn logs on in your SDK: enable_logs=True in Python, enableLogs: true in JavaScript, or send OTLP logs; then lines show up here within seconds.",
        ),
        () if listing.found.gave_up_at.is_some() => (
            "Nothing found so far",
            "The search looked at as many lines as it may at once. Look further back, or add a word that the lines have.",
        ),
        () if listing.is_further => ("No older line fits", "You have seen all of them."),
        () => ("No line fits", "Try a longer time, fewer words or another level."),
    };
    let mut actions = Vec::new();
    if is_new {
        actions.push(link_button("/projects", "Set up a project", Look::Primary));
    } else if listing.found.gave_up_at.is_none() {
        actions.push(link_button(
            Href::path("/logs").with("q", &listing.query.text).with("window", "30d"),
            "Look through 30 days",
            Look::Plain,
        ));
    }
    empty_state(EmptyState { title, sentence, actions })
}

fn one(listing: &Listing, row: &FoundLine) -> View {
    let line = &row.line;
    let class = format!("log-line {}", line.level.tone().class());
    let style = if listing.span.to.since(listing.span.from) > kernel::time::DAY * 2 { MomentStyle::Full } else { MomentStyle::Clock };
    let at = moment_as(line.at(), style);
    let level = state_dot(line.level.tone(), line.level.as_str());
    let project = tag(&listing.projects.name(row.project));
    let logger = if line.logger().is_empty() { ().into_any() } else { muted(line.logger()) };
    let text = body(line);
    let own = |label: &str| link(format!("/logs/lines/{}", row.id), label);
    if listing.is_tail {
        let own = own("Open");
        // What unfolds would be folded again, or another line be unfolded, by the next that comes in.
        return view! { <div class=class><div class="log-head">{at}{level}{project}{logger}{text}" "{own}</div></div> }.into_any();
    }
    let more = properties(row, &listing.projects, &|term| listing.asking(&listing.query.with(term)), listing.has_traces);
    let own = own("Lines around it");
    view! {
        <details class=class>
            <summary class="log-head">{at}{level}{project}{logger}{text}</summary>
            <div class="log-more">{more}<p class="log-own">{own}</p></div>
        </details>
    }
    .into_any()
}

fn foot(listing: &Listing) -> View {
    let found = &listing.found;
    let first = if listing.is_further { listing.here() } else { Href::default() };
    let next = found.next.map(|next| listing.here().with("before", next)).unwrap_or_default();
    let shown = found.rows.len();
    let note = match found.gave_up_at {
        Some(at) => format!("{shown} lines; looked at {MOST_LOOKED} of them, back to {}. “Older” looks further.", at.rfc3339()),
        None => format!("{shown} lines shown"),
    };
    let kept = listing.oldest.map(|oldest| format!(" · kept since {}", oldest.rfc3339())).unwrap_or_default();
    pager(&Pager { first, next, note: &format!("{note}{kept}") })
}
