//! A [`Message`] as RFC 5322 wants it: UTF-8 subject, text and HTML as alternatives, the caller's headers, no injection.

use std::time::{Duration, UNIX_EPOCH};

use kernel::Time;
use kernel::text::Email;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use lettre::{Address, Message as Mime};
use url::Host;

use super::{MailFailure, Mailbox, Message};

/// Written from the message's own fields, so a caller's header of the same name would be a second one.
const OWN_HEADERS: [&str; 12] = [
    "from",
    "to",
    "cc",
    "bcc",
    "sender",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "return-path",
];

/// Refuses what would break out of a header line; says which one.
pub fn check(message: &Message) -> Result<(), MailFailure> {
    let refused = |what: &str| {
        Err(MailFailure::permanent(format!("The mail cannot be sent: {what} holds a line break or another control character.")))
    };
    let breaks = |text: &str| text.chars().any(char::is_control);
    if breaks(&message.subject) {
        return refused("its subject");
    }
    let id = bare_id(&message.message_id);
    if id.is_empty() || breaks(id) || id.contains(['<', '>', ' ']) {
        return Err(MailFailure::permanent("The mail cannot be sent: its id is not of the form something@host."));
    }
    for (name, value) in &message.headers {
        let is_token = |c: char| c.is_ascii_graphic() && c != ':';
        if name.is_empty() || name.len() > 76 || !name.chars().all(is_token) {
            return Err(MailFailure::permanent(format!("The mail cannot be sent: {name:?} is not the name of a header.")));
        }
        if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(MailFailure::permanent(format!("The mail cannot be sent: the header {name} has a field of its own.")));
        }
        if breaks(value) {
            return refused(&format!("its header {name}"));
        }
    }
    Ok(())
}

/// The id without angle brackets.
pub fn bare_id(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// The mail as it goes over SMTP.
pub fn rfc5322(message: &Message, from: &Mailbox, now: Time) -> Result<Mime, MailFailure> {
    let date = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
    let mut builder = Mime::builder()
        .from(lettre::message::Mailbox::new(from.name.clone(), address(&from.email)?))
        .to(lettre::message::Mailbox::new(None, address(&message.to)?))
        .subject(&message.subject)
        .date(date)
        .message_id(Some(format!("<{}>", bare_id(&message.message_id))));
    for (name, value) in &message.headers {
        let name = HeaderName::new_from_ascii(name.clone()).map_err(|error| MailFailure::permanent(error.to_string()))?;
        builder = builder.raw_header(HeaderValue::new(name, value.clone()));
    }
    let built = match &message.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(message.text.clone(), html.clone())),
        None => builder.singlepart(SinglePart::plain(message.text.clone())),
    };
    built.map_err(|error| MailFailure::permanent(format!("The mail cannot be composed: {error}.")))
}

/// The address as the wire takes it: a host with umlauts travels as punycode, which every server understands.
fn address(email: &Email) -> Result<Address, MailFailure> {
    let (local, domain) = email.as_str().rsplit_once('@').unwrap_or((email.as_str(), ""));
    let domain = match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => ascii,
        _ => domain.to_owned(),
    };
    Address::new(local, domain).map_err(|_| MailFailure::permanent("The mail cannot be sent: an address in it is not one."))
}
