//! Uploads that belong to no release: found by their debug ids alone.

use frontend::prelude::*;
use identity::projects::Project;
use kernel::Time;

use super::{bytes, counted, files, help};
use crate::store::artifacts::{Artifact, Held};

pub struct Uploads {
    pub project: Project,
    pub files: Vec<Artifact>,
    pub held: Held,
    pub public_url: String,
    pub can_edit: bool,
    pub now: Time,
}

pub fn page(uploads: &Uploads) -> View {
    let own = format!("/releases/uploads/{}", uploads.project.id);
    let head = page_head(PageHead {
        title: "Uploads without a release",
        lead: "Source maps and debug files that are found by their debug ids. Debug files (ELF, Mach-O, PDB) are kept; addresses in native stacks are not led back yet.",
        trail: vec![("Releases", Href::path("/releases").with("project", uploads.project.id))],
        ..PageHead::default()
    });
    let lead = match uploads.held.files {
        0 => String::new(),
        files => format!("{}, {} as uploaded.", counted(files, "file"), bytes(uploads.held.bytes)),
    };
    let delete = uploads.can_edit.then_some(own.as_str());
    let list = card(
        Card { title: &uploads.project.name, lead: &lead, is_flush: true, ..Card::default() },
        files::list(&uploads.files, delete, uploads.held.files, uploads.now, "Every upload of this project names its release."),
    );
    let help = uploads.files.is_empty().then(|| help::upload(&uploads.public_url, &uploads.project, ""));
    view! { {head} {live("uploads", stack(vec![list, help.into_any()]))} }.into_any()
}
