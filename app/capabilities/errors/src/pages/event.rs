//! One event: everything that was known when it happened.

pub mod content;
mod data;
pub mod markdown;
mod sections;
mod stack;

use capability::Hit;
use frontend::prelude::*;
use ingest::EventId;
use kernel::Time;
use kernel::time::describe_duration;

use content::Content;

/// The issue above an event, as much as its pages say of it.
#[derive(Debug, Clone)]
pub struct Above {
    pub id: i64,
    pub title: String,
    pub project: String,
    /// As a badge: its tone and its words.
    pub state: (Tone, String),
}

/// Addresses of the events around one; empty where there is none.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    pub oldest: Href,
    pub older: Href,
    pub newer: Href,
    pub latest: Href,
    /// The one that tells most.
    pub recommended: Href,
}

/// A file that came with the event.
#[derive(Debug, Clone)]
pub struct Attachment {
    pub item: i64,
    pub filename: String,
    pub content_type: String,
    pub size: u64,
    /// A picture that browsers show without running anything.
    pub is_picture: bool,
    /// The beginning of a text.
    pub text: String,
}

/// What somebody wrote about it.
#[derive(Debug, Clone)]
pub struct Said {
    pub name: String,
    pub email: String,
    pub message: String,
    pub url: String,
    pub at: Time,
    /// Where its event is shown; empty for none.
    pub href: Href,
    pub title: String,
}

pub struct Shown {
    pub above: Above,
    pub item: i64,
    pub event_id: Option<EventId>,
    pub at: Time,
    pub received_at: Time,
    /// `None`: what was sent cannot be read as JSON (a crash dump), or it has aged out.
    pub content: Option<Content>,
    pub attachments: Vec<Attachment>,
    pub feedback: Vec<Said>,
    pub related: Vec<Hit>,
    pub steps: Steps,
    pub now: Time,
}

impl Shown {
    fn path(&self) -> String {
        format!("/errors/{}/events/{}", self.above.id, self.item)
    }
}

pub fn show(shown: &Shown) -> View {
    let (tone, word) = &shown.above.state;
    let head = page_head(PageHead {
        title: &shown.above.title,
        trail: vec![
            ("Errors", "/errors".into()),
            ("Issue", format!("/errors/{}", shown.above.id).into()),
            ("Events", format!("/errors/{}/events", shown.above.id).into()),
        ],
        badge: Some(state_badge(*tone, word)),
        actions: Vec::new(),
        ..PageHead::default()
    });
    let (wide, narrow) = parts(shown);
    view! { {head} {bar(shown)} {columns(wide, narrow)} }.into_any()
}

