//! Components and groups: names the public knows, in the order it sees them.

use super::{may_edit, spoken, state_tone, tabs_of};
use crate::forms::ComponentForm;
use crate::model::{ComponentState, FeedRule, Language, Snapshot};
use crate::store::components::{ComponentRow, GroupRow};
use capability::FeedSource;
use frontend::prelude::*;
use kernel::Role;
use kernel::error::FieldError;

pub struct ComponentList {
    pub rows: Vec<ComponentRow>,
    pub groups: Vec<GroupRow>,
    pub snapshot: Snapshot,
    /// Feeds that no component follows.
    pub unused: Vec<FeedSource>,
    pub role: Role,
}

pub fn list(data: &ComponentList) -> View {
    let can = may_edit(data.role);
    let acts = if can { vec![link_button("/status/edit/components/new", "Add a component", Look::Primary)] } else { Vec::new() };
    let head = page_head(PageHead { title: "Components", lead: "What visitors see, in this order.", actions: acts, ..PageHead::default() });
    let loose: Vec<&ComponentRow> = data.rows.iter().filter(|row| row.group_id.is_none()).collect();
    let mut parts = vec![head, tabs_of("Components"), loose_notices(&data.rows, can), component_table(data, "Without a group", &loose)];
    for group in &data.groups {
        let inside: Vec<&ComponentRow> = data.rows.iter().filter(|row| row.group_id == Some(group.id)).collect();
        parts.push(component_table(data, &group.name, &inside));
    }
    if can {
        parts.push(unused(data));
        parts.push(groups(data));
    }
    stack(parts)
}

fn component_table(data: &ComponentList, title: &str, rows: &[&ComponentRow]) -> View {
    if rows.is_empty() && !data.rows.is_empty() {
        return ().into_any();
    }
    let lines = rows
        .iter()
        .map(|row| {
            let state = data.snapshot.component(row.id).and_then(|component| component.state);
            let badge = match row.loose_at {
                Some(_) if state.is_none() => state_badge(Tone::Warn, "hidden from visitors"),
                _ => state_badge(state_tone(state), Language::En.state(state)),
            };
            let path = format!("/status/edit/components/{}", row.id);
            let arrows = if may_edit(data.role) {
                actions(vec![
                    move_button(&path, "up", &format!("Move {} up", row.name)),
                    move_button(&path, "down", &format!("Move {} down", row.name)),
                ])
            } else {
                ().into_any()
            };
            Row {
                tone: if row.loose_at.is_some() { Tone::Warn } else { Tone::Neutral },
                cells: vec![link(path, &row.name), badge, muted(&follows(row)), arrows],
            }
        })
        .collect();
    let empty = EmptyState {
        title: "No components yet",
        sentence: "Add one for each part of your product that people know by name, or take over your monitors below.",
        ..EmptyState::default()
    };
    let heads = [Head::text("Component"), Head::text("State"), Head::text("Follows"), Head::hidden("Order")];
    card(Card { title, is_flush: true, ..Card::default() }, table(Table { caption: title, heads: &heads, rows: lines, empty }))
}

fn follows(row: &ComponentRow) -> String {
    match (row.rule, row.feeds.len()) {
        (FeedRule::Manual, _) => "set by hand".to_owned(),
        _ if row.loose_at.is_some() => "follows nothing any more".to_owned(),
        (_, 1) => "one monitor".to_owned(),
        (FeedRule::WorstOf, count) => format!("the worst of {count} monitors"),
        (FeedRule::AnyUp, count) => format!("any of {count} monitors"),
    }
}

/// Nobody knows how these are, and visitors are not told that somebody does.
pub fn loose_notices(rows: &[ComponentRow], can: bool) -> View {
    let notices = rows.iter().filter(|row| row.loose_at.is_some()).map(|row| {
        let path = format!("/status/edit/components/{}", row.id);
        let title = format!("{} follows nothing any more.", row.name);
        let next = can.then(|| link(path, "Choose another monitor, set it by hand, or delete it"));
        notice_about(Tone::Warn, &title, stack(vec![paragraph(LOOSE), next.into_any()]))
    });
    stack(notices.collect())
}

const LOOSE: &str = "Its monitors are gone, so visitors do not see it unless a report or a maintenance speaks of it.";

