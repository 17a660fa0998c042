//! Maintenance windows.

use frontend::prelude::*;
use kernel::Time;
use kernel::error::FieldError;
use kernel::ids::MonitorId;
use serde::Deserialize;

use super::sections;
use crate::model::window::{Window, weekday_name};

/// What a person typed, as the form sends it and gets it back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WindowForm {
    pub title: String,
    pub rule: String,
    pub from: String,
    pub to: String,
    pub days: Vec<i8>,
    pub at: String,
    pub expression: String,
    pub minutes: String,
    pub zone: String,
    pub monitors: Vec<i64>,
}

pub struct Windows<'a> {
    pub windows: &'a [Window],
    pub monitors: &'a [(MonitorId, String)],
    pub form: &'a WindowForm,
    pub errors: &'a [FieldError],
    pub can_edit: bool,
    pub now: Time,
}

pub fn show(windows: &Windows<'_>) -> View {
    let head = page_head(PageHead {
        title: "Maintenance windows",
        lead: "While a window is open its monitors are watched and recorded, and nobody is told. What is still wrong when it ends is told then.",
        ..PageHead::default()
    });
    let mut parts = vec![head, sections("/uptime/windows"), live("windows", list(windows))];
    if windows.can_edit {
        parts.push(card(Card { title: "New window", ..Card::default() }, create(windows)));
    }
    stack(parts)
}

fn list(windows: &Windows<'_>) -> View {
    let heads = [Head::text("Title"), Head::text("When"), Head::text("Monitors"), Head::text("Now"), Head::hidden("Actions")];
    let rows = windows.windows.iter().map(|window| {
        let covers = if window.monitors.is_empty() {
            "all monitors".to_owned()
        } else {
            let name = |id: &MonitorId| windows.monitors.iter().find(|(known, _)| known == id).map(|(_, name)| name.as_str());
            kernel::text::shorten(&window.monitors.iter().filter_map(name).collect::<Vec<_>>().join(", "), 120)
        };
        let now = match (window.rule.covering(windows.now), window.rule.next(windows.now)) {
            (Some((_, to)), _) => view! { <span>{state_dot(Tone::Info, "open")}" ends "{ago(to, windows.now)}</span> }.into_any(),
            (None, Some((from, _))) => view! { <span>"begins "{ago(from, windows.now)}</span> }.into_any(),
            (None, None) => muted("over"),
        };
        let remove = confirm_button(&ConfirmButton {
            label: "Remove",
            question: "Notices that were held are sent when they still hold.",
            confirm: "Remove the window",
            action: format!("/uptime/windows/{}/delete", window.id).into(),
            look: Look::Quiet,
            ..ConfirmButton::default()
        });
        let act = if window.announced_as.is_some() {
            link("/status", "announced on the status page")
        } else if windows.can_edit {
            remove
        } else {
            muted("")
        };
        Row::new(vec![paragraph(&window.title), muted(&window.rule.describe()), muted(&covers), now, act])
    });
    let empty = EmptyState {
        title: "No window is set",
        sentence: "Set one below for a planned restart or a nightly job that takes things down.",
        ..EmptyState::default()
    };
    card(
        Card { is_flush: true, ..Card::default() },
        table(Table { caption: "Maintenance windows", heads: &heads, rows: rows.collect(), empty }),
    )
}

fn create(windows: &Windows<'_>) -> View {
    let (fields, form_values) = (Fields::new(windows.errors), windows.form);
    let title = fields.text(TextField {
        name: "title",
        label: "Title",
        value: &form_values.title,
        required: true,
        max: 100,
        ..TextField::default()
    });
    let rules = [
        Choice { value: "once", label: "Once", help: "From a day and time to another." },
        Choice { value: "weekly", label: "Every week", help: "On weekdays, at a time, for a while." },
        Choice { value: "cron", label: "By cron expression", help: "Begins whenever the expression comes true." },
    ];
    let rule = fields.radio(Radio { name: "rule", label: "How often", value: &form_values.rule, choices: &rules, ..Radio::default() });
    let zone = fields.text(TextField {
        name: "zone",
        label: "Time zone",
        value: &form_values.zone,
        help: "Such as Europe/Berlin. All times of the window are of this zone, also over a change of clocks: a weekly start that the change skips moves behind it.",
        required: true,
        ..TextField::default()
    });
    let moment = |name, label, value| fields.text(TextField { name, label, value, kind: TextKind::DateTime, ..TextField::default() });
    let once = field_set(
        "Once",
        "",
        field_row(vec![moment("from", "Begins", form_values.from.as_str()), moment("to", "Ends", form_values.to.as_str())]),
    );
    let days: Vec<(String, &str)> = (1..=7i8).map(|day| (day.to_string(), weekday_name(day))).collect();
    let day_choices: Vec<Choice<'_>> = days.iter().map(|(value, label)| Choice::new(value, label)).collect();
    let chosen: Vec<String> = form_values.days.iter().map(ToString::to_string).collect();
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    let weekdays =
        fields.check_list(CheckList { name: "days", label: "Weekdays", choices: &day_choices, checked: &chosen, ..CheckList::default() });
    let at = fields.text(TextField { name: "at", label: "At", value: &form_values.at, kind: TextKind::TimeOfDay, ..TextField::default() });
    let expression = fields.text(TextField {
        name: "expression",
        label: "Cron expression",
        value: &form_values.expression,
        placeholder: "0 3 1 * *",
        ..TextField::default()
    });
    let minutes = fields.number(NumberField {
        name: "minutes",
        label: "Length",
        value: &form_values.minutes,
        unit: "min",
        min: Some(1),
        ..NumberField::default()
    });
    let repeated = field_set(
        "Every week, or by cron",
        "Fill in weekdays and time, or the expression, as chosen above.",
        view! { {weekdays}{field_row(vec![at, expression, minutes])} },
    );
    let names: Vec<(String, &str)> = windows.monitors.iter().map(|(id, name)| (id.to_string(), name.as_str())).collect();
    let monitor_choices: Vec<Choice<'_>> = names.iter().map(|(id, name)| Choice::new(id, name)).collect();
    let picked: Vec<String> = form_values.monitors.iter().map(ToString::to_string).collect();
    let picked: Vec<&str> = picked.iter().map(String::as_str).collect();
    let monitors = fields.check_list(CheckList {
        name: "monitors",
        label: "Monitors",
        help: "None chosen: all monitors.",
        choices: &monitor_choices,
        checked: &picked,
        empty: "There is no monitor yet.",
    });
    let submit = submit_row(&SubmitRow { label: "Set the window", look: Look::Primary, ..SubmitRow::default() });
    form(
        Form { action: "/uptime/windows".into(), ..Form::default() },
        view! { {fields.summary()}{title}{rule}{zone}{once}{repeated}{monitors}{submit} },
    )
}
