//! The quiet pages before the console: set-up, sign-in, code, invitation, new password, and what to do when a link is dead.

use frontend::prelude::*;
use identity::model::Purpose;
use kernel::error::FieldError;

pub(crate) struct SetUp<'a> {
    pub token: &'a str,
    pub name: &'a str,
    pub email: &'a str,
    pub errors: &'a [FieldError],
}

pub(crate) fn set_up(page: &SetUp<'_>) -> View {
    let fields = Fields::new(page.errors);
    let name = TextField {
        name: "name",
        label: "Your name",
        value: page.name,
        required: true,
        max: 80,
        autocomplete: "name",
        has_focus: true,
        ..TextField::default()
    };
    let body = vec![
        fields.summary(),
        hidden("token", page.token),
        fields.text(name),
        fields.text(email_field(page.email, false)),
        fields.secret(new_password()),
        submit_row(&SubmitRow { label: "Create the owner", look: Look::Primary, ..SubmitRow::default() }),
    ];
    stack(vec![
        lead("You are the first here. This makes you the owner, who may do everything and invite others."),
        form(Form { action: "/set-up".into(), ..Form::default() }, body),
    ])
}

pub(crate) fn not_set_up() -> View {
    stack(vec![lead("Open its set-up link to make the first owner. Only whoever runs the server can see that link:"), link_sources()])
}

pub(crate) fn set_up_link_wrong() -> View {
    stack(vec![lead("It is incomplete, or a newer link was made: each new one ends the one before. To get a link:"), link_sources()])
}

fn link_sources() -> View {
    let command = code("hermetic member setup-link");
    stack(vec![
        view! { <p>"Run "{command}" on the server: it prints a new link."</p> }.into_any(),
        paragraph("Or, where Hermetic was started at a terminal, restart it there: it prints one."),
    ])
}

pub(crate) fn set_up_done() -> View {
    stack(vec![
        lead("There is an owner already. Ask them for an invitation, or sign in."),
        actions(vec![link_button("/sign-in", "Sign in", Look::Primary)]),
    ])
}

pub(crate) struct SignIn<'a> {
    pub email: &'a str,
    pub next: &'a str,
    /// What was just done: signed out, took too long.
    pub notice: &'a str,
    pub errors: &'a [FieldError],
}

pub(crate) fn sign_in(page: &SignIn<'_>) -> View {
    let fields = Fields::new(page.errors);
    let password =
        SecretField { name: "password", label: "Password", required: true, autocomplete: "current-password", ..SecretField::default() };
    let body = vec![
        hidden("next", page.next),
        fields.text(email_field(page.email, page.email.is_empty())),
        fields.secret(password),
        submit_row(&SubmitRow { label: "Sign in", look: Look::Primary, ..SubmitRow::default() }),
    ];
    let told = if page.notice.is_empty() { ().into_any() } else { notice(Tone::Info, page.notice) };
    stack(vec![
        told,
        form(Form { action: "/sign-in".into(), ..Form::default() }, body),
        view! {
            <p class="muted">"Password forgotten? An owner or admin can make you a link; so can "{code("hermetic member password-link")}" on the server."</p>
        }
        .into_any(),
    ])
}

/// The second step of signing in.
pub(crate) fn code_form(next: &str, errors: &[FieldError]) -> View {
    let fields = Fields::new(errors);
    // Not the kind for one-time codes: it brings up a keypad without letters, and recovery codes have some.
    let field = TextField {
        name: "code",
        label: "Code",
        required: true,
        max: 20,
        autocomplete: "one-time-code",
        has_focus: true,
        ..TextField::default()
    };
    let body = vec![
        hidden("next", next),
        fields.text(field),
        submit_row(&SubmitRow { label: "Go on", look: Look::Primary, cancel: "/sign-in".into() }),
    ];
    stack(vec![
        lead("Type the six digits your authenticator app shows now, or one of your recovery codes."),
        form(Form { action: "/sign-in/code".into(), ..Form::default() }, body),
    ])
}

/// A one-time link's form.
pub(crate) struct Choice<'a> {
    pub purpose: Purpose,
    pub token: &'a str,
    pub name: &'a str,
    pub email: &'a str,
    pub errors: &'a [FieldError],
}

pub(crate) fn choose(page: &Choice<'_>) -> View {
    let fields = Fields::new(page.errors);
    let is_invite = page.purpose == Purpose::Invite;
    let name = TextField {
        name: "name",
        label: "Your name",
        value: page.name,
        required: true,
        max: 80,
        autocomplete: "name",
        ..TextField::default()
    };
    let (action, label) = if is_invite { ("/join", "Join") } else { ("/password", "Save and sign in") };
    let mut body = vec![fields.summary(), hidden("token", page.token)];
    if is_invite {
        body.push(fields.text(name));
    }
    body.push(fields.secret(new_password()));
    body.push(submit_row(&SubmitRow { label, look: Look::Primary, ..SubmitRow::default() }));
    let sentence = if is_invite {
        format!("You are invited as {}. Choose how you are called here, and a password.", page.email)
    } else {
        format!("For {}. Every other browser is signed out by this.", page.email)
    };
    stack(vec![lead(&sentence), form(Form { action: action.into(), ..Form::default() }, body)])
}

pub(crate) fn link_wrong(purpose: Purpose) -> View {
    let sentence = match purpose {
        Purpose::Invite => {
            "An invitation works once and for seven days. Ask whoever invited you for a new one; if you joined already, sign in."
        }
        Purpose::Password | Purpose::Setup => "A password link works once and for one hour. Ask an owner or admin for a new one.",
    };
    stack(vec![lead(sentence), actions(vec![link_button("/sign-in", "Sign in", Look::Plain)])])
}

fn email_field(value: &str, has_focus: bool) -> TextField<'_> {
    TextField {
        name: "email",
        label: "Mail address",
        value,
        kind: TextKind::Email,
        required: true,
        max: 254,
        autocomplete: "username",
        has_focus,
        ..TextField::default()
    }
}

fn new_password() -> SecretField<'static> {
    SecretField {
        name: "password",
        label: "Password",
        help: "At least 10 characters. A sentence you remember is good; a password manager is better.",
        required: true,
        autocomplete: "new-password",
        ..SecretField::default()
    }
}

fn lead(text: &str) -> View {
    let text = text.to_owned();
    view! { <p class="lead">{text}</p> }.into_any()
}
