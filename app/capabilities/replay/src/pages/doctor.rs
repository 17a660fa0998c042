//! The replay doctor: per project what was seen, what that means, and the snippet that records.

use frontend::prelude::*;
use kernel::Time;

use super::asking;
use crate::model::doctor::{DAYS, Finding, Seen, Site, policy};

pub struct Patient {
    pub slug: String,
    pub name: String,
    /// Empty where no key is active.
    pub dsn: String,
    pub seen: Seen,
    pub findings: Vec<Finding>,
}

pub struct Doctor {
    pub patients: Vec<Patient>,
    /// Of this instance, as browsers reach it.
    pub base: String,
    pub now: Time,
}

pub fn show(doctor: &Doctor) -> View {
    let head = page_head(PageHead {
        title: "Replay doctor",
        lead: "Why replays do not come or come with holes, from what was seen here. What a browser never sent cannot be seen; the snippets avoid what is known to lose recordings.",
        trail: vec![("Replay", "/replay".into())],
        ..PageHead::default()
    });
    if doctor.patients.is_empty() {
        let empty = empty_state(EmptyState {
            title: "There is no project yet",
            sentence: "A project has the DSN that recorders send to.",
            actions: vec![link_button("/projects", "Make a project", Look::Primary)],
        });
        return stack(vec![head, card(Card::default(), empty)]);
    }
    let is_single = doctor.patients.len() == 1;
    let mut parts = vec![head];
    parts.extend(doctor.patients.iter().map(|patient| one(doctor, patient, is_single)));
    stack(parts)
}

fn one(doctor: &Doctor, patient: &Patient, is_open: bool) -> View {
    let findings: Vec<View> = patient
        .findings
        .iter()
        .map(|finding| {
            let advice = finding.advice.clone();
            notice_about(finding.tone, &finding.title, (!advice.is_empty()).then(|| view! { <p>{advice}</p> }))
        })
        .collect();
    let all = link_button(asking(&format!("project:{}", patient.slug)), "Its replays", Look::Plain);
    let body = view! { <div class="stack">{findings}</div> {facts(patient, doctor.now)} {disclosure("How to record", is_open, snippets(doctor, patient))} };
    card(Card { title: &patient.name, actions: vec![all], ..Card::default() }, body)
}

fn facts(patient: &Patient, now: Time) -> View {
    let seen = &patient.seen;
    let last = match seen.last_at {
        Some(at) => ago(at, now),
        None => muted("never, or not within the week"),
    };
    let sessions = seen.replays.saturating_sub(seen.buffered);
    let dropped: Vec<String> = seen.dropped.iter().map(|(reason, count)| format!("{count} {}", reason.replace('_', " "))).collect();
    let dropped = if dropped.is_empty() { "none".to_owned() } else { dropped.join(", ") };
    let errors = match seen.naming {
        0 => format!("none of {} names one", seen.browser_errors),
        naming => format!("{naming} of {} name one, {} of these never came", seen.browser_errors, seen.orphaned),
    };
    key_values(vec![
        ("last segment", last),
        ("SDK", if seen.sdk.is_empty() { muted("–") } else { code(&seen.sdk) }),
        ("replays", muted(&format!("{} in {DAYS} days: {sessions} sessions, {} on an error", seen.replays, seen.buffered))),
        ("pieces", muted(&format!("{} came, {} lost in {} replays", seen.segments, seen.missing, seen.with_holes))),
        ("announced only", muted(&seen.without_recording.to_string())),
        ("not kept", muted(&dropped)),
        ("newest errors of browsers", muted(&errors)),
    ])
}

fn snippets(doctor: &Doctor, patient: &Patient) -> View {
    if patient.dsn.is_empty() {
        return paragraph("The project has no active key, so there is no DSN to record with.");
    }
    let part = |title: &str, text: &str, snippet: &str| {
        let (title, text) = (title.to_owned(), text.to_owned());
        view! { <section class="replay-snippet"><h3>{title}</h3><p class="muted">{text}</p>{code_block(snippet)}</section> }.into_any()
    };
    let parts = vec![
        part(
            "A site of many pages",
            "Each click loads a page. What is recorded is sent after a quarter of a second, so that a page that is left soon is not lost.",
            &Site::Many.snippet(&patient.dsn),
        ),
        part("An app that never reloads its page", "Fewer requests: one in a second or so.", &Site::Single.snippet(&patient.dsn)),
        part("What your Content-Security-Policy must allow", "Besides what it allows already.", &policy(&doctor.base)),
    ];
    let note = paragraph(
        "A sample rate of 1.0 records every session; 0.1 records one in ten. All text, fields and media are masked unless you turn that off with maskAllText, maskAllInputs and blockAllMedia. Where your visitors' consent is needed, leave both rates at 0 and call replay.start() once you have it.",
    );
    view! { <div class="stack">{note}{parts}</div> }.into_any()
}
