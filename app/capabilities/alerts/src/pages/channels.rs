//! Channels: the list, the choice of a kind, the form, one channel with its last delivery and its quiet hours.

use frontend::prelude::*;
use kernel::Time;
use kernel::error::FieldError;
use kernel::ids::ChannelId;
use work::DeliveryRow;

use super::{Place, places};
use crate::channel::config::LOST;
use crate::channel::fields::{Field, FieldKind};
use crate::channel::{Channel, ChannelKind, Takes, Values};
use crate::manage::quiet::WEEKDAYS;
use crate::quiet::{QuietHours, show_minute, show_weekdays};
use crate::reach::{Reach, listed};
use crate::severity::Severity;
use crate::store::notices::{NoticeRow, NoticeState};

pub fn list(all: &[Channel], has_mail: bool, can_edit: bool, now: Time) -> View {
    let new = if can_edit { vec![link_button("/alerts/channels/new", "New channel", Look::Primary)] } else { Vec::new() };
    let head = page_head(PageHead {
        title: "Channels",
        lead: "Where notices go. Each has a queue of its own: one that is dead delays no other.",
        actions: new,
        ..PageHead::default()
    });
    let needs_mail = !has_mail && all.iter().any(|channel| channel.kind == ChannelKind::Email);
    let mail = needs_mail.then(|| {
        notice_about(
            Tone::Warn,
            "Mails cannot leave yet.",
            view! { <p>"Choose how this instance sends mail under "{link("/console/settings", "Settings, Mail")}"."</p> },
        )
    });
    let body = table(Table {
        caption: "Channels",
        heads: &[Head::text("Channel"), Head::text("Kind"), Head::text("Goes to"), Head::text("State"), Head::text("Last delivery")],
        rows: all.iter().map(|channel| row(channel, now)).collect(),
        empty: EmptyState {
            title: "No channels yet",
            sentence: "Without one, alerts are only listed here. Make the first: e-mail, Slack, Discord, SMS, a webhook, Telegram, ntfy, Teams or PagerDuty.",
            actions: if can_edit { vec![link_button("/alerts/channels/new", "Make the first channel", Look::Primary)] } else { Vec::new() },
        },
    });
    view! { {head} {places(Place::Channels)} {mail} {live("channels", card(Card { is_flush: true, ..Card::default() }, body))} }.into_any()
}

fn row(channel: &Channel, now: Time) -> Row {
    let last = channel.last_sent_at.map_or_else(|| muted("never"), |at| ago(at, now));
    Row::new(vec![
        link(format!("/alerts/channels/{}", channel.id), &channel.name),
        tag(channel.kind.label()),
        muted(&channel.hint),
        state(channel),
        last,
    ])
}

fn state(channel: &Channel) -> View {
    let is_failing = channel.last_failed_at.is_some_and(|failed| channel.last_sent_at.is_none_or(|sent| failed > sent));
    match (channel.is_enabled, is_failing, channel.last_sent_at) {
        (false, ..) => state_badge(Tone::Neutral, "off"),
        _ if channel.has_lost_secrets => state_badge(Tone::Bad, "to be entered again"),
        (true, true, _) => state_badge(Tone::Bad, "not delivering"),
        (true, false, None) => state_badge(Tone::Info, "never tried"),
        (true, false, Some(_)) => state_badge(Tone::Good, "delivering"),
    }
}

pub fn choose() -> View {
    let head = page_head(PageHead {
        title: "New channel",
        lead: "What kind of channel is it?",
        trail: vec![("Channels", "/alerts/channels".into())],
        ..PageHead::default()
    });
    let kinds = ChannelKind::ALL
        .iter()
        .map(|kind| link_button(Href::path("/alerts/channels/new").with("kind", kind.as_str()), kind.label(), Look::Plain))
        .collect();
    view! { {head} {card(Card::default(), actions(kinds))} }.into_any()
}

/// What stands in the form: secrets are never among the values.
pub struct ChannelForm {
    pub kind: ChannelKind,
    pub id: Option<ChannelId>,
    pub name: String,
    pub takes: Takes,
    pub values: Values,
    /// Names of secrets that are stored.
    pub stored: Vec<&'static str>,
    pub errors: Vec<FieldError>,
}

pub fn new(form: &ChannelForm) -> View {
    let title = format!("New channel: {}", form.kind.label());
    let head = page_head(PageHead { title: &title, trail: vec![("Channels", "/alerts/channels".into())], ..PageHead::default() });
    view! { {head} {card(Card::default(), fields_of(form))} }.into_any()
}

