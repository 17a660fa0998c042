//! The instance's key: said plainly, shown once, to be kept elsewhere.

use frontend::prelude::*;
use kernel::{Secret, Time};

use super::trail;

pub struct KeyPage<'a> {
    pub recipient: &'a str,
    pub created_at: Time,
    pub shown: Option<(Time, &'a str)>,
    /// Only in the answer to the question for it.
    pub identity: Option<&'a Secret>,
}

pub fn show(page: &KeyPage<'_>) -> View {
    let head = page_head(PageHead {
        title: "The key of the dumps",
        lead: "Dumps are encrypted with a key of this instance. Without it they are worth nothing, wherever they lie.",
        trail: trail(),
        ..PageHead::default()
    });
    let warning = notice(
        Tone::Warn,
        "Keep this key where neither this machine nor the bucket is: in a password manager, or on paper. If this machine is lost and you \
         have no key, nobody can open the dumps again.",
    );
    let shown = match page.shown {
        Some((at, by)) => view! { <span>{moment(at)}" "<span class="muted">{by.to_owned()}</span></span> }.into_any(),
        None => state_badge(Tone::Warn, "Nobody has it yet"),
    };
    let facts = key_values(vec![("Public half", code(page.recipient)), ("Made", moment(page.created_at)), ("Last taken out", shown)]);
    let download = post_button("/backup/dumps/key/download", "Download the key", Look::Primary);
    let act = match page.identity {
        Some(identity) => stack(vec![
            copy_box("The key (age identity)", identity.expose()),
            muted("This page shows it once. Save it as hermetic-dumps.key; age --decrypt --identity hermetic-dumps.key opens a dump."),
            download,
        ]),
        None if page.shown.is_none() => actions(vec![post_button("/backup/dumps/key", "Show the key once", Look::Plain), download]),
        None => actions(vec![download]),
    };
    stack(vec![head, warning, card(Card::default(), stack(vec![facts, act]))])
}