fn move_button(path: &str, way: &'static str, label: &str) -> View {
    let mut html = frontend::raw::Markup::new();
    let sign = if way == "up" { "↑" } else { "↓" };
    html.tag("form").attr("method", "post").attr("action", format!("{path}/move"));
    html.tag("input").attr("type", "hidden").attr("name", "way").attr("value", way).done();
    html.tag("button").attr("class", "button quiet").attr("aria-label", label).text(sign).end("button").end("form");
    html.into_view()
}

fn unused(data: &ComponentList) -> View {
    if data.unused.is_empty() {
        return ().into_any();
    }
    let rows = data
        .unused
        .iter()
        .map(|source| {
            let mut html = frontend::raw::Markup::new();
            html.tag("form").attr("method", "post").attr("action", "/status/edit/components/from-feed");
            html.tag("input").attr("type", "hidden").attr("name", "feed").attr("value", &source.key).done();
            html.tag("button").attr("class", "button plain").text("Make it a component").end("button").end("form");
            Row::new(vec![paragraph(&source.name), tag(&source.kind), html.into_view()])
        })
        .collect();
    let heads = [Head::text("Monitor"), Head::text("Kind"), Head::hidden("Actions")];
    card(
        Card { title: "Monitors no component follows", lead: "The public does not see these.", is_flush: true, ..Card::default() },
        table(Table { caption: "Monitors no component follows", heads: &heads, rows, empty: EmptyState::default() }),
    )
}

fn groups(data: &ComponentList) -> View {
    let mut parts: Vec<View> = data
        .groups
        .iter()
        .map(|group| {
            let prefix = format!("group-{}", group.id);
            let fields = Fields::within(&prefix, &[]);
            let name = fields.text(TextField {
                name: "name",
                label: "Name of the group",
                value: &group.name,
                required: true,
                max: 80,
                ..TextField::default()
            });
            let path = format!("/status/edit/groups/{}", group.id);
            let remove = confirm_button(&ConfirmButton {
                label: "Remove the group",
                question: "Its components stay, without a group.",
                confirm: "Remove it",
                action: format!("{path}/delete").into(),
                look: Look::Quiet,
                ..ConfirmButton::default()
            });
            stack(vec![
                form(Form { action: path.into(), ..Form::default() }, stack(vec![name, button("Rename", Look::Plain, "", "")])),
                remove,
            ])
        })
        .collect();
    let fields = Fields::within("group-new", &[]);
    let name = fields.text(TextField { name: "name", label: "New group", required: true, max: 80, ..TextField::default() });
    parts.push(form(
        Form { action: "/status/edit/groups".into(), ..Form::default() },
        stack(vec![name, button("Add the group", Look::Plain, "", "")]),
    ));
    card(Card { title: "Groups", lead: "Headings on the page, for more than a handful of components.", ..Card::default() }, stack(parts))
}

pub struct ComponentEdit {
    /// `None` for a new one.
    pub row: Option<ComponentRow>,
    pub form: ComponentForm,
    pub groups: Vec<GroupRow>,
    pub sources: Vec<FeedSource>,
    pub state: Option<ComponentState>,
    pub badge_url: String,
    pub errors: Vec<FieldError>,
    pub role: Role,
}

pub fn edit(data: &ComponentEdit) -> View {
    let title = data.row.as_ref().map_or("Add a component", |row| row.name.as_str());
    let head = page_head(PageHead { title, trail: vec![("Components", "/status/edit/components".into())], ..PageHead::default() });
    let can = may_edit(data.role);
    if let Some(row) = data.row.as_ref().filter(|_| !can) {
        return stack(vec![head, card(Card::default(), read_only(data, row)), badge_card(data)]);
    }
    let action: Href =
        data.row.as_ref().map_or_else(|| "/status/edit/components".into(), |row| format!("/status/edit/components/{}", row.id).into());
    let is_loose = data.row.as_ref().is_some_and(|row| row.loose_at.is_some());
    let advice = format!("{LOOSE} Please choose another monitor, let it be set by hand, or delete it.");
    let loose = is_loose.then(|| notice(Tone::Warn, &advice)).into_any();
    let mut parts = vec![head, loose, card(Card::default(), form(Form { action, ..Form::default() }, component_fields(data)))];
    if let Some(row) = &data.row {
        if row.rule == FeedRule::Manual {
            parts.push(state_card(row, data.state));
        }
        parts.push(badge_card(data));
        let remove = confirm_button(&ConfirmButton {
            label: "Delete this component",
            question: "It goes from the page, and with it what reports said about it. Its monitors stay.",
            confirm: "Delete it",
            action: format!("/status/edit/components/{}/delete", row.id).into(),
            look: Look::Danger,
            ..ConfirmButton::default()
        });
        parts.push(actions(vec![remove]));
    }
    stack(parts)
}

