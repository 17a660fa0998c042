//! The form of a dump.

use frontend::prelude::*;
use kernel::error::FieldError;
use serde::Deserialize;

use super::trail;
use crate::dumps::model::schedule::RETRY_AFTER_MINUTES;
use crate::dumps::model::{Draft, Encryption, Kind, Secrets};

/// What a person typed, as the form sends it and gets it back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DumpForm {
    pub name: String,
    pub key: String,
    pub kind: String,
    pub command: String,
    pub url: String,
    pub environment: String,
    pub forget_environment: String,
    pub place: String,
    pub every_hours: String,
    pub cron: String,
    pub time_limit_minutes: String,
    pub grace_minutes: String,
    pub extension: String,
    pub encryption: String,
    pub recipient: String,
    pub passphrase: String,
    pub size_factor: String,
    pub keep_last: String,
    pub keep_daily: String,
    pub keep_weekly: String,
    pub keep_monthly: String,
    pub scratch_url: String,
    pub forget_scratch: String,
    pub restore_command: String,
    pub paused: String,
}

pub struct FormPage<'a> {
    pub form: &'a DumpForm,
    pub errors: &'a [FieldError],
    /// Of the stored dump; `None` for a new one.
    pub stored: Option<(i64, &'a Secrets)>,
    pub places: &'a [String],
}

impl DumpForm {
    pub fn of(draft: &Draft) -> DumpForm {
        DumpForm {
            name: draft.name.clone(),
            key: draft.key.clone(),
            kind: draft.kind.as_str().to_owned(),
            command: draft.command.clone(),
            place: draft.place.clone(),
            every_hours: draft.every_hours.map_or_else(String::new, |hours| hours.to_string()),
            cron: draft.cron.clone(),
            time_limit_minutes: draft.time_limit_minutes.to_string(),
            grace_minutes: draft.grace_minutes.to_string(),
            extension: draft.extension.clone(),
            encryption: draft.encryption.as_str().to_owned(),
            recipient: draft.recipient.clone(),
            size_factor: draft.size_factor.to_string(),
            keep_last: draft.keep_last.to_string(),
            keep_daily: draft.keep_daily.to_string(),
            keep_weekly: draft.keep_weekly.to_string(),
            keep_monthly: draft.keep_monthly.to_string(),
            restore_command: draft.restore_command.clone(),
            paused: if draft.paused { "on".to_owned() } else { String::new() },
            ..DumpForm::default()
        }
    }
}

const LOST: &str = "The connection URL, passphrase, scratch server and environment of this dump were sealed with a key file that is gone. \
                    Please enter again what it needs; what you leave empty is then unset.";

pub fn show(page: &FormPage<'_>) -> View {
    let fields = Fields::new(page.errors);
    let (action, cancel, title) = match page.stored {
        Some((id, _)) => (format!("/backup/dumps/{id}/edit"), format!("/backup/dumps/{id}"), "Edit the dump"),
        None => ("/backup/dumps/new".to_owned(), "/backup/dumps".to_owned(), "New dump"),
    };
    let head = page_head(PageHead {
        title,
        lead: "Only owners may change this: the command runs on this machine, as the account Hermetic runs as.",
        trail: trail(),
        ..PageHead::default()
    });
    let submit = submit_row(&SubmitRow { label: "Save", look: Look::Primary, cancel: cancel.into() });
    let is_lost = page.stored.is_some_and(|(_, secrets)| secrets.is_lost);
    let lost = if is_lost { notice(Tone::Bad, LOST) } else { ().into_any() };
    let body = view! {
        {fields.summary()}
        {lost}
        {what(page, &fields)}
        {when(page.form, &fields)}
        {encryption(page, &fields)}
        {keeping(page.form, &fields)}
        {proof(page, &fields)}
        {submit}
    };
    stack(vec![head, presets(page), card(Card::default(), form(Form { action: action.into(), ..Form::default() }, body))])
}

/// Links, so that a kind brings its own command without a script.
fn presets(page: &FormPage<'_>) -> View {
    if page.stored.is_some() {
        return ().into_any();
    }
    let tab = |kind: Kind| Tab {
        label: kind.label(),
        href: Href::path("/backup/dumps/new").with("kind", kind.as_str()),
        is_current: page.form.kind == kind.as_str(),
        count: None,
    };
    tabs("Kind", &Kind::ALL.map(tab))
}

