//! Maintenance: the list, and the form of one.

use super::{maintenance_tone, may_edit, spoken, tabs_of};
use crate::forms::MaintenanceForm;
use crate::model::MaintenancePhase;
use crate::store::components::ComponentRow;
use crate::store::maintenances::MaintenanceRow;
use frontend::prelude::*;
use kernel::Role;
use kernel::error::FieldError;
use kernel::paging::Page;

pub fn list(page: &Page<MaintenanceRow>, role: Role) -> View {
    let acts =
        if may_edit(role) { vec![link_button("/status/edit/maintenances/new", "Announce maintenance", Look::Primary)] } else { Vec::new() };
    let head = page_head(PageHead {
        title: "Maintenance",
        lead: "While one runs, its components are shown as under maintenance and alerts about their monitors are held.",
        actions: acts,
        ..PageHead::default()
    });
    let rows = page
        .rows
        .iter()
        .map(|row| {
            Row::new(vec![
                link(format!("/status/edit/maintenances/{}", row.id), &row.view.title),
                state_badge(maintenance_tone(row.view.phase), &spoken(row.view.phase.as_str())),
                moment(row.view.starts_at),
                moment(row.view.ends_at),
            ])
        })
        .collect();
    let empty = EmptyState {
        title: "Nothing planned",
        sentence: "Announce a maintenance a few days ahead: subscribers are told, and nobody is woken while it runs.",
        ..EmptyState::default()
    };
    let heads = [Head::text("Maintenance"), Head::text("Phase"), Head::text("Starts"), Head::text("Ends")];
    let next = page.next.map(|before| Href::path("/status/edit/maintenances").with("before", before)).unwrap_or_default();
    stack(vec![
        head,
        tabs_of("Maintenance"),
        card(Card { is_flush: true, ..Card::default() }, table(Table { caption: "Maintenance", heads: &heads, rows, empty })),
        pager(&Pager { first: Href::default(), next, note: "" }),
    ])
}

pub struct MaintenanceEdit {
    pub row: Option<MaintenanceRow>,
    pub form: MaintenanceForm,
    pub components: Vec<ComponentRow>,
    pub zone_name: String,
    pub errors: Vec<FieldError>,
    pub role: Role,
}

pub fn edit(data: &MaintenanceEdit) -> View {
    let title = data.row.as_ref().map_or("Announce maintenance", |row| row.view.title.as_str());
    let badge = data.row.as_ref().map(|row| state_badge(maintenance_tone(row.view.phase), &spoken(row.view.phase.as_str())));
    let head =
        page_head(PageHead { title, badge, trail: vec![("Maintenance", "/status/edit/maintenances".into())], ..PageHead::default() });
    let is_over = data.row.as_ref().is_some_and(|row| matches!(row.view.phase, MaintenancePhase::Completed | MaintenancePhase::Cancelled));
    let mut parts = vec![head];
    if let Some(row) = &data.row {
        if !is_over && may_edit(data.role) {
            parts.push(steps(row));
        }
        parts.push(updates(row));
    }
    if !is_over && may_edit(data.role) {
        parts.push(window(data));
    }
    stack(parts)
}

fn steps(row: &MaintenanceRow) -> View {
    let fields = Fields::within("step", &[]);
    let text = fields.text_area(TextArea {
        name: "body",
        label: "What to say",
        help: "Empty: one plain sentence. Subscribers are told.",
        rows: 2,
        max: 8_000,
        ..TextArea::default()
    });
    let mut acts = Vec::new();
    if row.view.phase == MaintenancePhase::Scheduled {
        acts.push(button("Begin now", Look::Plain, "phase", "in_progress"));
        acts.push(button("Call it off", Look::Danger, "phase", "cancelled"));
    } else {
        acts.push(button("Post a word", Look::Plain, "phase", "in_progress"));
        acts.push(button("End now", Look::Primary, "phase", "completed"));
    }
    let action = format!("/status/edit/maintenances/{}/steps", row.id);
    card(
        Card { title: "By hand", lead: "Otherwise it begins and ends by itself.", ..Card::default() },
        form(Form { action: action.into(), ..Form::default() }, stack(vec![text, actions(acts)])),
    )
}

fn updates(row: &MaintenanceRow) -> View {
    let list: Vec<View> = row
        .view
        .updates
        .iter()
        .map(|update| {
            card(
                Card { title: &spoken(update.phase.as_str()), ..Card::default() },
                stack(vec![moment(update.at), crate::pages::public::prose::view(&update.body)]),
            )
        })
        .collect();
    section(Section { title: "What was said", ..Section::default() }, stack(list))
}

fn window(data: &MaintenanceEdit) -> View {
    let fields = Fields::new(&data.errors);
    let ids: Vec<String> = data.components.iter().map(|row| row.id.to_string()).collect();
    let choices: Vec<Choice<'_>> = data.components.iter().zip(&ids).map(|(row, id)| Choice::new(id, &row.name)).collect();
    let checked: Vec<&str> = data.form.components.iter().map(String::as_str).collect();
    let zone = format!("In the page's time zone, {}.", data.zone_name);
    let is_new = data.row.is_none();
    let date = |name: &'static str, label: &'static str, value: &str| {
        fields.text(TextField { name, label, value, help: &zone, kind: TextKind::DateTime, required: true, ..TextField::default() })
    };
    let body = stack(vec![
        fields.summary(),
        fields.text(TextField { name: "title", label: "Title", value: &data.form.title, required: true, max: 120, ..TextField::default() }),
        field_row(vec![date("starts_at", "Starts", &data.form.starts_at), date("ends_at", "Ends", &data.form.ends_at)]),
        fields.text_area(TextArea {
            name: "body",
            label: if is_new { "Text" } else { "Why it changes" },
            value: &data.form.body,
            help: if is_new {
                "What is done and what users will notice."
            } else {
                "Empty: the change is made without a word to subscribers."
            },
            required: is_new,
            rows: 4,
            max: 8_000,
            ..TextArea::default()
        }),
        fields.check_list(CheckList {
            name: "components",
            label: "Components",
            help: "Shown as under maintenance while it runs.",
            choices: &choices,
            checked: &checked,
            empty: "There are no components yet.",
        }),
        submit_row(&SubmitRow {
            label: if is_new { "Announce it" } else { "Change it" },
            look: Look::Primary,
            cancel: "/status/edit/maintenances".into(),
        }),
    ]);
    let action: Href =
        data.row.as_ref().map_or_else(|| "/status/edit/maintenances".into(), |row| format!("/status/edit/maintenances/{}", row.id).into());
    card(Card { title: if is_new { "" } else { "Change it" }, ..Card::default() }, form(Form { action, ..Form::default() }, body))
}
