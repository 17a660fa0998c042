//! The subscriber's pages (subscribe, confirm, change, leave) and the door of a protected page. No link acts: each act is a button.

use super::document::{Place, Rendered, Shell, page};
use super::parts;
use crate::links::Target;
use crate::model::Snapshot;
use frontend::View;
use frontend::raw::Markup;
use leptos::prelude::*;

/// What somebody follows, as their page shows it.
pub struct Followed {
    /// The address as its owner knows it.
    pub address: String,
    /// Public ids; empty means everything.
    pub chosen: Vec<String>,
    /// Path of this person's page, which holds their token.
    pub path: String,
    pub is_saved: bool,
}

/// The sign-up page. `problem` is a sentence about the last try, with what was typed.
pub fn subscribe(snapshot: &Snapshot, place: Place<'_>, problem: Option<(&str, &str)>) -> Rendered {
    let texts = place.language.texts();
    if !place.look.takes_subscribers {
        return notice(place, texts.subscribe, texts.not_open);
    }
    let (sentence, typed) = problem.unwrap_or_default();
    let alert = (!sentence.is_empty()).then(|| view! { <p class="problem" role="alert">{sentence.to_owned()}</p> });
    let mail = place.look.takes_mail.then(|| {
        let form = form(place, snapshot, &Door { kind: "email", field: "email", label: texts.mail_address, typed });
        view! { <h2>{texts.by_mail}</h2>{form} }
    });
    let hook = form(place, snapshot, &Door { kind: "webhook", field: "url", label: texts.webhook_address, typed: "" });
    let body = view! {
        {parts::back(place)}
        <section class="card"><h1>{texts.subscribe}</h1><p>{texts.subscribe_intro}</p>{alert}{mail}</section>
        <section class="card"><h2>{texts.by_feed}</h2><p class="feeds">
            <a href=place.to(Target::Atom)>"Atom"</a>" "<a href=place.to(Target::Rss)>"RSS"</a>" "
            <a href=place.to(Target::JsonFeed)>"JSON Feed"</a>" "<a href=place.to(Target::Calendar)>"iCal"</a></p></section>
        <section class="card"><h2>{texts.by_webhook}</h2><p>{texts.webhook_note}</p>{hook}</section>
    };
    page(place, Shell::new(texts.subscribe, body.into_any()))
}

struct Door<'a> {
    kind: &'static str,
    field: &'static str,
    label: &'static str,
    typed: &'a str,
}

fn form(place: Place<'_>, snapshot: &Snapshot, door: &Door<'_>) -> View {
    let mut html = Markup::new();
    let id = format!("a-{}", door.kind);
    html.tag("form").attr("method", "post").attr("action", "/status/subscribe");
    hidden(&mut html, "kind", door.kind);
    hidden(&mut html, "language", place.language.as_str());
    html.tag("label").attr("for", &id).text(door.label).end("label");
    html.tag("input").attr("id", &id).attr("name", "address").attr("type", door.field).attr("value", door.typed);
    html.attr("maxlength", if door.kind == "email" { 254 } else { 1_000 }).flag("required", true);
    html.maybe("autocomplete", if door.kind == "email" { "email" } else { "off" }).done();
    choices(&mut html, place, snapshot, &[]);
    html.tag("button").attr("class", "button").text(place.language.texts().subscribe_button).end("button").end("form");
    html.into_view()
}

fn hidden(html: &mut Markup, name: &str, value: &str) {
    html.tag("input").attr("type", "hidden").attr("name", name).attr("value", value).done();
}

fn choices(html: &mut Markup, place: Place<'_>, snapshot: &Snapshot, chosen: &[String]) {
    if snapshot.components().nth(1).is_none() {
        return;
    }
    let texts = place.language.texts();
    html.tag("details").flag("open", !chosen.is_empty()).element("summary", texts.which);
    html.tag("fieldset").tag("legend").text(texts.which_note).end("legend");
    for component in snapshot.components() {
        html.tag("label").attr("class", "check").tag("input").attr("type", "checkbox").attr("name", "component");
        html.attr("value", &component.public_id).flag("checked", chosen.contains(&component.public_id)).done();
        html.text(format!(" {}", component.name)).end("label");
    }
    html.end("fieldset").end("details");
}

