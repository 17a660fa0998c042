//! Rules: the list, and one form for all of them.

use frontend::prelude::*;
use kernel::error::FieldError;
use kernel::time::describe_duration;

use super::{Place, places, severity_tone};
use crate::channel::{Channel, ChannelKind};
use crate::manage::RuleDoc;
use crate::rule::{AlertRule, Nodata, Operator, Source, Target, Topic};
use crate::severity::Severity;

pub struct RuleRow {
    pub rule: AlertRule,
    /// The capability or metric that is missing; empty when nothing is.
    pub waits_for: String,
    /// The metric now, with its unit.
    pub value: String,
    pub open: usize,
    pub targets: String,
}

/// What the form lets one choose from.
pub struct Offers {
    /// Name, label, unit.
    pub metrics: Vec<(String, String, String)>,
    pub channels: Vec<Channel>,
    pub policies: Vec<String>,
}

pub fn target_names(targets: &[Target], channels: &[Channel]) -> String {
    let name = |target: &Target| match target {
        Target::Everywhere => "every channel".to_owned(),
        Target::Kind(kind) => kind.label().to_owned(),
        Target::Channel(id) => {
            channels.iter().find(|channel| channel.id == *id).map_or("a removed channel".to_owned(), |channel| channel.name.clone())
        }
    };
    let names: Vec<String> = targets.iter().map(name).collect();
    if names.is_empty() { "nobody, only listed".to_owned() } else { names.join(", ") }
}

pub fn list(rows: &[RuleRow], can_edit: bool) -> View {
    let actions = if can_edit { vec![link_button("/alerts/rules/new", "New rule", Look::Primary)] } else { Vec::new() };
    let head = page_head(PageHead {
        title: "Rules",
        lead: "What opens an alert, how urgent it is, and who hears of it.",
        actions,
        ..PageHead::default()
    });
    let body = table(Table {
        caption: "Alert rules",
        heads: &[
            Head::text("Rule"),
            Head::text("Severity"),
            Head::text("Tells"),
            Head::text("Cooldown"),
            Head::text("State"),
            Head::hidden("Actions"),
        ],
        rows: rows.iter().map(|row| rule_row(row, can_edit)).collect(),
        empty: EmptyState {
            title: "No rules",
            sentence: "The shipped rules appear within a minute of the first start.",
            actions: Vec::new(),
        },
    });
    view! { {head} {places(Place::Rules)} {live("rules", card(Card { is_flush: true, ..Card::default() }, body))} }.into_any()
}

fn rule_row(row: &RuleRow, can_edit: bool) -> Row {
    let rule = &row.rule;
    let state = match (rule.is_enabled, row.waits_for.is_empty(), row.open) {
        (false, ..) => state_badge(Tone::Neutral, "off"),
        (true, false, _) => state_badge(Tone::Info, &format!("waiting for {}", row.waits_for)),
        (true, true, 0) => state_badge(Tone::Good, "watching"),
        (true, true, open) => state_badge(severity_tone(rule.severity), &format!("{open} open")),
    };
    let switch = if can_edit {
        post_button(format!("/alerts/rules/{}/switch", rule.id), if rule.is_enabled { "Switch off" } else { "Switch on" }, Look::Quiet)
    } else {
        ().into_any()
    };
    let cooldown = if rule.cooldown.is_zero() { "none".to_owned() } else { describe_duration(rule.cooldown) };
    Row::new(vec![
        view! { {link(format!("/alerts/rules/{}", rule.id), &rule.name)} <br/> {condition(rule, &row.value)} }.into_any(),
        state_dot(severity_tone(rule.severity), rule.severity.as_str()),
        muted(&row.targets),
        muted(&cooldown),
        state,
        switch,
    ])
}

fn condition(rule: &AlertRule, value: &str) -> View {
    let only = if rule.only.is_empty() { String::new() } else { format!(", only “{}”", rule.only) };
    let text = match &rule.source {
        Source::Told(topic) => format!("{}{only}", topic.label()),
        Source::Metric(watch) => {
            let hold = if watch.hold.is_zero() { String::new() } else { format!(" for {}", describe_duration(watch.hold)) };
            let now = if value.is_empty() { String::new() } else { format!(" (now {value})") };
            format!("{} {} {}{hold}{now}", watch.metric, watch.operator.sign(), watch.threshold)
        }
    };
    // Of the shipped ones, many are called what they listen to.
    if text == rule.name { ().into_any() } else { muted(&text) }
}

