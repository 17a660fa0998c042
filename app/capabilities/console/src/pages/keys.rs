//! API keys: the list, the form, and the one page that shows a new key.

use frontend::prelude::*;
use identity::model::ApiKey;
use kernel::error::FieldError;
use kernel::{Role, Secret, Time};

use crate::model::Scope;

pub(crate) struct Keys<'a> {
    pub keys: &'a [ApiKey],
    pub scopes: &'a [Scope],
    pub roles: &'a [Role],
    pub name: &'a str,
    pub role: &'a str,
    pub wanted: &'a [String],
    pub errors: &'a [FieldError],
    pub now: Time,
}

pub(crate) fn show(page: &Keys<'_>) -> View {
    let head = PageHead {
        title: "API keys",
        lead: "Credentials for programs. Each opens only what its scopes and role allow.",
        ..PageHead::default()
    };
    let rows = page.keys.iter().map(|key| row(key, page.now)).collect();
    let heads = [
        Head::text("Name"),
        Head::text("Key"),
        Head::text("Role"),
        Head::text("Scopes"),
        Head::text("Last used"),
        Head::text("Made"),
        Head::hidden("Actions"),
    ];
    let list = table(Table {
        caption: "API keys",
        heads: &heads,
        rows,
        empty: EmptyState {
            title: "No keys yet",
            sentence: "Make one below for a script, a deploy pipeline or Prometheus.",
            actions: Vec::new(),
        },
    });
    stack(vec![
        page_head(head),
        card(Card { is_flush: true, ..Card::default() }, list),
        card(Card { title: "New key", lead: "It is shown once, right after it is made.", ..Card::default() }, new_form(page)),
    ])
}

fn row(key: &ApiKey, now: Time) -> Row {
    let revoke = ConfirmButton {
        label: "Revoke",
        question: "Programs that use this key are refused at once. This cannot be undone.",
        confirm: "Revoke it",
        action: format!("/console/keys/{}/revoke", key.id).into(),
        look: Look::Danger,
        fields: Vec::new(),
    };
    let scopes: Vec<View> = key.scopes.iter().map(|scope| tag(scope)).collect();
    let made = view! { <span>{date(key.created_at)}<br/>{muted(&key.created_by)}</span> }.into_any();
    Row::new(vec![
        paragraph(&key.name),
        code(&format!("{}…", key.hint)),
        paragraph(key.role.as_str()),
        scopes.into_any(),
        key.used_at.map_or_else(|| muted("never"), |at| ago(at, now)),
        made,
        confirm_button(&revoke),
    ])
}

fn new_form(page: &Keys<'_>) -> View {
    let fields = Fields::new(page.errors);
    let name = TextField {
        name: "name",
        label: "Name",
        value: page.name,
        help: "What uses it, such as “deploy pipeline”.",
        required: true,
        max: 60,
        ..TextField::default()
    };
    let helps: Vec<String> = page.scopes.iter().map(|scope| format!("Role {} or more: {}", scope.role, scope.opens.join(", "))).collect();
    let choices: Vec<Choice<'_>> =
        page.scopes.iter().zip(&helps).map(|(scope, help)| Choice { value: scope.name, label: scope.name, help }).collect();
    let checked: Vec<&str> = page.wanted.iter().map(String::as_str).collect();
    let scopes = CheckList {
        name: "scopes",
        label: "Scopes",
        help: "As few as it needs.",
        choices: &choices,
        checked: &checked,
        empty: "Nothing in this instance can be opened by a key.",
    };
    let role = Radio {
        name: "role",
        label: "Role",
        value: page.role,
        choices: &super::role_choices(page.roles),
        required: true,
        ..Radio::default()
    };
    let body = vec![
        fields.summary(),
        fields.text(name),
        fields.radio(role),
        fields.check_list(scopes),
        submit_row(&SubmitRow { label: "Make the key", look: Look::Primary, ..SubmitRow::default() }),
    ];
    form(Form { action: "/console/keys".into(), ..Form::default() }, body)
}

pub(crate) fn created(name: &str, token: &Secret) -> View {
    let title = format!("The key “{name}” is made");
    let head = PageHead { title: &title, trail: vec![("API keys", "/console/keys".into())], ..PageHead::default() };
    let body = vec![
        notice(Tone::Warn, "Copy it now: it is shown only this once. Only its fingerprint is stored."),
        copy_box("API key", token.expose()),
        paragraph("Send it with each request as the header “Authorization: Bearer …”."),
        actions(vec![link_button("/console/keys", "I have copied it", Look::Primary)]),
    ];
    stack(vec![page_head(head), card(Card::default(), stack(body))])
}