fn fields_of(typed: &ChannelForm) -> View {
    let action = typed.id.map_or("/alerts/channels".to_owned(), |id| format!("/alerts/channels/{id}"));
    let fields = Fields::new(&typed.errors);
    let takes: Vec<Choice<'_>> = Takes::ALL.iter().map(|takes| Choice::new(takes.as_str(), takes.label())).collect();
    let own: Vec<View> = typed.kind.fields().iter().map(|field| one_field(&fields, field, typed)).collect();
    form(
        Form { action: action.into(), ..Form::default() },
        view! {
            {fields.summary()}
            {hidden("kind", typed.kind.as_str())}
            {fields.text(TextField { name: "name", label: "Name", value: &typed.name, help: "As you call it, such as “Ops on Slack”.", required: true, max: 60, ..TextField::default() })}
            {own}
            {fields.select(Select { name: "takes", label: "Gets", value: typed.takes.as_str(), help: "Rules name channels by kind or by name; this adds to it.", choices: &takes, required: true })}
            {submit_row(&SubmitRow { label: "Save", look: Look::Primary, cancel: "/alerts/channels".into() })}
        },
    )
}

fn one_field(fields: &Fields<'_>, field: &Field, form: &ChannelForm) -> View {
    let value = form.values.get(field.name).map_or("", String::as_str);
    match field.kind {
        FieldKind::Secret => fields.secret(SecretField {
            name: field.name,
            label: field.label,
            help: field.help,
            is_set: form.stored.contains(&field.name),
            required: field.is_required && form.id.is_none(),
            autocomplete: "",
        }),
        FieldKind::Line => fields.text(TextField {
            name: field.name,
            label: field.label,
            value,
            help: field.help,
            required: field.is_required,
            max: 500,
            ..TextField::default()
        }),
        FieldKind::Choice(choices) => {
            let choices: Vec<Choice<'_>> = choices.iter().map(|(value, label)| Choice::new(value, label)).collect();
            fields.select(Select {
                name: field.name,
                label: field.label,
                value,
                help: field.help,
                choices: &choices,
                required: field.is_required,
            })
        }
    }
}

/// A signing secret that was made here; the only page that ever shows one.
pub fn secret_once(id: ChannelId, secret: &str) -> View {
    let head =
        page_head(PageHead { title: "The channel is made", trail: vec![("Channels", "/alerts/channels".into())], ..PageHead::default() });
    let body = view! {
        {notice(Tone::Warn, "Copy the signing secret now: it is shown this once.")}
        {copy_box("Signing secret", secret)}
        {paragraph("Your program checks each notice with it, as Standard Webhooks describes.")}
        {actions(vec![link_button(format!("/alerts/channels/{id}"), "Go on to the channel", Look::Primary)])}
    };
    view! { {head} {card(Card::default(), body)} }.into_any()
}

pub struct Shown {
    pub channel: Channel,
    pub form: ChannelForm,
    pub last: Option<DeliveryRow>,
    pub latest: Vec<NoticeRow>,
    pub quiet: Vec<QuietHours>,
    /// Which rules reach nobody, or others, once this channel is gone or off.
    pub lost: Reach,
    pub is_last: bool,
    pub can_edit: bool,
    pub now: Time,
}

pub fn show(shown: &Shown) -> View {
    let channel = &shown.channel;
    let head = page_head(PageHead {
        title: &channel.name,
        lead: &channel.hint,
        trail: vec![("Channels", "/alerts/channels".into())],
        badge: Some(state(channel)),
        actions: if shown.can_edit { acts(shown) } else { Vec::new() },
    });
    let reason = (!channel.disabled_reason.is_empty()).then(|| notice(Tone::Bad, &channel.disabled_reason));
    let lost = channel.has_lost_secrets.then(|| notice(Tone::Bad, LOST));
    let settings = shown.can_edit.then(|| card(Card { title: "Settings", ..Card::default() }, fields_of(&shown.form)));
    let latest = live("channel-notices", card(Card { title: "Latest notices", is_flush: true, ..Card::default() }, notices(shown)));
    let wide = view! { {settings} {quiet(shown)} {latest} };
    let narrow = live("channel-facts", card(Card { title: "Delivery", ..Card::default() }, facts(shown)));
    view! { {head} {reason} {lost} {columns(wide, narrow)} }.into_any()
}

fn acts(shown: &Shown) -> Vec<View> {
    let channel = &shown.channel;
    let path = |act: &str| format!("/alerts/channels/{}/{act}", channel.id);
    let loss = loss(shown);
    let switch = match (channel.is_enabled, loss.is_empty()) {
        (false, _) => post_button(path("switch"), "Switch on", Look::Plain),
        (true, true) => post_button(path("switch"), "Switch off", Look::Plain),
        (true, false) => confirm_button(&ConfirmButton {
            label: "Switch off",
            question: &loss,
            confirm: "Switch it off all the same",
            action: path("switch").into(),
            ..ConfirmButton::default()
        }),
    };
    let question = format!("The channel goes with its secrets and its list of notices. {loss}");
    vec![
        post_button(path("test"), "Send test", Look::Primary),
        switch,
        confirm_button(&ConfirmButton {
            label: "Remove",
            question: question.trim_end(),
            confirm: "Remove the channel",
            action: path("remove").into(),
            look: Look::Danger,
            ..ConfirmButton::default()
        }),
    ]
}