/// For those who may look but not change.
pub fn read_only(rule: &AlertRule, doc: &RuleDoc) -> View {
    let head = page_head(PageHead { title: &rule.name, trail: vec![("Rules", "/alerts/rules".into())], ..PageHead::default() });
    let pairs = vec![
        ("Key", code(&rule.key)),
        ("Listens to", muted(rule.source.topic().label())),
        ("Condition", condition(rule, "")),
        ("Severity", state_dot(severity_tone(rule.severity), rule.severity.as_str())),
        ("Tells", muted(&doc.channels.clone().unwrap_or_default().join(", "))),
        ("Cooldown", muted(&describe_duration(rule.cooldown))),
    ];
    view! { {head} {card(Card::default(), key_values(pairs))} }.into_any()
}

pub fn form(rule: Option<&AlertRule>, doc: &RuleDoc, offers: &Offers, errors: &[FieldError]) -> View {
    let title = rule.map_or("New rule", |rule| &rule.name);
    let head = page_head(PageHead { title, trail: vec![("Rules", "/alerts/rules".into())], actions: removal(rule), ..PageHead::default() });
    let action = rule.map_or("/alerts/rules".to_owned(), |rule| format!("/alerts/rules/{}", rule.id));
    let fields = Fields::new(errors);
    let is_metric = rule.is_none_or(|rule| rule.source.topic() == Topic::Metric);
    let is_told = rule.is_none_or(|rule| rule.source.topic() != Topic::Metric);
    let body = frontend::prelude::form(
        Form { action: action.into(), ..Form::default() },
        view! {
            {fields.summary()}
            {general(&fields, rule, doc)}
            {is_metric.then(|| metric_fields(&fields, rule.is_none(), doc, offers))}
            {is_told.then(|| told_fields(&fields, doc))}
            {telling(&fields, doc, offers)}
            {submit_row(&SubmitRow { label: "Save", look: Look::Primary, cancel: "/alerts/rules".into() })}
        },
    );
    view! { {head} {card(Card::default(), body)} }.into_any()
}

fn removal(rule: Option<&AlertRule>) -> Vec<View> {
    match rule {
        Some(rule) if !rule.is_shipped => vec![confirm_button(&ConfirmButton {
            label: "Remove",
            question: "The rule goes, and its open alerts are resolved. Past alerts stay.",
            confirm: "Remove the rule",
            action: format!("/alerts/rules/{}/remove", rule.id).into(),
            look: Look::Danger,
            ..ConfirmButton::default()
        })],
        _ => Vec::new(),
    }
}

fn general(fields: &Fields<'_>, rule: Option<&AlertRule>, doc: &RuleDoc) -> View {
    let severities: Vec<Choice<'_>> = Severity::ALL.iter().map(|severity| Choice::new(severity.as_str(), severity.as_str())).collect();
    let sources: Vec<Choice<'_>> = Topic::ALL.iter().map(|topic| Choice::new(topic.as_str(), topic.label())).collect();
    let source = rule.is_none().then(|| {
        fields.select(Select {
            name: "source",
            label: "Listens to",
            value: doc.source.as_deref().unwrap_or("metric"),
            help: "Cannot be changed later.",
            choices: &sources,
            required: true,
        })
    });
    view! {
        {fields.text(TextField { name: "name", label: "Name", value: doc.name.as_deref().unwrap_or_default(), required: true, max: 120, ..TextField::default() })}
        {source}
        {field_row(vec![
            fields.select(Select { name: "severity", label: "Severity", value: doc.severity.as_deref().unwrap_or("warning"), help: "Critical breaks through quiet hours.", choices: &severities, required: true }),
            fields.number(NumberField { name: "cooldown_minutes", label: "Cooldown", value: &shown(doc.cooldown_minutes.or(Some(15))), help: "The next notice about the same thing waits at least so long.", unit: "min", min: Some(0), ..NumberField::default() }),
        ])}
        {fields.check_box(CheckBox { name: "enabled", label: "The rule is on", help: "", is_checked: doc.enabled.unwrap_or(true) })}
    }
    .into_any()
}