fn line<'a>(name: &'a str, label: &'a str, value: &'a str, help: &'a str) -> TextField<'a> {
    TextField { name, label, value, help, max: 200, ..TextField::default() }
}

fn number<'a>(name: &'a str, label: &'a str, value: &'a str, unit: &'a str) -> NumberField<'a> {
    NumberField { name, label, value, unit, min: Some(0), ..NumberField::default() }
}

fn what(page: &FormPage<'_>, fields: &Fields<'_>) -> View {
    let typed = page.form;
    let secrets = page.stored.map(|(_, secrets)| secrets);
    let kinds: Vec<Choice<'_>> = Kind::ALL.iter().map(|kind| Choice::new(kind.as_str(), kind.label())).collect();
    let kind =
        fields.select(Select { name: "kind", label: "Kind", value: &typed.kind, choices: &kinds, required: true, ..Select::default() });
    let name = fields.text(TextField { required: true, ..line("name", "Name", &typed.name, "") });
    let key = fields.text(line("key", "Key", &typed.key, "The folder at the destination. Empty: made of the name."));
    let command = fields.text(TextField {
        max: 4_000,
        ..line(
            "command",
            "Command",
            &typed.command,
            "Its standard output is the dump. Quotes group words; no shell runs it, so there are no pipes and no variables.",
        )
    });
    let is_postgresql = typed.kind == Kind::Postgresql.as_str();
    let url = fields.secret(SecretField {
        name: "url",
        label: "Connection URL",
        help: "Such as postgresql://backup:password@db.internal:5432/shop. The command gets it as PGHOST, PGPASSWORD and so on; no password \
               stands in the list of processes. Empty keeps what is stored.",
        is_set: secrets.is_some_and(|secrets| !secrets.url.is_empty()),
        autocomplete: "off",
        ..SecretField::default()
    });
    let url = if is_postgresql { url } else { ().into_any() };
    let names = secrets.map(|secrets| secrets.environment.keys().cloned().collect::<Vec<_>>().join(", ")).unwrap_or_default();
    let help = match names.as_str() {
        "" => "NAME=value, one a line, sealed at rest. Nothing of Hermetic's own environment reaches the command.".to_owned(),
        names => format!("Stored: {names}. What is written here replaces all of it; empty keeps it."),
    };
    let environment = fields.text_area(TextArea {
        name: "environment",
        label: "Environment",
        value: &typed.environment,
        help: &help,
        placeholder: "MYSQL_PWD=…",
        rows: 3,
        max: 20_000,
        is_code: true,
        ..TextArea::default()
    });
    let is_lost = secrets.is_some_and(|secrets| secrets.is_lost);
    let forget = CheckBox {
        name: "forget_environment",
        label: if is_lost { "It needs nothing of what was lost" } else { "Forget the stored environment" },
        is_checked: typed.forget_environment == "on",
        help: "",
    };
    let forget = if names.is_empty() && !is_lost { ().into_any() } else { fields.check_box(forget) };
    let places: Vec<Choice<'_>> = page.places.iter().map(|name| Choice::new(name, name)).collect();
    let place = fields.select(Select {
        name: "place",
        label: "Destination",
        value: &typed.place,
        help: "One of the destinations in the configuration file.",
        choices: &places,
        ..Select::default()
    });
    field_set("What", "", view! { {name}{kind}{command}{url}{environment}{forget}{place}{key} })
}

fn when(typed: &DumpForm, fields: &Fields<'_>) -> View {
    let every = fields.number(number("every_hours", "Every", &typed.every_hours, "hours"));
    let cron = fields.text(TextField {
        placeholder: "30 2 * * *",
        ..line("cron", "Or by cron expression", &typed.cron, "In the time zone of the instance. Fill in one of both.")
    });
    let limit = fields.number(number("time_limit_minutes", "Time limit", &typed.time_limit_minutes, "min"));
    let grace = fields.number(NumberField {
        help: "No good dump so long after one was due: somebody is told.",
        ..number("grace_minutes", "Overdue after", &typed.grace_minutes, "min")
    });
    let paused = fields.check_box(CheckBox {
        name: "paused",
        label: "Paused",
        help: "It does not run by itself, and nobody waits for it.",
        is_checked: typed.paused == "on",
    });
    let lead = format!(
        "A run by the schedule that fails is tried once more after {RETRY_AFTER_MINUTES} minutes, unless the next one comes sooner; somebody \
         is told when that fails, too."
    );
    field_set("When", &lead, view! { {field_row(vec![every, cron])}{field_row(vec![limit, grace])}{paused} })
}

