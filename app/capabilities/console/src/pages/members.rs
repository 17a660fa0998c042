//! The team: the list, the invitation, one member, and the one page that shows a one-time link.

use frontend::prelude::*;
use identity::model::{Login, Member};
use kernel::error::FieldError;
use kernel::ids::MemberId;
use kernel::{Role, Secret, Time};

const PATH: &str = "/console/members";

pub(crate) fn list(members: &[Member], own: MemberId) -> View {
    let head = PageHead {
        title: "Members",
        lead: "The people who may sign in here.",
        actions: vec![link_button("/console/members/new", "Invite somebody", Look::Primary)],
        ..PageHead::default()
    };
    let row = |member: &Member| {
        let (tone, word) = state(member);
        let name = if member.id == own { format!("{} (you)", member.name) } else { member.name.clone() };
        let factor = if member.has_totp { state_dot(Tone::Good, "on") } else { state_dot(Tone::Neutral, "off") };
        Row::new(vec![
            link(format!("{PATH}/{}", member.id), &name),
            paragraph(member.email.as_str()),
            paragraph(member.role.as_str()),
            state_dot(tone, word),
            factor,
            date(member.created_at),
        ])
    };
    let heads = [
        Head::text("Name"),
        Head::text("Mail address"),
        Head::text("Role"),
        Head::text("State"),
        Head::text("Second factor"),
        Head::text("Since"),
    ];
    let listed = table(Table { caption: "Members", heads: &heads, rows: members.iter().map(row).collect(), empty: EmptyState::default() });
    stack(vec![page_head(head), live("members", card(Card { is_flush: true, ..Card::default() }, listed))])
}

fn state(member: &Member) -> (Tone, &'static str) {
    match (member.disabled_at, member.has_password) {
        (Some(_), _) => (Tone::Bad, "disabled"),
        (None, true) => (Tone::Good, "active"),
        (None, false) => (Tone::Info, "invited"),
    }
}

pub(crate) struct Invite<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub role: &'a str,
    pub roles: &'a [Role],
    pub errors: &'a [FieldError],
}

pub(crate) fn invite(page: &Invite<'_>) -> View {
    let fields = Fields::new(page.errors);
    let email = TextField {
        name: "email",
        label: "Mail address",
        value: page.email,
        kind: TextKind::Email,
        required: true,
        max: 254,
        has_focus: true,
        ..TextField::default()
    };
    let name = TextField {
        name: "name",
        label: "Name",
        value: page.name,
        help: "May be left empty: they choose their name when they join.",
        max: 80,
        ..TextField::default()
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
        fields.text(email),
        fields.text(name),
        fields.radio(role),
        submit_row(&SubmitRow { label: "Make the invitation", look: Look::Primary, cancel: PATH.into() }),
    ];
    let head = PageHead {
        title: "Invite somebody",
        lead: "You get a link to hand over; where mail is set up, it is mailed too.",
        trail: vec![("Members", PATH.into())],
        ..PageHead::default()
    };
    stack(vec![page_head(head), card(Card::default(), form(Form { action: PATH.into(), ..Form::default() }, body))])
}

pub(crate) struct Link {
    pub email: String,
    pub link: Secret,
    pub is_invite: bool,
    pub is_mailed: bool,
}

pub(crate) fn link_shown(page: &Link) -> View {
    let (title, lifetime) = if page.is_invite { ("Invitation", "seven days") } else { ("Password link", "one hour") };
    let head_title = format!("{title} for {}", page.email);
    let head = PageHead { title: &head_title, trail: vec![("Members", PATH.into())], ..PageHead::default() };
    let mailed = if page.is_mailed {
        notice_about(
            Tone::Info,
            "It is on its way by mail, too.",
            view! { <p>{link("/console/deliveries", "See it under Deliveries")}</p> },
        )
    } else {
        notice_about(
            Tone::Info,
            "No way to send mail is chosen, so please hand the link over yourself.",
            view! { <p>{link("/console/settings#outbound", "Choose how to send mail")}</p> },
        )
    };
    let warning = format!("Copy it now: it is shown only this once. It works once, and for {lifetime}; a newer link ends it.");
    let body = vec![
        notice(Tone::Warn, &warning),
        copy_box("One-time link", page.link.expose()),
        mailed,
        actions(vec![link_button(PATH, "I have copied it", Look::Primary)]),
    ];
    stack(vec![page_head(head), card(Card::default(), stack(body))])
}

