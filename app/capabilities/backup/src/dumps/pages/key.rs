//! The instance's keys: said plainly, shown once, to be kept elsewhere, replaced at will.

use frontend::prelude::*;
use kernel::Secret;

use super::trail;
use crate::dumps::store::OwnKey;

pub struct KeyPage<'a> {
    pub own: &'a OwnKey,
    /// Those that were in use before, the newest first.
    pub earlier: &'a [OwnKey],
    /// Only in the answer to the question for it.
    pub identity: Option<&'a Secret>,
}

pub fn show(page: &KeyPage<'_>) -> View {
    let head = page_head(PageHead {
        title: "The key of the dumps",
        lead: "Dumps are encrypted with a key of this instance. Without it they are worth nothing, wherever they lie.",
        trail: trail(),
        actions: vec![confirm_button(&ConfirmButton {
            label: "Make a new key",
            question: "Dumps are made with the new key from now on: take it out of here as you did with this one. Earlier dumps still need \
                       the key they were made with, which their pages name; keep it as long as you keep them.",
            confirm: "Make a new key",
            action: "/backup/dumps/key/new".into(),
            look: Look::Plain,
            ..ConfirmButton::default()
        })],
        ..PageHead::default()
    });
    let warning = match page.own.identity {
        Some(_) => notice(
            Tone::Warn,
            "Keep this key where neither this machine nor the bucket is: in a password manager, or on paper. The copies of Hermetic hold it \
             too, but sealed with the key file secret.key: if this machine is lost, and with it that file, only a key you took out opens \
             the dumps.",
        ),
        None => notice(
            Tone::Bad,
            "This key was sealed with a key file that is gone, so no dump can be made with it. Make a new one. What the old one made is \
             opened by whoever took it out before.",
        ),
    };
    stack(vec![head, warning, card(Card::default(), stack(vec![facts(page.own), act(page)])), earlier(page.earlier)])
}

fn facts(own: &OwnKey) -> View {
    key_values(vec![("Public half", code(&own.recipient)), ("Made", moment(own.created_at)), ("Last taken out", taken_out(own))])
}

fn taken_out(own: &OwnKey) -> View {
    match own.shown_at {
        Some(at) => view! { <span>{moment(at)}" "<span class="muted">{own.shown_by.clone()}</span></span> }.into_any(),
        None => state_badge(Tone::Warn, "Nobody has it yet"),
    }
}

fn act(page: &KeyPage<'_>) -> View {
    if page.own.identity.is_none() {
        return state_badge(Tone::Bad, "It cannot be opened here");
    }
    let download = download(page.own, Look::Primary);
    match page.identity {
        Some(identity) => stack(vec![
            copy_box("The key (age identity)", identity.expose()),
            muted("This page shows it once. Save it as hermetic-dumps.key; age --decrypt --identity hermetic-dumps.key opens a dump."),
            download,
        ]),
        None if page.own.shown_at.is_none() => actions(vec![post_button("/backup/dumps/key", "Show the key once", Look::Plain), download]),
        None => actions(vec![download]),
    }
}

fn download(key: &OwnKey, look: Look) -> View {
    post_button(Href::path("/backup/dumps/key/download").with("id", key.id), "Download the key", look)
}

fn earlier(keys: &[OwnKey]) -> View {
    if keys.is_empty() {
        return ().into_any();
    }
    let rows = keys.iter().map(|key| {
        let act = match key.identity {
            Some(_) => download(key, Look::Plain),
            None => muted("Its key file is gone."),
        };
        Row::new(vec![code(&key.recipient), moment(key.created_at), taken_out(key), act])
    });
    let heads = [Head::text("Public half"), Head::text("Made"), Head::text("Last taken out"), Head::hidden("Actions")];
    let lead = "They open the dumps that were made with them, and nothing else does.";
    let rows = table(Table { caption: "Earlier keys", heads: &heads, rows: rows.collect(), empty: EmptyState::default() });
    card(Card { title: "Earlier keys", lead, is_flush: true, ..Card::default() }, rows)
}
