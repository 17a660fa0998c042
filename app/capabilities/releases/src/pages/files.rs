//! Uploaded files.

use frontend::prelude::*;
use kernel::Time;
use std::collections::BTreeSet;

use super::detail::Detail;
use super::{bytes, counted};
use crate::store::artifacts::Artifact;

pub fn card_of(detail: &Detail) -> View {
    let own = format!("/releases/{}/artifacts", detail.release.id);
    let actions = if detail.can_edit && detail.held.files > 0 {
        vec![confirm_button(&ConfirmButton {
            label: "Delete all",
            question: "New stacks of this release can then not be read any more. Those that were read already stay readable.",
            confirm: "Delete its uploads",
            action: Href::path(format!("{own}/delete")),
            ..ConfirmButton::default()
        })]
    } else {
        Vec::new()
    };
    let lead = match detail.held.files {
        0 => String::new(),
        files => {
            format!("{} in {}, {} as uploaded.", counted(files, "file"), counted(detail.held.bundles, "upload"), bytes(detail.held.bytes))
        }
    };
    let delete = detail.can_edit.then_some(own.as_str());
    card(
        Card { title: "Source maps", lead: &lead, actions, is_flush: true },
        list(&detail.files, delete, detail.held.files, detail.now, "No source map was uploaded for this release."),
    )
}

/// `delete`: the address below which an upload is deleted by its number.
pub fn list(files: &[Artifact], delete: Option<&str>, all: u64, now: Time, sentence: &str) -> View {
    let mut seen = BTreeSet::new();
    let rows: Vec<Row> = files.iter().map(|file| row(file, delete.filter(|_| seen.insert(file.bundle)), now)).collect();
    let shown = rows.len() as u64;
    let more = (all > shown).then(|| {
        let text = format!("The first {shown} of {} are shown.", counted(all, "file"));
        view! { <p class="muted card-foot">{text}</p> }
    });
    let rows = table(Table {
        caption: "Uploaded files",
        heads: &[
            Head::text("File"),
            Head::text("Kind"),
            Head::text("Debug id"),
            Head::text("Dist"),
            Head::number("Size"),
            Head::text("Uploaded"),
            Head::text("Last helped"),
            Head::hidden("Actions"),
        ],
        rows,
        empty: EmptyState { title: "None here", sentence, actions: Vec::new() },
    });
    view! { {rows} {more} }.into_any()
}

/// The button stands at the first file of each upload: it deletes all of them.
fn row(file: &Artifact, delete: Option<&str>, now: Time) -> Row {
    let id = file.debug_id.map_or_else(|| muted("none"), |id| code(&id.to_string()));
    let dist = if file.dist.is_empty() { muted("–") } else { paragraph(&file.dist) };
    let helped = if file.used_at > file.uploaded_at.day_start() { date(file.used_at) } else { muted("not yet") };
    let delete = delete.map(|below| {
        confirm_button(&ConfirmButton {
            label: "Delete",
            question: "All files of this upload go.",
            confirm: "Delete the upload",
            action: Href::path(format!("{below}/{}/delete", file.bundle)),
            look: Look::Quiet,
            ..ConfirmButton::default()
        })
    });
    Row::new(vec![
        code(&file.name),
        paragraph(file.kind.label()),
        id,
        dist,
        paragraph(&bytes(file.blob.size)),
        ago(file.uploaded_at, now),
        helped,
        delete.into_any(),
    ])
}
