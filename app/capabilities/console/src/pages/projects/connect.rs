//! How a program is told to report here, for each SDK.

use frontend::prelude::*;
use identity::projects::Project;

use super::{Place, head, path, places};
use crate::model::sdks::{Lesson, Sdk};

pub(crate) struct Connect {
    pub project: Project,
    pub sdk: Sdk,
    pub lessons: Vec<Lesson>,
    pub extras: Vec<Lesson>,
    /// Empty where the project has no key that is on.
    pub dsn: String,
    pub has_kept: bool,
    pub may_edit: bool,
}

pub(crate) fn show(page: &Connect) -> View {
    let mut views = vec![head(&page.project, page.has_kept), places(&page.project, Place::Connect, page.may_edit)];
    views.push(if page.dsn.is_empty() {
        notice(Tone::Warn, "No key of this project is on: programs with the snippets below would be refused. See Overview.")
    } else {
        copy_box("DSN", &page.dsn)
    });
    views.push(lessons(page));
    stack(views)
}

/// Tabs of the SDKs, the steps of the chosen one, and what goes with any of them.
pub(crate) fn lessons(page: &Connect) -> View {
    let tab = |sdk: Sdk| Tab {
        label: sdk.label(),
        href: path(&page.project, "/connect").with("sdk", sdk.as_str()),
        is_current: sdk == page.sdk,
        count: None,
    };
    let sdks: Vec<Tab<'_>> = Sdk::ALL.into_iter().map(tab).collect();
    let mut steps = vec![tabs("SDKs", &sdks)];
    steps.extend(page.lessons.iter().map(lesson));
    let extras = page.extras.iter().map(|extra| {
        let text = extra.text;
        disclosure(extra.title, false, view! { <p class="muted">{text}</p> {code_block(&extra.code)} })
    });
    stack(vec![
        card(Card { title: "Connect the program", lead: "Any current Sentry SDK; only the DSN is ours.", ..Card::default() }, stack(steps)),
        card(Card { title: "More that can report", ..Card::default() }, stack(extras.collect())),
    ])
}

fn lesson(lesson: &Lesson) -> View {
    let (title, text) = (lesson.title, lesson.text);
    let text = (!text.is_empty()).then(|| view! { <p class="muted">{text}</p> });
    view! { <div><h3>{title}</h3>{text}{code_block(&lesson.code)}</div> }.into_any()
}
