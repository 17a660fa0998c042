//! Rules by which a project says itself which events are one problem.

use frontend::prelude::*;
use kernel::error::FieldError;
use kernel::ids::ProjectId;

use super::{Place, places};
use crate::grouping::rules::{FIELDS, Matcher, Rule};

/// Conditions that one form can hold.
pub const ROWS: usize = 4;

pub struct Listed {
    pub rules: Vec<(Rule, String)>,
    pub projects: Vec<(ProjectId, String)>,
    pub can_edit: bool,
}

/// A rule as it stands in its form.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// `None`: a new one.
    pub id: Option<i64>,
    pub project: String,
    pub matchers: Vec<Matcher>,
    /// One part a line.
    pub fingerprint: String,
    pub is_enabled: bool,
}

impl Draft {
    pub fn of(rule: &Rule) -> Draft {
        Draft {
            id: Some(rule.id),
            project: rule.project.to_string(),
            matchers: rule.matchers.clone(),
            fingerprint: rule.fingerprint.join("\n"),
            is_enabled: rule.is_enabled,
        }
    }
}

pub fn list(listed: &Listed) -> View {
    let new = || link_button("/errors/rules/new", "New rule", Look::Primary);
    let can_make = listed.can_edit && !listed.projects.is_empty();
    let head = page_head(PageHead {
        title: "Grouping rules",
        lead: "The first rule that fits an event decides which issue it belongs to, before anything else does. Issues that exist stay as they are.",
        actions: if can_make { vec![new()] } else { Vec::new() },
        ..PageHead::default()
    });
    let rows = listed.rules.iter().map(|(rule, project)| row(rule, project, listed.can_edit)).collect();
    let actions = match (can_make, listed.projects.is_empty()) {
        (true, _) => vec![new()],
        (false, true) => vec![link_button("/projects", "See the projects", Look::Plain)],
        (false, false) => Vec::new(),
    };
    let sentence = "Events are grouped by the frames of your own code. Write a rule where that puts together or apart what should not be.";
    let listed = table(Table {
        caption: "Grouping rules, in the order in which they are tried",
        heads: &[Head::text("When"), Head::text("Fingerprint"), Head::text("Project"), Head::text("State"), Head::hidden("Actions")],
        rows,
        empty: EmptyState { title: "No rules, and mostly none are needed", sentence, actions },
    });
    view! { {head} {places(Place::Rules)} {card(Card { is_flush: true, ..Card::default() }, listed)} }.into_any()
}

fn row(rule: &Rule, project: &str, can_edit: bool) -> Row {
    let when = rule.matchers.iter().map(|matcher| format!("{} is {}", matcher.field, matcher.pattern)).collect::<Vec<_>>().join(" and ");
    let name = if can_edit { link(format!("/errors/rules/{}", rule.id), &when) } else { when.into_any() };
    let acts = if can_edit { post_button(format!("/errors/rules/{}/raise", rule.id), "Try earlier", Look::Quiet) } else { ().into_any() };
    let (tone, word) = if rule.is_enabled { (Tone::Good, "on") } else { (Tone::Neutral, "off") };
    Row::new(vec![name, code(&rule.fingerprint.join(" + ")), project.to_owned().into_any(), state_dot(tone, word), acts])
}

pub fn edit(draft: &Draft, projects: &[(ProjectId, String)], errors: &[FieldError]) -> View {
    let title = if draft.id.is_some() { "Grouping rule" } else { "New grouping rule" };
    let head = page_head(PageHead {
        title,
        trail: vec![("Errors", "/errors".into()), ("Grouping rules", "/errors/rules".into())],
        ..PageHead::default()
    });
    let action = draft.id.map_or("/errors/rules".to_owned(), |id| format!("/errors/rules/{id}"));
    let fields = Fields::new(errors);
    let ids: Vec<String> = projects.iter().map(|(id, _)| id.to_string()).collect();
    let names: Vec<Choice<'_>> = projects.iter().zip(&ids).map(|((_, name), id)| Choice::new(id, name)).collect();
    let project = if draft.id.is_none() {
        fields.select(Select {
            name: "project",
            label: "Project",
            value: &draft.project,
            choices: &names,
            required: true,
            ..Select::default()
        })
    } else {
        hidden("project", &draft.project)
    };
    let parts = TextArea {
        name: "fingerprint",
        label: "Fingerprint",
        value: &draft.fingerprint,
        help: "One part a line. Events with the same parts are one issue. {{ default }} stands for what decides without a rule; {{ type }}, \
               {{ message }}, {{ transaction }}, {{ level }}, {{ module }}, {{ function }} and {{ tags.NAME }} for what the event says.",
        rows: 3,
        is_code: true,
        required: true,
        ..TextArea::default()
    };
    let enabled = CheckBox { name: "is_enabled", label: "On", is_checked: draft.is_enabled, ..CheckBox::default() };
    let body = form(
        Form { action: action.into(), ..Form::default() },
        view! {
            {fields.summary()}
            {project}
            {conditions(draft)}
            {fields.text_area(parts)}
            {draft.id.is_some().then(|| fields.check_box(enabled))}
            {submit_row(&SubmitRow { label: "Save", look: Look::Primary, cancel: "/errors/rules".into() })}
        },
    );
    let remove = draft.id.map(|id| {
        confirm_button(&ConfirmButton {
            label: "Delete",
            question: "New events are grouped without this rule. Issues it has made stay.",
            confirm: "Delete it",
            action: format!("/errors/rules/{id}/remove").into(),
            look: Look::Danger,
            ..ConfirmButton::default()
        })
    });
    view! { {head} {card(Card::default(), view! { {body} {remove} })} }.into_any()
}

/// All have to hold; rows that are left empty do not count.
fn conditions(draft: &Draft) -> View {
    let rows = draft.matchers.len().max(ROWS);
    let lines: Vec<View> = (0..rows)
        .map(|position| {
            let own = draft.matchers.get(position);
            let prefix = format!("condition-{position}");
            let fields = Fields::within(&prefix, &[]);
            let field = own.map_or("", |matcher| matcher.field.as_str());
            let (known, tag) = match field.strip_prefix("tags.") {
                Some(tag) => ("tags", tag),
                None => (field, ""),
            };
            let mut choices: Vec<Choice<'_>> = FIELDS.iter().map(|(name, about)| Choice::new(name, about)).collect();
            choices.push(Choice::new("tags", "a tag, named at the right"));
            field_row(vec![
                fields.select(Select {
                    name: "field",
                    label: "When",
                    value: if known.is_empty() { "type" } else { known },
                    choices: &choices,
                    ..Select::default()
                }),
                fields.text(TextField { name: "tag", label: "Tag", value: tag, max: 200, ..TextField::default() }),
                fields.text(TextField {
                    name: "pattern",
                    label: "Is",
                    value: own.map_or("", |matcher| matcher.pattern.as_str()),
                    placeholder: "Timeout*",
                    max: 200,
                    ..TextField::default()
                }),
            ])
        })
        .collect();
    let help =
        "All conditions have to hold; empty ones do not count. * stands for anything, ? for one character, a leading ! turns it round.";
    // The place that the errors' summary leads to.
    view! { <div id="field-matchers">{field_set("Conditions", help, lines)}</div> }.into_any()
}