/// The matter, and the facts beside it. They also stand on the page of the issue, with its latest event.
pub fn parts(shown: &Shown) -> (Vec<View>, Vec<View>) {
    let Some(content) = &shown.content else {
        let gone = empty_state(EmptyState {
            title: "What was sent is not readable here",
            sentence: "It has aged out, or it is no JSON, as a crash dump is. Counts and history of the issue are whole.",
            actions: vec![link_button(format!("/errors/{}/events", shown.above.id), "See the other events", Look::Plain)],
        });
        return (std::iter::once(card(Card::default(), gone)).chain(attachments(shown)).collect(), Vec::new());
    };
    let wide: Vec<View> = [
        sections::errors(content),
        sections::message(content),
        stack::view(content),
        feedback(&shown.feedback),
        attachments(shown),
        sections::breadcrumbs(content),
        sections::request(content),
        sections::extra(content),
        sections::modules(content),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut narrow: Vec<View> = vec![card(Card { title: "This event", ..Card::default() }, facts(shown, content))];
    narrow.extend(
        [related(&shown.related), sections::user(content), sections::tags(content), sections::flags(content)].into_iter().flatten(),
    );
    narrow.extend(sections::contexts(content));
    (wide, narrow)
}

/// Steps through the events, and what to take along.
pub fn bar(shown: &Shown) -> View {
    let step = |href: &Href, label: &str| {
        if href.is_empty() {
            view! { <span class="button plain" aria-disabled="true">{label.to_owned()}</span> }.into_any()
        } else {
            link_button(href.clone(), label, Look::Plain)
        }
    };
    let steps = &shown.steps;
    let path = shown.path();
    view! {
        <nav class="event-bar" aria-label="Events">
            <div class="actions">
                {step(&steps.recommended, "Most telling")}
                {step(&steps.oldest, "First")}
                {step(&steps.older, "Older")}
                {step(&steps.newer, "Newer")}
                {step(&steps.latest, "Latest")}
            </div>
            <div class="actions">
                {link_button(format!("{path}/markdown"), "As Markdown", Look::Quiet)}
                {link_button(format!("{path}/json"), "Raw JSON", Look::Quiet)}
            </div>
        </nav>
    }
    .into_any()
}

fn facts(shown: &Shown, content: &Content) -> View {
    let mut pairs = vec![("Happened", moment(shown.at)), ("Received", received(shown))];
    if let Some(id) = shown.event_id {
        pairs.push(("Event id", code(&id.to_string())));
    }
    for (label, value) in [
        ("Level", &content.level),
        ("Release", &content.release),
        ("Build", &content.dist),
        ("Environment", &content.environment),
        ("Transaction", &content.transaction),
        ("Server", &content.server_name),
        ("Logger", &content.logger),
        ("Platform", &content.platform),
        ("SDK", &content.sdk),
        ("Trace", &content.trace_id),
        ("Replay", &content.replay_id),
    ] {
        if !value.is_empty() {
            pairs.push((label, code(value)));
        }
    }
    let address = link(shown.path(), "Address of this event");
    view! { {key_values(pairs)} <p>{address}</p> }.into_any()
}

/// How long it took until it could be seen here.
fn received(shown: &Shown) -> View {
    let late = shown.received_at.since(shown.at);
    let words = match late.as_secs() {
        _ if shown.received_at < shown.at => "before its own clock says".to_owned(),
        0 => "at once".to_owned(),
        _ => format!("{} later", describe_duration(late)),
    };
    view! { {moment(shown.received_at)} " " {muted(&words)} }.into_any()
}

pub fn related(hits: &[Hit]) -> Option<View> {
    if hits.is_empty() {
        return None;
    }
    let line = |hit: &Hit| {
        let (kind, note) = (hit.kind, hit.note.clone());
        view! { <li><span class="muted">{kind}</span> " " {link(hit.href.as_str(), &hit.title)} " " <span class="muted">{note}</span></li> }
            .into_any()
    };
    let lines: Vec<View> = hits.iter().map(line).collect();
    Some(card(Card { title: "Related", ..Card::default() }, view! { <ul class="lines">{lines}</ul> }))
}

pub fn feedback(said: &[Said]) -> Option<View> {
    if said.is_empty() {
        return None;
    }
    let entries: Vec<View> = said.iter().map(|said| view! { <li>{quote(said)}</li> }.into_any()).collect();
    Some(sections::part("feedback", "What users said", view! { <ul class="said">{entries}</ul> }.into_any()))
}

pub fn quote(said: &Said) -> View {
    let who = if said.name.is_empty() { "Somebody".to_owned() } else { said.name.clone() };
    let (message, url) = (said.message.clone(), said.url.clone());
    let mail = kernel::text::Email::parse(&said.email).ok().map(|email| link(Href::mail(&email), email.as_str()));
    let place = kernel::text::WebUrl::parse(&url).ok().map(|url| view! { " · " {link(&url, url.as_str())} });
    view! { <blockquote class="quote">{message}</blockquote> <p class="muted">{who} " " {mail} " · " {moment(said.at)} {place}</p> }
        .into_any()
}

fn attachments(shown: &Shown) -> Option<View> {
    if shown.attachments.is_empty() {
        return None;
    }
    let files: Vec<View> = shown.attachments.iter().map(|file| attachment(shown, file)).collect();
    Some(sections::part("attachments", "Files", view! { <ul class="files">{files}</ul> }.into_any()))
}

fn attachment(shown: &Shown, file: &Attachment) -> View {
    let path = format!("{}/attachments/{}", shown.path(), file.item);
    #[expect(clippy::cast_precision_loss, reason = "sizes of files are far below 2^52")]
    let about = format!(
        "{} · {}",
        if file.content_type.is_empty() { "unknown type" } else { &file.content_type },
        Unit::Bytes.write(file.size as f64)
    );
    let name = if file.filename.is_empty() { "file".to_owned() } else { file.filename.clone() };
    let picture = file.is_picture.then(|| {
        let (src, alt) = (format!("{path}?show=1"), name.clone());
        view! { <img src=src alt=alt loading="lazy"/> }
    });
    let text = (!file.text.is_empty()).then(|| {
        let text = file.text.clone();
        disclosure("Show the beginning", false, view! { <pre class="attachment-text" tabindex="0">{text}</pre> })
    });
    view! { <li>{link(path, &name)} " " <span class="muted">{about}</span> {picture} {text}</li> }.into_any()
}
