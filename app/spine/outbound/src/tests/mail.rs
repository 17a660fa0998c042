use kernel::text::Email;
use kernel::{Kind, Secret};
use proptest::prelude::*;

use super::{NOW, outbound, url};
use crate::mail::compose::{check, rfc5322};
use crate::{MailRoute, Mailbox, Message, Tls};

fn message() -> Message {
    Message {
        from: None,
        to: Email::parse("ada@example.com").unwrap(),
        subject: "[DOWN] api – HTTP 503".to_owned(),
        text: "It is down.\n.\n..dots".to_owned(),
        html: None,
        headers: Vec::new(),
        message_id: "alert.7@hermetic.example".to_owned(),
    }
}

fn from() -> Mailbox {
    Mailbox::parse("Ops Team <ops@example.com>").unwrap()
}

fn written(message: &Message) -> String {
    String::from_utf8(rfc5322(message, &from(), NOW).unwrap().formatted()).unwrap()
}

#[test]
fn a_mail_says_who_when_and_under_which_id() {
    let mail = written(&message());
    for line in [
        "From: \"Ops Team\" <ops@example.com>\r\n",
        "To: ada@example.com\r\n",
        "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n",
        "Message-ID: <alert.7@hermetic.example>\r\n",
        "MIME-Version: 1.0\r\n",
    ] {
        assert!(mail.contains(line), "{line} is missing in\n{mail}");
    }
    assert!(mail.is_ascii(), "a subject in UTF-8 travels encoded");
    assert!(mail.contains("Subject: [DOWN] api =?utf-8?"), "{mail}");
}

#[test]
fn callers_headers_travel_whole() {
    let link = format!("<https://status.example.com/unsubscribe/{}>", "t".repeat(120));
    let headers = [
        ("References", "<alert.6@hermetic.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("List-Unsubscribe", link.as_str()),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let mail = written(&Message { headers: headers.clone(), ..message() }).replace("\r\n ", " ");
    for (name, value) in headers {
        assert!(mail.contains(&format!("{name}: {value}\r\n")) || mail.contains(&format!("{name}:  {value}\r\n")), "{name} in\n{mail}");
    }
}

#[test]
fn text_and_html_are_alternatives() {
    let mail = written(&Message { html: Some("<p>It is down.</p>".to_owned()), ..message() });
    assert!(mail.contains("Content-Type: multipart/alternative"), "{mail}");
    let (text, html) = (mail.find("text/plain").unwrap(), mail.find("text/html").unwrap());
    assert!(text < html, "the richest part comes last");
}

#[test]
fn a_host_with_umlauts_travels_as_punycode() {
    let mail = written(&Message { to: Email::parse("ada@bücher.example").unwrap(), ..message() });
    assert!(mail.contains("To: ada@xn--bcher-kva.example\r\n"), "{mail}");
}

#[test]
fn header_injection_is_refused_in_every_field() {
    let with_header = |name: &str, value: &str| Message { headers: vec![(name.to_owned(), value.to_owned())], ..message() };
    let bad = [
        Message { subject: "a\r\nBcc: x@example.com".to_owned(), ..message() },
        Message { subject: "a\nb".to_owned(), ..message() },
        Message { message_id: "a@b>\r\nBcc: x@example.com".to_owned(), ..message() },
        Message { message_id: "<>".to_owned(), ..message() },
        with_header("X-Note", "a\r\nBcc: x@example.com"),
        with_header("X-Note: a\r\nBcc", "x@example.com"),
        with_header("X Note", "a"),
        with_header("", "a"),
        with_header("Bcc", "x@example.com"),
        with_header("FROM", "x@example.com"),
        with_header("Message-Id", "<x@example.com>"),
    ];
    for message in bad {
        let failure = check(&message).expect_err(&format!("{:?} {:?}", message.subject, message.headers));
        assert!(failure.permanent && failure.code.is_none());
        assert!(!failure.message.contains("x@example.com"), "{failure}");
    }
    assert!(check(&message()).is_ok());
}

#[test]
fn mailboxes_are_read_and_written() {
    let written = |text: &str| Mailbox::parse(text).unwrap().to_string();
    assert_eq!(written("ops@example.com"), "ops@example.com");
    assert_eq!(written(" Ops Team <ops@example.com> "), "Ops Team <ops@example.com>");
    assert_eq!(written("\"Acme, Inc.\" <ops@example.com>"), "\"Acme, Inc.\" <ops@example.com>");
    for bad in ["", "Ops", "Ops <ops>", "Ops\r\nBcc: x@y.z <ops@example.com>", "a <b@c.d> <e@f.g>"] {
        assert_eq!(Mailbox::parse(bad).unwrap_err().kind, Kind::Invalid, "{bad:?}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let route = MailRoute::Smtp {
        host: "mail.example.com".to_owned(),
        port: 587,
        tls: Tls::StartTls,
        username: "ops".to_owned(),
        password: Secret::new("hunter2"),
        from: from(),
    };
    assert!(!format!("{route:?}").contains("hunter2"));
    assert_eq!(format!("{:?}", message()), "Message <alert.7@hermetic.example>");
}

#[tokio::test]
async fn an_smtp_server_on_a_metadata_address_is_never_dialled() {
    let route = MailRoute::Smtp {
        host: "169.254.169.254".to_owned(),
        port: 25,
        tls: Tls::None,
        username: String::new(),
        password: Secret::default(),
        from: from(),
    };
    let failure = outbound().mail.send(&route, &message()).await.unwrap_err();
    assert!(failure.permanent, "{failure}");
    let route = MailRoute::Resend { api_base: url("http://169.254.169.254"), key: Secret::new("k"), from: from() };
    assert!(outbound().mail.send(&route, &message()).await.unwrap_err().permanent);
}

proptest! {
    #[test]
    fn no_field_can_start_a_line_of_its_own(subject in any::<String>(), value in any::<String>(), text in any::<String>()) {
        let message = Message { subject, text, headers: vec![("X-Note".to_owned(), value)], ..message() };
        if check(&message).is_ok() {
            let mail = written(&message);
            let head = mail.split("\r\n\r\n").next().unwrap();
            let names: Vec<_> = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).map(|line| line.split(':').next().unwrap()).collect();
            let known = ["From", "To", "Subject", "Date", "Message-ID", "X-Note", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"];
            prop_assert!(names.iter().all(|name| known.contains(name)), "{:?}", names);
        }
    }
}