pub(crate) struct One<'a> {
    pub member: &'a Member,
    pub roles: &'a [Role],
    pub logins: &'a [Login],
    pub is_self: bool,
    pub may_manage: bool,
    pub now: Time,
}

pub(crate) fn show(page: &One<'_>) -> View {
    let member = page.member;
    let (tone, word) = state(member);
    let head = PageHead {
        title: &member.name,
        trail: vec![("Members", PATH.into())],
        badge: Some(state_badge(tone, word)),
        ..PageHead::default()
    };
    let facts = vec![
        ("Mail address", paragraph(member.email.as_str())),
        ("Role", paragraph(member.role.as_str())),
        ("Second factor", paragraph(if member.has_totp { "on" } else { "off" })),
        ("Member since", moment(member.created_at)),
        ("Signed-in browsers", paragraph(&page.logins.len().to_string())),
        ("Last seen", page.logins.first().map_or_else(|| muted("not signed in"), |login| ago(login.seen_at, page.now))),
    ];
    let managing = if page.may_manage { manage(page) } else { notice(Tone::Info, "Owners are managed by owners only.") };
    stack(vec![page_head(head), columns(managing, card(Card { title: "About", ..Card::default() }, key_values(facts)))])
}

fn manage(page: &One<'_>) -> View {
    let member = page.member;
    let path = |act: &str| Href::path(format!("{PATH}/{}/{act}", member.id));
    let fields = Fields::new(&[]);
    let role = Radio {
        name: "role",
        label: "Role",
        value: member.role.as_str(),
        choices: &super::role_choices(page.roles),
        required: true,
        ..Radio::default()
    };
    let role_form = form(
        Form { action: path("role"), ..Form::default() },
        vec![fields.radio(role), submit_row(&SubmitRow { label: "Change the role", ..SubmitRow::default() })],
    );
    let mut cards = vec![card(Card { title: "Role", ..Card::default() }, role_form)];
    if page.is_self {
        let profile = link("/console/profile", "your profile");
        cards.push(card(
            Card { title: "Sign-in", ..Card::default() },
            view! { <p>"Your password and second factor are under "{profile}"."</p> },
        ));
        return stack(cards);
    }
    cards.push(card(Card { title: "Sign-in", ..Card::default() }, stack(sign_in_acts(member, &path))));
    stack(cards)
}

fn sign_in_acts(member: &Member, path: &dyn Fn(&str) -> Href) -> Vec<View> {
    if member.disabled_at.is_some() {
        return vec![paragraph("This member cannot sign in."), actions(vec![post_button(path("enable"), "Enable again", Look::Primary)])];
    }
    let (label, sentence) = if member.has_password {
        ("Make a password link", "For somebody who forgot the password. The old one works until the link is used.")
    } else {
        ("Make a new invitation", "The invitation was not accepted yet. A new link ends the old one.")
    };
    let mut acts = vec![post_button(path("link"), label, Look::Plain)];
    if member.has_totp {
        let off = ConfirmButton {
            label: "Turn the second factor off",
            question: "Only for somebody whose phone and recovery codes are lost. Their password alone then signs in.",
            confirm: "Turn it off",
            action: path("second-factor"),
            look: Look::Plain,
            fields: Vec::new(),
        };
        acts.push(confirm_button(&off));
    }
    let disable = ConfirmButton {
        label: "Disable",
        question: "They are signed out everywhere and cannot sign in until somebody enables them again. What they did stays.",
        confirm: "Disable",
        action: path("disable"),
        look: Look::Danger,
        fields: Vec::new(),
    };
    acts.push(confirm_button(&disable));
    vec![paragraph(sentence), actions(acts)]
}