/// Who would be told by nobody any more. Empty when nothing changes for anybody.
fn loss(shown: &Shown) -> String {
    if shown.is_last {
        return "No other channel is on: nobody is told of anything then.".to_owned();
    }
    let mut sentences = Vec::new();
    if !shown.lost.nobody.is_empty() {
        let verb = if shown.lost.nobody.len() == 1 { "tells" } else { "tell" };
        sentences.push(format!("{} then {verb} nobody.", listed(&shown.lost.nobody)));
    }
    if !shown.lost.astray.is_empty() {
        let verb = if shown.lost.astray.len() == 1 { "names" } else { "name" };
        sentences.push(format!("{} {verb} no other channel that is on; all the others are told instead.", listed(&shown.lost.astray)));
    }
    sentences.join(" ")
}

fn facts(shown: &Shown) -> View {
    let channel = &shown.channel;
    let at = |at: Option<Time>| at.map_or_else(|| muted("never"), |at| ago(at, shown.now));
    let mut pairs = vec![
        ("Kind", tag(channel.kind.label())),
        ("Gets", muted(channel.takes.label())),
        ("Last delivered", at(channel.last_sent_at)),
        ("Last failed", at(channel.last_failed_at)),
    ];
    if let Some(code) = channel.last_code {
        pairs.push(("Last answer", muted(&code.to_string())));
    }
    if !channel.last_error.is_empty() {
        pairs.push(("Last error", muted(&channel.last_error)));
    }
    if let Some(last) = &shown.last {
        pairs.push(("In the outbox", muted(&format!("{} after {} attempts", last.state.as_str(), last.attempts))));
    }
    key_values(pairs)
}

fn notices(shown: &Shown) -> View {
    let rows = shown
        .latest
        .iter()
        .map(|row| {
            let tone = match row.state {
                NoticeState::Sent => Tone::Good,
                NoticeState::Dead => Tone::Bad,
                NoticeState::Posted => Tone::Warn,
                NoticeState::Held | NoticeState::Superseded => Tone::Neutral,
            };
            let headline = match row.alert {
                Some(alert) => link(format!("/alerts/{alert}"), &row.headline),
                None => muted(&row.headline),
            };
            Row::new(vec![headline, state_dot(tone, row.state.as_str()), ago(row.posted_at, shown.now)])
        })
        .collect();
    table(Table {
        caption: "Latest notices on this channel",
        heads: &[Head::text("Notice"), Head::text("State"), Head::text("Posted")],
        rows,
        empty: EmptyState { title: "Nothing was sent yet", sentence: "Send a test to see whether it arrives.", actions: Vec::new() },
    })
}

fn quiet(shown: &Shown) -> View {
    if shown.channel.kind == ChannelKind::Pagerduty {
        return ().into_any();
    }
    let rows = shown
        .quiet
        .iter()
        .map(|hours| {
            let when = format!("{}–{}, {}", show_minute(hours.starts), show_minute(hours.ends), show_weekdays(hours.weekdays));
            let remove = if shown.can_edit {
                post_button(format!("/alerts/quiet/{}/remove", hours.id), "Remove", Look::Quiet)
            } else {
                ().into_any()
            };
            Row::new(vec![
                muted(&when),
                muted(&hours.zone),
                muted(if hours.holds == Severity::Info { "information" } else { "warnings and information" }),
                remove,
            ])
        })
        .collect();
    let listed = table(Table {
        caption: "Quiet hours",
        heads: &[Head::text("When"), Head::text("Time zone"), Head::text("Holds"), Head::hidden("Actions")],
        rows,
        empty: EmptyState { title: "No quiet hours", sentence: "Notices go out at any time.", actions: Vec::new() },
    });
    let add = shown.can_edit.then(|| disclosure("Add quiet hours", false, quiet_form(&shown.channel)));
    card(
        Card { title: "Quiet hours", lead: "What is not critical is held and comes as one digest at the end.", ..Card::default() },
        view! { {listed} {add} },
    )
}

fn quiet_form(channel: &Channel) -> View {
    let fields = Fields::within("quiet", &[]);
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let days: Vec<Choice<'_>> = WEEKDAYS.iter().zip(days).map(|(word, day)| Choice::new(word, day)).collect();
    let holds = [Choice::new("warning", "Warnings and information"), Choice::new("info", "Information only")];
    form(
        Form { action: format!("/alerts/channels/{}/quiet", channel.id).into(), ..Form::default() },
        view! {
            {field_row(vec![
                fields.text(TextField { name: "starts", label: "From", value: "22:00", kind: TextKind::TimeOfDay, required: true, ..TextField::default() }),
                fields.text(TextField { name: "ends", label: "To", value: "07:00", kind: TextKind::TimeOfDay, required: true, ..TextField::default() }),
                fields.text(TextField { name: "zone", label: "Time zone", value: "UTC", help: "Such as Europe/Berlin.", required: true, max: 60, ..TextField::default() }),
            ])}
            {fields.select(Select { name: "holds", label: "Hold", value: "warning", choices: &holds, required: true, ..Select::default() })}
            {fields.check_list(CheckList { name: "weekdays", label: "On nights that begin on", choices: &days, checked: &WEEKDAYS, ..CheckList::default() })}
            {submit_row(&SubmitRow { label: "Add", look: Look::Plain, ..SubmitRow::default() })}
        },
    )
}