fn metric_fields(fields: &Fields<'_>, is_new: bool, doc: &RuleDoc, offers: &Offers) -> View {
    let labels: Vec<String> =
        offers.metrics.iter().map(|(_, label, unit)| if unit.is_empty() { label.clone() } else { format!("{label} ({unit})") }).collect();
    let mut choices: Vec<Choice<'_>> = offers.metrics.iter().zip(&labels).map(|((name, ..), label)| Choice::new(name, label)).collect();
    let current = doc.metric.as_deref().unwrap_or_default();
    if !current.is_empty() && !choices.iter().any(|choice| choice.value == current) {
        choices.push(Choice::new(current, current));
    }
    let operators: Vec<Choice<'_>> = Operator::ALL.iter().map(|operator| Choice::new(operator.as_str(), operator.sign())).collect();
    let nodata =
        [Choice::new("keep", "Nothing changes"), Choice::new("ok", "All is well"), Choice::new("alert", "As bad as a crossed threshold")];
    let help = if is_new { "Only for a rule that listens to a metric." } else { "" };
    let threshold = doc.threshold.map(|threshold| threshold.to_string()).unwrap_or_default();
    field_set(
        "Metric",
        help,
        view! {
            {fields.select(Select { name: "metric", label: "Metric", value: current, choices: &choices, ..Select::default() })}
            {field_row(vec![
                fields.select(Select { name: "operator", label: "Is", value: doc.operator.as_deref().unwrap_or("above"), choices: &operators, ..Select::default() }),
                fields.number(NumberField { name: "threshold", label: "Threshold", value: &threshold, is_decimal: true, ..NumberField::default() }),
            ])}
            {field_row(vec![
                fields.number(NumberField { name: "for_minutes", label: "For at least", value: &shown(doc.for_minutes.or(Some(0))), unit: "min", min: Some(0), ..NumberField::default() }),
                fields.number(NumberField { name: "resolve_minutes", label: "Resolved after being well for", value: &shown(doc.resolve_minutes.or(Some(0))), unit: "min", min: Some(0), ..NumberField::default() }),
                fields.number(NumberField { name: "min_samples", label: "Least samples", value: &shown(doc.min_samples.or(Some(0))), help: "With fewer behind it a value is not judged.", min: Some(0), ..NumberField::default() }),
            ])}
            {fields.select(Select { name: "nodata", label: "When there is no value", value: doc.nodata.as_deref().unwrap_or(Nodata::Keep.as_str()), choices: &nodata, ..Select::default() })}
        },
    )
}

fn told_fields(fields: &Fields<'_>, doc: &RuleDoc) -> View {
    fields.text(TextField {
        name: "only",
        label: "Only when the name or target contains",
        value: doc.only.as_deref().unwrap_or_default(),
        help: "Empty means everything. Of issues also the project, release, environment and level count.",
        max: 120,
        ..TextField::default()
    })
}

fn telling(fields: &Fields<'_>, doc: &RuleDoc, offers: &Offers) -> View {
    let values = target_choices(&offers.channels);
    let choices: Vec<Choice<'_>> = values.iter().map(|(value, label)| Choice::new(value, label)).collect();
    let checked = doc.channels.clone().unwrap_or_default();
    let checked: Vec<&str> = checked.iter().map(String::as_str).collect();
    let mut policies = vec![Choice::new("", "No escalation")];
    policies.extend(offers.policies.iter().map(|name| Choice::new(name, name)));
    view! {
        {fields.check_list(CheckList { name: "channels", label: "Tell", help: "None: the alert is only listed.", choices: &choices, checked: &checked, empty: "" })}
        {fields.select(Select { name: "policy", label: "While nobody acknowledges", value: doc.policy.as_deref().unwrap_or_default(), choices: &policies, ..Select::default() })}
        {fields.text(TextField { name: "runbook", label: "Runbook", value: doc.runbook.as_deref().unwrap_or_default(), help: "An address, or a path of this instance such as /backup/runbook, that is put into each notice.", max: 500, ..TextField::default() })}
    }
    .into_any()
}

/// Everything that can be told, as value and label: all, kinds, single channels.
pub(crate) fn target_choices(channels: &[Channel]) -> Vec<(String, String)> {
    let mut choices = vec![("everywhere".to_owned(), "Every channel".to_owned())];
    choices.extend(ChannelKind::ALL.iter().map(|kind| (kind.as_str().to_owned(), format!("All of {}", kind.label()))));
    choices.extend(channels.iter().map(|channel| (Target::Channel(channel.id).as_text(), channel.name.clone())));
    choices
}

fn shown(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}