fn encryption(page: &FormPage<'_>, fields: &Fields<'_>) -> View {
    let typed = page.form;
    let choices = [
        Choice {
            value: Encryption::Instance.as_str(),
            label: "With the key of this instance",
            help: "Download the key once and keep it elsewhere: without it the dumps are worth nothing.",
        },
        Choice {
            value: Encryption::Recipient.as_str(),
            label: "For an age recipient of yours",
            help: "The secret half never comes here; in return only the bytes can be proven, not the dump.",
        },
        Choice { value: Encryption::Passphrase.as_str(), label: "With a passphrase", help: "Sealed here, typed in where it is restored." },
        Choice { value: Encryption::None.as_str(), label: "Not at all", help: "Whoever can read the bucket reads your database." },
    ];
    let how =
        fields.radio(Radio { name: "encryption", label: "Encryption", value: &typed.encryption, choices: &choices, ..Radio::default() });
    let recipient = fields.text(TextField { placeholder: "age1…", ..line("recipient", "Recipient", &typed.recipient, "") });
    let passphrase = fields.secret(SecretField {
        name: "passphrase",
        label: "Passphrase",
        help: "At least 12 characters. Empty keeps what is stored.",
        is_set: page.stored.is_some_and(|(_, secrets)| !secrets.passphrase.is_empty()),
        autocomplete: "new-password",
        ..SecretField::default()
    });
    field_set("Encryption", "", view! { {how}{recipient}{passphrase} })
}

fn keeping(typed: &DumpForm, fields: &Fields<'_>) -> View {
    let last = fields.number(number("keep_last", "The last", &typed.keep_last, "dumps"));
    let daily = fields.number(number("keep_daily", "One a day", &typed.keep_daily, "days"));
    let weekly = fields.number(number("keep_weekly", "One a week", &typed.keep_weekly, "weeks"));
    let monthly = fields.number(number("keep_monthly", "One a month", &typed.keep_monthly, "months"));
    field_set(
        "What is kept",
        "All others are removed after a good run. The newest good one always stays; an append-only destination keeps everything.",
        view! { {field_row(vec![last, daily])}{field_row(vec![weekly, monthly])} },
    )
}

fn proof(page: &FormPage<'_>, fields: &Fields<'_>) -> View {
    let typed = page.form;
    let factor = fields.number(NumberField {
        help: "A dump that is so many times smaller than the last good one is doubted until a person accepts it.",
        ..number("size_factor", "Doubt when shrunk", &typed.size_factor, "times")
    });
    let is_set = page.stored.is_some_and(|(_, secrets)| !secrets.scratch_url.is_empty());
    let scratch = fields.secret(SecretField {
        name: "scratch_url",
        label: "Scratch server",
        help: "A PostgreSQL server whose account may make databases, such as postgresql://check:password@scratch/postgres. Each dump in custom \
               or tar format is restored there into hermetic_check_… and dropped again. Empty keeps what is stored.",
        is_set,
        autocomplete: "off",
        ..SecretField::default()
    });
    let scratch = if typed.kind == Kind::Postgresql.as_str() { scratch } else { ().into_any() };
    let forget =
        CheckBox { name: "forget_scratch", label: "Forget the scratch server", is_checked: typed.forget_scratch == "on", help: "" };
    let forget = if is_set { fields.check_box(forget) } else { ().into_any() };
    let restore = fields.text(TextField {
        max: 4_000,
        ..line(
            "restore_command",
            "Or a command that restores it",
            &typed.restore_command,
            "Gets the dump on its standard input and ends with 0 when all went well. It must not touch your real database.",
        )
    });
    let extension = fields.text(line("extension", "Extension of the file", &typed.extension, "Empty: dump, sql or bin, by the kind."));
    field_set(
        "Proof",
        "Every dump is fetched again after the upload, opened and read to its end.",
        view! { {factor}{scratch}{forget}{restore}{extension} },
    )
}
