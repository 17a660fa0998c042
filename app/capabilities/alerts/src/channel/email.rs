//! E-mail: text and HTML from the templates, one letter to each address, all letters about an alert in one thread
//! (`References`), and `Auto-Submitted` so that no vacation notice answers.

use std::sync::LazyLock;

use kernel::text::Email;
use kernel::{Error, Result};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};

use super::Letter;
use super::config::EmailConfig;
use super::text::line;
use crate::notice::Notice;

pub fn build(config: &EmailConfig, notice: &Notice) -> Result<Vec<Letter>> {
    let text = render("notice.txt", notice)?;
    let html = render("notice.html", notice)?;
    let subject = line(&notice.headline(), 200);
    let host = host(&notice.instance);
    let mut headers = vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())];
    if notice.thread.starts_with("alert-") {
        // A root that was never sent holds the thread together, whichever letter comes first or gets lost.
        let root = format!("<{}@{host}>", safe(&notice.thread));
        headers.push(("In-Reply-To".to_owned(), root.clone()));
        headers.push(("References".to_owned(), root));
    }
    let letter = |to: &Email| Letter {
        to: to.clone(),
        subject: subject.clone(),
        text: text.clone(),
        html: html.clone(),
        headers: headers.clone(),
        // Each address its own: Resend and some receivers drop the second mail with one id.
        message_id: format!("<{}.{}@{host}>", safe(&notice.key), tag(to)),
    };
    Ok(config.to.iter().map(letter).collect())
}

static TEMPLATES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
    templates.add_template("notice.txt", include_str!("../../templates/notice.txt"))?;
    templates.add_template("notice.html", include_str!("../../templates/notice.html"))?;
    Ok(templates)
});

fn render(name: &str, notice: &Notice) -> Result<String> {
    let wrong = |error: &minijinja::Error| Error::internal(format!("writing the mail template {name}: {error}"));
    let templates = TEMPLATES.as_ref().map_err(wrong)?;
    let template = templates.get_template(name).map_err(|error| wrong(&error))?;
    let color = format!("#{:06x}", notice.tone().color());
    template.render(context! { notice => Serde(notice), headline => notice.headline(), color }).map_err(|error| wrong(&error))
}

/// Tells recipients apart without naming them.
fn tag(to: &Email) -> String {
    kernel::ids::digest(to.as_str()).chars().take(8).collect()
}

/// What may stand in a message id.
fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '.' }).collect()
}

fn host(instance: &str) -> String {
    let host: String = instance.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).collect();
    if host.is_empty() { "hermetic.invalid".to_owned() } else { host }
}