fn badge_card(data: &ComponentEdit) -> View {
    let lead = "For a readme or a website.";
    card(Card { title: "Badge", lead, ..Card::default() }, copy_box("Address of the badge", &data.badge_url))
}

/// For those who may look but not change.
fn read_only(data: &ComponentEdit, row: &ComponentRow) -> View {
    let group = data.groups.iter().find(|group| Some(group.id) == row.group_id).map_or("none", |group| &group.name);
    let names = row
        .feeds
        .iter()
        .map(|key| data.sources.iter().find(|source| source.key == *key).map_or("a removed monitor", |source| &source.name));
    let mut pairs = vec![("Name", paragraph(&row.name)), ("Group", muted(group)), ("Follows", muted(&follows(row)))];
    if !row.description.is_empty() {
        pairs.push(("Description", muted(&row.description)));
    }
    match row.rule {
        FeedRule::Manual => pairs.push(("State", state_badge(state_tone(data.state), Language::En.state(data.state)))),
        _ => pairs.push(("Monitors", muted(&names.collect::<Vec<_>>().join(", ")))),
    }
    key_values(pairs)
}

fn component_fields(data: &ComponentEdit) -> View {
    let fields = Fields::new(&data.errors);
    let ids: Vec<String> = data.groups.iter().map(|group| group.id.to_string()).collect();
    let mut groups = vec![Choice::new("", "no group")];
    groups.extend(data.groups.iter().zip(&ids).map(|(group, id)| Choice::new(id, &group.name)));
    let sources: Vec<Choice<'_>> =
        data.sources.iter().map(|source| Choice { value: &source.key, label: &source.name, help: &source.kind }).collect();
    let checked: Vec<&str> = data.form.feeds.iter().map(String::as_str).collect();
    let rules = [
        Choice { value: "worst_of", label: "The worst counts", help: "All of its monitors are needed." },
        Choice { value: "any_up", label: "One that is up is enough", help: "They stand in for each other." },
        Choice { value: "manual", label: "Set by hand", help: "No monitor; somebody says how it is." },
    ];
    let rule = if data.form.rule.is_empty() { "worst_of" } else { &data.form.rule };
    stack(vec![
        fields.summary(),
        fields.text(TextField {
            name: "name",
            label: "Name",
            value: &data.form.name,
            help: "As your users call it.",
            required: true,
            max: 80,
            ..TextField::default()
        }),
        fields.text(TextField {
            name: "description",
            label: "Description",
            value: &data.form.description,
            help: "One line below the name; may be empty.",
            max: 300,
            ..TextField::default()
        }),
        fields.select(Select { name: "group", label: "Group", value: &data.form.group, choices: &groups, ..Select::default() }),
        fields.check_list(CheckList {
            name: "feeds",
            label: "Monitors",
            help: "Names and addresses of monitors are never shown to the public.",
            choices: &sources,
            checked: &checked,
            empty: "There is no monitor yet. Make one under Monitors, or set the state by hand.",
        }),
        fields.radio(Radio { name: "rule", label: "How they count", value: rule, choices: &rules, ..Radio::default() }),
        submit_row(&SubmitRow { label: "Save", look: Look::Primary, cancel: "/status/edit/components".into() }),
    ])
}

fn state_card(row: &ComponentRow, state: Option<ComponentState>) -> View {
    let names: Vec<String> = ComponentState::ALL.iter().map(|state| spoken(state.as_str())).collect();
    let choices: Vec<Choice<'_>> = ComponentState::ALL.iter().zip(&names).map(|(state, name)| Choice::new(state.as_str(), name)).collect();
    let value = state.unwrap_or(ComponentState::Operational).as_str();
    let fields = Fields::within("state", &[]);
    let body = stack(vec![
        fields.select(Select { name: "state", label: "State", value, choices: &choices, ..Select::default() }),
        button("Tell the public", Look::Plain, "", ""),
    ]);
    let action = format!("/status/edit/components/{}/state", row.id);
    card(
        Card { title: "State set by hand", lead: "It counts in the bars from now on.", ..Card::default() },
        form(Form { action: action.into(), ..Form::default() }, body),
    )
}
