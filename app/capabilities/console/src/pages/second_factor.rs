//! Setting the second factor up: the picture to scan, the code that proves it, the recovery codes; and turning it off.

use frontend::prelude::*;
use frontend::raw::Markup;
use kernel::error::FieldError;
use kernel::{Error, Result, Secret};
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;

pub(crate) struct Enrolment<'a> {
    /// `otpauth://…`
    pub address: &'a Secret,
    pub secret: &'a Secret,
    pub sealed: &'a str,
    pub next: &'a str,
    pub errors: &'a [FieldError],
}

pub(crate) fn enrol(page: &Enrolment<'_>) -> Result<View> {
    let fields = Fields::new(page.errors);
    let code_field = TextField {
        name: "code",
        label: "Code",
        help: "The six digits the app shows now.",
        kind: TextKind::OneTimeCode,
        required: true,
        max: 10,
        has_focus: true,
        ..TextField::default()
    };
    let later = Href::parse(page.next).unwrap_or_else(|| "/console/profile".into());
    let body = vec![
        hidden("sealed", page.sealed),
        hidden("next", page.next),
        fields.text(code_field),
        submit_row(&SubmitRow { label: "Turn it on", look: Look::Primary, ..SubmitRow::default() }),
    ];
    let scan = vec![
        paragraph("Scan this with an authenticator app (Aegis, 1Password, Google Authenticator …)."),
        picture(page.address)?,
        disclosure("Cannot scan?", false, copy_box("Type this key into the app", &spaced(page.secret.expose()))),
    ];
    let head = PageHead {
        title: "Second factor",
        lead: "A code from your phone beside the password: a stolen password alone then opens nothing.",
        actions: vec![link_button(later, "Later", Look::Quiet)],
        ..PageHead::default()
    };
    let action = Form { action: "/console/profile/second-factor".into(), ..Form::default() };
    Ok(stack(vec![
        page_head(head),
        grid(vec![
            card(Card { title: "1. Scan", ..Card::default() }, stack(scan)),
            card(Card { title: "2. Confirm", ..Card::default() }, form(action, body)),
        ]),
    ]))
}

/// Groups of four are read and typed without losing the place; apps ignore the blanks.
fn spaced(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Always dark on light with a quiet zone: scanners fail on inverted pictures, so the dark theme does not reach into it.
fn picture(address: &Secret) -> Result<View> {
    let drawing = |error: qrcode::types::QrError| Error::internal("drawing the picture to scan").because(error);
    let code = QrCode::with_error_correction_level(address.expose(), EcLevel::M).map_err(drawing)?;
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", index % width + 4, index / width + 4);
        }
    }
    let side = width + 8;
    let mut svg = Markup::new();
    svg.tag("svg").attr("class", "qr").attr("viewBox", format!("0 0 {side} {side}")).attr("width", 220).attr("height", 220);
    svg.attr("role", "img").attr("aria-label", "Picture to scan with an authenticator app").attr("shape-rendering", "crispEdges");
    svg.tag("rect").attr("width", side).attr("height", side).attr("fill", "#fff").done();
    svg.tag("path").attr("d", path).attr("fill", "#000").done().end("svg");
    Ok(svg.into_view())
}

pub(crate) fn recovery_codes(codes: &[String], next: &str) -> View {
    let head = PageHead {
        title: "Your second factor is on",
        lead: "Keep these recovery codes for the day your phone is lost.",
        ..PageHead::default()
    };
    let body = vec![
        notice(Tone::Warn, "They are shown only this once. Each of them opens once, in place of a code."),
        code_block(&codes.join("\n")),
        paragraph("Print them, or put them where you keep your passwords, but not on the phone itself."),
        actions(vec![link_button(Href::path(next), "I have stored them", Look::Primary)]),
    ];
    stack(vec![page_head(head), card(Card { title: "Recovery codes", ..Card::default() }, stack(body))])
}

pub(crate) fn remove(errors: &[FieldError]) -> View {
    let fields = Fields::new(errors);
    let current =
        SecretField { name: "current", label: "Your password", required: true, autocomplete: "current-password", ..SecretField::default() };
    let body = vec![
        fields.secret(current),
        submit_row(&SubmitRow { label: "Turn it off", look: Look::Danger, cancel: "/console/profile".into() }),
    ];
    let head = PageHead {
        title: "Second factor",
        trail: vec![("Profile and sign-in", "/console/profile".into())],
        badge: Some(state_badge(Tone::Good, "on")),
        lead: "Signing in asks for a code of your app.",
        ..PageHead::default()
    };
    let action = Form { action: "/console/profile/second-factor/remove".into(), ..Form::default() };
    let lead = "A password alone signs you in then. The recovery codes end as well.";
    stack(vec![page_head(head), card(Card { title: "Turn it off", lead, ..Card::default() }, form(action, body))])
}
