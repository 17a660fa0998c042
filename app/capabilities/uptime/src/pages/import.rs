//! Import from Uptime Kuma: the question, and what would be made.

use frontend::prelude::*;
use kernel::error::FieldError;

use super::sections;
use crate::model::kuma::{Found, Import};

pub fn ask(errors: &[FieldError]) -> View {
    let fields = Fields::new(errors);
    let head = page_head(PageHead {
        title: "Import from Uptime Kuma",
        lead: "Give its backup file. You see what would be made before anything is.",
        trail: vec![("Monitors", "/uptime".into())],
        ..PageHead::default()
    });
    let pasted = fields.text_area(TextArea {
        name: "backup",
        label: "Backup",
        help: "Paste the JSON here, or choose the file below. In Uptime Kuma 1: Settings, Backup, Export.",
        rows: 8,
        is_code: true,
        ..TextArea::default()
    });
    let file = view! {
        <div class="field">
            <label for="field-file">"Backup file"</label>
            <input type="file" id="field-file" name="file" accept=".json,application/json"/>
        </div>
    };
    let submit = submit_row(&SubmitRow { label: "Look at it", look: Look::Primary, cancel: "/uptime".into() });
    let body = form(Form { action: "/uptime/import".into(), is_upload: true }, view! { {fields.summary()}{pasted}{file}{submit} });
    stack(vec![head, sections("/uptime"), card(Card::default(), body)])
}

pub fn preview(found: &[Found], known: &[String], sealed: &str) -> View {
    let heads = [Head::text("Monitor"), Head::text("Kind there"), Head::text("Here"), Head::text("Notes")];
    let mut count = 0;
    let rows = found
        .iter()
        .map(|found| {
            let (tone, here, target, notes) = match &found.import {
                Import::Monitor { draft, .. } if known.contains(&draft.key) => {
                    (Tone::Neutral, "is here already", String::new(), String::new())
                }
                Import::Monitor { draft, notes, .. } => {
                    count += 1;
                    (Tone::Good, draft.watch.kind().as_str(), draft.watch.target(), notes.join(" "))
                }
                Import::Refused(why) => (Tone::Warn, "left out", String::new(), why.clone()),
            };
            let here = view! { <span>{state_dot(tone, here)}" "<span class="muted">{target}</span></span> }.into_any();
            let notes = if notes.is_empty() { "–".to_owned() } else { notes };
            Row::new(vec![paragraph(&found.name), tag(&found.kuma_type), here, muted(&notes)])
        })
        .collect();
    let empty =
        EmptyState { title: "The backup holds no monitor", sentence: "Please look whether it is the right file.", ..EmptyState::default() };
    let list =
        card(Card { is_flush: true, ..Card::default() }, table(Table { caption: "Found in the backup", heads: &heads, rows, empty }));
    let head = page_head(PageHead {
        title: "Import from Uptime Kuma",
        lead: &format!("{count} of {} entries can be taken over. Passwords and tokens are sealed; they are not shown again.", found.len()),
        trail: vec![("Monitors", "/uptime".into()), ("Import", "/uptime/import".into())],
        ..PageHead::default()
    });
    let submit = if count == 0 {
        link_button("/uptime/import", "Choose another file", Look::Plain)
    } else {
        let label = if count == 1 { "Import one monitor".to_owned() } else { format!("Import {count} monitors") };
        let button = submit_row(&SubmitRow { label: &label, look: Look::Primary, cancel: "/uptime".into() });
        form(Form { action: "/uptime/import/run".into(), ..Form::default() }, view! { {hidden("sealed", sealed)}{button} })
    };
    stack(vec![head, sections("/uptime"), list, submit])
}
