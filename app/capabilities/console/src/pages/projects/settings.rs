//! The settings of a project, and its end.

use frontend::prelude::*;
use identity::projects::{Project, ProjectDraft};
use kernel::error::FieldError;

use super::list::platform;
use super::{Place, head, path, places};

pub(crate) struct Settings<'a> {
    pub project: &'a Project,
    /// What stands in the form.
    pub draft: &'a ProjectDraft,
    pub errors: &'a [FieldError],
    /// What was wrong with the confirmation.
    pub end_errors: &'a [FieldError],
    pub has_kept: bool,
}

pub(crate) fn show(page: &Settings<'_>) -> View {
    stack(vec![
        head(page.project, page.has_kept),
        places(page.project, Place::Settings, true),
        card(Card { title: "Settings", lead: "They hold for what comes in from now on.", ..Card::default() }, fields(page)),
        card(Card { title: "Delete the project", ..Card::default() }, end(page)),
    ])
}

fn fields(page: &Settings<'_>) -> View {
    let (fields, draft) = (Fields::new(page.errors), page.draft);
    let lines = |lines: &[String]| lines.join("\n");
    let name = TextField { name: "name", label: "Name", value: &draft.name, required: true, max: 60, ..TextField::default() };
    let slug = TextField {
        name: "slug",
        label: "Short name",
        value: &draft.slug,
        help: "What sentry-cli --project and files for hermetic apply say. Changing it breaks the scripts that say it.",
        required: true,
        max: 50,
        ..TextField::default()
    };
    let (origins, scrubbed, safe) = (lines(&draft.allowed_origins), lines(&draft.scrub_fields), lines(&draft.safe_fields));
    let origins = TextArea {
        name: "allowed_origins",
        label: "Allowed origins",
        value: &origins,
        help: "One a line: https://shop.example.com, or *.example.com. Browsers of other sites are refused. Empty: every origin may report.",
        max: 20_000,
        ..TextArea::default()
    };
    let addresses = CheckBox {
        name: "keeps_addresses",
        label: "Keep the addresses of users",
        help: "Off: IP addresses are removed before anything is stored.",
        is_checked: draft.keeps_addresses,
    };
    let scrub = TextArea {
        name: "scrub_fields",
        label: "Also remove these fields",
        value: &scrubbed,
        help: "One name a line. Passwords, tokens, card numbers and their like are removed without being named.",
        max: 20_000,
        ..TextArea::default()
    };
    let safe = TextArea {
        name: "safe_fields",
        label: "Never remove these fields",
        value: &safe,
        help: "One name a line: fields whose names sound secret and are not.",
        max: 20_000,
        ..TextArea::default()
    };
    let body = vec![
        fields.summary(),
        field_row(vec![fields.text(name), fields.text(slug)]),
        fields.select(platform(&draft.platform)),
        fields.text_area(origins),
        fields.check_box(addresses),
        fields.text_area(scrub),
        fields.text_area(safe),
        submit_row(&SubmitRow { label: "Save the settings", look: Look::Primary, ..SubmitRow::default() }),
    ];
    form(Form { action: path(page.project, ""), ..Form::default() }, body)
}

fn end(page: &Settings<'_>) -> View {
    let fields = Fields::within("end", page.end_errors);
    let help = format!("Type {} to confirm.", page.project.slug);
    let confirm =
        TextField { name: "confirm", label: "Short name of the project", help: &help, required: true, max: 50, ..TextField::default() };
    let body = vec![
        fields.summary(),
        paragraph(
            "Its keys, issues, releases and their counts are deleted at once; its source maps within an hour; what it reported, and the \
             tally of it, about a day later. Programs that show its DSN are refused from now on. This cannot be undone.",
        ),
        fields.text(confirm),
        submit_row(&SubmitRow { label: "Delete the project", look: Look::Danger, ..SubmitRow::default() }),
    ];
    form(Form { action: path(page.project, "/remove"), ..Form::default() }, body)
}