/// A page of one sentence, and the way back.
pub fn notice(place: Place<'_>, title: &str, text: &str) -> Rendered {
    let body = view! { {parts::back(place)}<section class="card"><h1>{title.to_owned()}</h1><p>{text.to_owned()}</p></section> };
    page(place, personal(title, body.into_any()))
}

/// The link of the mail leads here: nothing has happened until the button is pressed.
pub fn confirm(place: Place<'_>, action: &str) -> Rendered {
    let texts = place.language.texts();
    let button = act(action, texts.confirm_button, "button");
    let body = view! { <section class="card"><h1>{texts.confirm_title}</h1><p>{texts.confirm_text}</p>{button}</section> };
    page(place, personal(texts.confirm_title, body.into_any()))
}

/// What a subscriber may change with the link in each message.
pub fn manage(snapshot: &Snapshot, place: Place<'_>, followed: &Followed) -> Rendered {
    let texts = place.language.texts();
    let saved = followed.is_saved.then(|| view! { <p class="saved" role="status">{texts.saved}</p> });
    let mut html = Markup::new();
    html.tag("form").attr("method", "post").attr("action", &followed.path);
    choices(&mut html, place, snapshot, &followed.chosen);
    html.tag("button").attr("class", "button").text(texts.save).end("button").end("form");
    let leave = act(&format!("{}/leave", followed.path), texts.unsubscribe, "button quiet");
    let address = followed.address.clone();
    let body = view! {
        {parts::back(place)}
        <section class="card"><h1>{texts.manage_title}</h1>{saved}<p><strong>{address}</strong></p><p>{texts.manage_text}</p>{html.into_view()}</section>
        <section class="card"><h2>{texts.unsubscribe}</h2><p>{texts.unsubscribe_text}</p>{leave}</section>
    };
    page(place, personal(texts.manage_title, body.into_any()))
}

/// A webhook's secret, shown this once.
pub fn secret(place: Place<'_>, secret: &str, manage: &str) -> Rendered {
    let texts = place.language.texts();
    let body = view! {
        {parts::back(place)}
        <section class="card"><h1>{texts.secret_title}</h1><p>{texts.secret_text}</p><p><code class="secret">{secret.to_owned()}</code></p>
        <p><a href=manage.to_owned()>{texts.mail_manage}</a></p></section>
    };
    page(place, personal(texts.secret_title, body.into_any()))
}

/// The door of a protected page. It tells nothing but the page's name.
pub fn password(place: Place<'_>, is_wrong: bool) -> Rendered {
    let texts = place.language.texts();
    let wrong = is_wrong.then(|| view! { <p class="problem" role="alert">{texts.password_wrong}</p> });
    let mut html = Markup::new();
    html.tag("form").attr("method", "post").attr("action", "/status/unlock");
    html.tag("label").attr("for", "password").text(texts.password).end("label");
    html.tag("input").attr("id", "password").attr("name", "password").attr("type", "password").attr("autocomplete", "current-password");
    html.flag("required", true).flag("autofocus", true).done();
    html.tag("button").attr("class", "button").text(texts.show).end("button").end("form");
    let body =
        view! { <section class="card"><h1>{texts.password_title}</h1>{wrong}<p>{texts.password_text}</p>{html.into_view()}</section> };
    page(place, personal(texts.password_title, body.into_any()))
}

fn act(action: &str, label: &str, class: &str) -> View {
    let mut html = Markup::new();
    html.tag("form").attr("method", "post").attr("action", action);
    html.tag("button").attr("class", class).text(label).end("button").end("form");
    html.into_view()
}

fn personal(title: &str, body: View) -> Shell {
    let mut shell = Shell::new(title, body);
    shell.is_indexed = false;
    shell.has_languages = false;
    shell
}
