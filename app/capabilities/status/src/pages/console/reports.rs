//! Reports: the list, the form of a new one, and one with its updates.

use super::{PHASES, effect_fields, impacts, may_edit, phase_tone, spoken, tabs_of};
use crate::forms::ReportForm;
use crate::model::Phase;
use crate::model::report::Visibility;
use crate::store::components::ComponentRow;
use crate::store::reports::ReportRow;
use crate::store::templates::TemplateRow;
use frontend::prelude::*;
use kernel::error::FieldError;
use kernel::paging::Page;
use kernel::{Role, Time};

pub fn list(page: &Page<ReportRow>, now: Time, role: Role) -> View {
    let acts = if may_edit(role) { vec![link_button("/status/edit/reports/new", "Write a report", Look::Primary)] } else { Vec::new() };
    let head =
        page_head(PageHead { title: "Reports", lead: "What the public was told about problems.", actions: acts, ..PageHead::default() });
    let rows = page
        .rows
        .iter()
        .map(|row| {
            let badge = match row.visibility {
                Visibility::Draft => state_badge(Tone::Warn, "Draft"),
                Visibility::Published => state_badge(phase_tone(row.view.phase), &spoken(row.view.phase.as_str())),
            };
            Row::new(vec![
                link(format!("/status/edit/reports/{}", row.id), &row.view.title),
                badge,
                tag(&spoken(row.view.impact.as_str())),
                moment(row.view.started_at),
                ago(row.view.updated_at, now),
            ])
        })
        .collect();
    let empty = EmptyState {
        title: "No report yet",
        sentence: "Nothing has happened, or nobody was told. Drafts appear here by themselves when a monitor behind a component goes down.",
        ..EmptyState::default()
    };
    let heads = [Head::text("Report"), Head::text("Phase"), Head::text("Impact"), Head::text("Started"), Head::text("Last update")];
    let next = page.next.map(|before| Href::path("/status/edit/reports").with("before", before)).unwrap_or_default();
    stack(vec![
        head,
        tabs_of("Reports"),
        card(Card { is_flush: true, ..Card::default() }, table(Table { caption: "Reports", heads: &heads, rows, empty })),
        pager(&Pager { first: Href::default(), next, note: "" }),
    ])
}

pub struct NewPage {
    pub form: ReportForm,
    pub components: Vec<ComponentRow>,
    pub templates: Vec<TemplateRow>,
    pub errors: Vec<FieldError>,
}

pub fn new(data: &NewPage) -> View {
    let head = page_head(PageHead {
        title: "Write a report",
        lead: "First that you know, within minutes; causes and scope follow in updates. Say when the next update comes.",
        trail: vec![("Reports", "/status/edit/reports".into())],
        ..PageHead::default()
    });
    let fields = Fields::new(&data.errors);
    let impacts = impacts();
    let body = stack(vec![
        fields.summary(),
        fields.text(TextField {
            name: "title",
            label: "Title",
            value: &data.form.title,
            help: "What users notice, in their words.",
            required: true,
            max: 120,
            has_focus: true,
            ..TextField::default()
        }),
        field_row(vec![
            fields.select(Select {
                name: "phase",
                label: "Phase",
                value: or(&data.form.phase, "investigating"),
                choices: &PHASES,
                ..Select::default()
            }),
            fields.select(Select {
                name: "impact",
                label: "Impact",
                value: or(&data.form.impact, "minor"),
                choices: &impacts,
                ..Select::default()
            }),
        ]),
        text_field(&fields, &data.form.body),
        field_set(
            "Components",
            "What the page shows for them until the report says otherwise or is resolved.",
            effect_fields(&data.components, &data.form.effect),
        ),
        fields.check_box(CheckBox {
            name: "counts_as_downtime",
            label: "Counts as downtime",
            help: "Paints the bars and lowers the uptime of these components; for what monitors cannot see.",
            is_checked: data.form.counts_as_downtime.is_some(),
        }),
        quiet_field(&fields, data.form.is_quiet.is_some()),
        actions(vec![button("Publish", Look::Primary, "then", "publish"), button("Keep as draft", Look::Plain, "then", "draft")]),
    ]);
    stack(vec![
        head,
        starts(&data.templates),
        card(Card::default(), form(Form { action: "/status/edit/reports".into(), ..Form::default() }, body)),
    ])
}

fn starts(templates: &[TemplateRow]) -> View {
    if templates.is_empty() {
        return ().into_any();
    }
    let link = |row: &TemplateRow| link_button(Href::path("/status/edit/reports/new").with("template", row.id), &row.name, Look::Quiet);
    section(Section { title: "Start from a template", ..Section::default() }, actions(templates.iter().map(link).collect()))
}

fn text_field(fields: &Fields<'_>, value: &str) -> View {
    fields.text_area(TextArea {
        name: "body",
        label: "Text",
        value,
        help: "Plain words; **bold**, lists and links work.",
        required: true,
        rows: 5,
        max: 8_000,
        ..TextArea::default()
    })
}

