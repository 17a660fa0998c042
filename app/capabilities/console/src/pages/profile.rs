//! The member's own page: name, password, second factor, signed-in browsers.

use frontend::prelude::*;
use identity::model::{Login, Member};
use kernel::Time;
use kernel::error::FieldError;
use kernel::ids::LoginId;

const PATH: &str = "/console/profile";
/// Fewer recovery codes than this are worth a word.
const FEW_CODES: u32 = 3;

pub(crate) struct Profile<'a> {
    pub member: &'a Member,
    /// As saved or as typed.
    pub name: &'a str,
    pub logins: &'a [Login],
    pub own_login: LoginId,
    pub codes_left: u32,
    pub errors: &'a [FieldError],
    pub now: Time,
}

pub(crate) fn show(page: &Profile<'_>) -> View {
    let lead = format!("{}, {}", page.member.email, page.member.role);
    let head = PageHead { title: "Profile and sign-in", lead: &lead, ..PageHead::default() };
    stack(vec![
        page_head(head),
        columns(
            vec![
                card(Card { title: "Name", ..Card::default() }, name_form(page)),
                card(Card { title: "Password", ..Card::default() }, password_form(page)),
            ],
            card(Card { title: "Second factor", ..Card::default() }, second_factor(page)),
        ),
        logins(page),
    ])
}

fn name_form(page: &Profile<'_>) -> View {
    let fields = Fields::new(page.errors);
    let name = TextField {
        name: "name",
        label: "Your name",
        value: page.name,
        required: true,
        max: 80,
        autocomplete: "name",
        ..TextField::default()
    };
    let body = vec![fields.text(name), submit_row(&SubmitRow { label: "Save the name", ..SubmitRow::default() })];
    form(Form { action: PATH.into(), ..Form::default() }, body)
}

fn password_form(page: &Profile<'_>) -> View {
    let fields = Fields::within("password", page.errors);
    let current = SecretField {
        name: "current",
        label: "Current password",
        required: true,
        autocomplete: "current-password",
        ..SecretField::default()
    };
    let new = SecretField {
        name: "password",
        label: "New password",
        help: "At least 10 characters. Every other browser is signed out.",
        required: true,
        autocomplete: "new-password",
        ..SecretField::default()
    };
    let body =
        vec![fields.secret(current), fields.secret(new), submit_row(&SubmitRow { label: "Change the password", ..SubmitRow::default() })];
    form(Form { action: format!("{PATH}/password").into(), ..Form::default() }, body)
}

fn second_factor(page: &Profile<'_>) -> View {
    if !page.member.has_totp {
        return stack(vec![
            state_badge(Tone::Warn, "off"),
            paragraph("A stolen password alone opens everything you may do. With a code from your phone it opens nothing."),
            actions(vec![link_button(format!("{PATH}/second-factor"), "Turn it on", Look::Primary)]),
        ]);
    }
    let left = crate::health::counted(u64::from(page.codes_left), "recovery code is left.", "recovery codes are left.");
    let codes = if page.codes_left < FEW_CODES {
        notice(Tone::Warn, &format!("{left} Turn the second factor off and on again to get new ones."))
    } else {
        paragraph(&left)
    };
    stack(vec![
        state_badge(Tone::Good, "on"),
        codes,
        actions(vec![link_button(format!("{PATH}/second-factor"), "Turn it off", Look::Plain)]),
    ])
}

fn logins(page: &Profile<'_>) -> View {
    let row = |login: &Login| {
        let agent = if login.user_agent.is_empty() { "unknown browser" } else { &login.user_agent };
        let act = if login.id == page.own_login {
            state_dot(Tone::Good, "this browser")
        } else {
            post_button(format!("{PATH}/logins/{}/sign-out", login.id), "Sign out", Look::Plain)
        };
        Row::new(vec![paragraph(agent), muted(&login.address), ago(login.seen_at, page.now), moment(login.created_at), act])
    };
    let list = table(Table {
        caption: "Signed-in browsers",
        heads: &[Head::text("Browser"), Head::text("Address"), Head::text("Last seen"), Head::text("Signed in"), Head::hidden("Actions")],
        rows: page.logins.iter().map(row).collect(),
        empty: EmptyState {
            title: "No browser is signed in",
            sentence: "Sign in to see it here.",
            actions: vec![link_button("/sign-in", "Sign in", Look::Plain)],
        },
    });
    let others = if page.logins.len() > 1 {
        vec![post_button(format!("{PATH}/logins/others/sign-out"), "Sign out all others", Look::Plain)]
    } else {
        Vec::new()
    };
    let lead = "Sign out what you do not know, then change your password.";
    live("logins", card(Card { title: "Signed-in browsers", lead, actions: others, is_flush: true }, list))
}