fn quiet_field(fields: &Fields<'_>, is_checked: bool) -> View {
    fields.check_box(CheckBox { name: "is_quiet", label: "Do not tell subscribers", help: "It is only shown on the page.", is_checked })
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

pub struct OnePage {
    pub row: ReportRow,
    pub form: ReportForm,
    pub components: Vec<ComponentRow>,
    pub errors: Vec<FieldError>,
    /// How many messages a running telling has posted, and when the last one began.
    pub telling: Option<i64>,
    pub told_at: Option<Time>,
    pub role: Role,
}

pub fn one(data: &OnePage) -> View {
    let view = &data.row.view;
    let path = format!("/status/edit/reports/{}", data.row.id);
    let is_draft = data.row.visibility == Visibility::Draft;
    let badge = if is_draft { state_badge(Tone::Warn, "Draft") } else { state_badge(phase_tone(view.phase), &spoken(view.phase.as_str())) };
    let mut acts = vec![link_button(format!("{path}/preview"), "Preview", Look::Plain)];
    if is_draft && may_edit(data.role) {
        acts.push(post_button(format!("{path}/publish"), "Publish", Look::Primary));
    }
    let head = page_head(PageHead {
        title: &view.title,
        trail: vec![("Reports", "/status/edit/reports".into())],
        badge: Some(badge),
        actions: acts,
        ..PageHead::default()
    });
    let told = match (data.telling, data.told_at) {
        (Some(posted), _) => muted(&format!("Subscribers are being told: {posted} messages so far.")),
        (None, Some(at)) => stack(vec![muted("Subscribers were last told:"), moment(at)]),
        (None, None) => ().into_any(),
    };
    let mut parts = vec![head, told];
    if may_edit(data.role) {
        parts.push(update_form(data, &path));
    }
    parts.push(updates(data, &path));
    if may_edit(data.role) {
        parts.push(frame_form(data, &path));
    }
    stack(parts)
}

fn update_form(data: &OnePage, path: &str) -> View {
    let fields = Fields::within("update", &data.errors);
    let impacts = impacts();
    let phase = or(&data.form.phase, data.row.view.phase.as_str()).to_owned();
    let impact = or(&data.form.impact, data.row.view.impact.as_str()).to_owned();
    let body = stack(vec![
        fields.summary(),
        field_row(vec![
            fields.select(Select { name: "phase", label: "Phase", value: &phase, choices: &PHASES, ..Select::default() }),
            fields.select(Select { name: "impact", label: "Impact", value: &impact, choices: &impacts, ..Select::default() }),
        ]),
        text_field(&fields, &data.form.body),
        disclosure("Components", !data.form.effect.is_empty(), effect_fields(&data.components, &data.form.effect)),
        quiet_field(&fields, data.form.is_quiet.is_some()),
        button("Post the update", Look::Primary, "", ""),
    ]);
    card(
        Card { title: "Post an update", lead: "Say what changed and when the next update comes.", ..Card::default() },
        form(Form { action: format!("{path}/updates").into(), ..Form::default() }, body),
    )
}

fn updates(data: &OnePage, path: &str) -> View {
    let name =
        |id: kernel::ids::ComponentId| data.components.iter().find(|row| row.id == id).map_or_else(String::new, |row| row.name.clone());
    let list: Vec<View> = data
        .row
        .view
        .updates
        .iter()
        .map(|update| {
            let effects: Vec<String> =
                update.effects.iter().map(|effect| format!("{}: {}", name(effect.component), spoken(effect.state.as_str()))).collect();
            let said = (!effects.is_empty()).then(|| muted(&effects.join(" · ")));
            let correct = if may_edit(data.role) {
                let prefix = format!("fix-{}", update.id);
                let fields = Fields::within(&prefix, &[]);
                let body = stack(vec![text_field(&fields, &update.body), button("Save the correction", Look::Plain, "", "")]);
                disclosure(
                    "Correct the text",
                    false,
                    form(Form { action: format!("{path}/updates/{}", update.id).into(), ..Form::default() }, body),
                )
            } else {
                ().into_any()
            };
            card(
                Card { title: &spoken(update.phase.as_str()), ..Card::default() },
                stack(vec![moment(update.at), crate::pages::public::prose::view(&update.body), said.into_any(), correct]),
            )
        })
        .collect();
    section(Section { title: "Updates", ..Section::default() }, stack(list))
}

fn frame_form(data: &OnePage, path: &str) -> View {
    let fields = Fields::within("frame", &[]);
    let view = &data.row.view;
    let impacts = impacts();
    let body = stack(vec![
        fields.text(TextField { name: "title", label: "Title", value: &view.title, required: true, max: 120, ..TextField::default() }),
        fields.select(Select { name: "impact", label: "Impact", value: view.impact.as_str(), choices: &impacts, ..Select::default() }),
        fields.check_box(CheckBox {
            name: "counts_as_downtime",
            label: "Counts as downtime",
            help: "Paints the bars of its components.",
            is_checked: view.counts_as_downtime,
        }),
        button("Save", Look::Plain, "", ""),
    ]);
    let question = if view.phase == Phase::Resolved || data.row.visibility == Visibility::Draft {
        "It goes from the page and from the history. Messages that were sent stay sent."
    } else {
        "It is still open. It goes from the page and from the history; resolving it is more honest."
    };
    let remove = confirm_button(&ConfirmButton {
        label: "Delete this report",
        question,
        confirm: "Delete it",
        action: format!("{path}/delete").into(),
        look: Look::Danger,
        ..ConfirmButton::default()
    });
    disclosure(
        "Title, impact, deletion",
        false,
        stack(vec![form(Form { action: path.to_owned().into(), ..Form::default() }, body), remove]),
    )
}
