use std::time::Duration;

use kernel::Secret;
use kernel::text::Email;
use outbound::{Limits, MailRoute, Mailbox, Message, Outbound, OutboundOptions, Tls};

use super::{BRIEF, SOON, options, outbound, url};
use crate::fakes::{Play, Resend, Smtp, SmtpOptions, SmtpPlay, SmtpStep, SmtpTls, Tcp, TlsPlay};

fn message() -> Message {
    Message {
        from: None,
        to: Email::parse("ada@example.com").unwrap(),
        subject: "[DOWN] api – HTTP 503 · Zürich 🚨".to_owned(),
        text: "It is down – since 12:00.\n.\n..two dots\n.one\n".to_owned(),
        html: Some("<p>It is <b>down</b> – <a href=\"https://status.example.com/r/7?a=1&amp;b=2\">more</a></p>".to_owned()),
        headers: [
            ("References", "<alert.7@hermetic.example>"),
            ("Auto-Submitted", "auto-generated"),
            ("List-Unsubscribe", "<https://status.example.com/unsubscribe/abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnop>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        message_id: "alert.7.open@hermetic.example".to_owned(),
    }
}

fn route(smtp: &Smtp, tls: Tls, login: (&str, &str)) -> MailRoute {
    MailRoute::Smtp {
        host: smtp.host(),
        port: smtp.port(),
        tls,
        username: login.0.to_owned(),
        password: Secret::new(login.1),
        from: Mailbox::parse("Ops <ops@example.com>").unwrap(),
    }
}

fn hasty() -> Outbound {
    let limits = Limits { mail_step: BRIEF, mail_transfer: BRIEF, ..Limits::HOUSE };
    Outbound::new(OutboundOptions { limits, ..options() }).unwrap()
}

fn with_login(tls: SmtpTls) -> Smtp {
    Smtp::start_with(SmtpOptions { tls, login: Some(("ops".to_owned(), "hunter2".to_owned())), max_size: None })
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let smtp = Smtp::start();
    let receipt = outbound().mail.send(&route(&smtp, Tls::None, ("", "")), &message()).await.unwrap();
    assert_eq!(receipt.code, Some(250));
    let mail = smtp.wait_for_mail("ada@example.com", SOON).await;
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("ops@example.com", ["ada@example.com".to_owned()].as_slice()));
    assert_eq!(mail.subject, message().subject);
    assert_eq!(mail.text.replace("\r\n", "\n").trim_end(), message().text.trim_end());
    assert_eq!(mail.html, message().html);
    assert_eq!(mail.header("message-id"), Some("<alert.7.open@hermetic.example>"));
    for (name, value) in message().headers {
        assert_eq!(mail.header(&name), Some(value.as_str()));
    }
    assert_eq!(mail.link("/r/"), Some("https://status.example.com/r/7?a=1&b=2".to_owned()));
    assert!(!mail.is_encrypted && mail.login.is_none());
}

#[tokio::test]
async fn each_way_of_encryption_ends_encrypted_and_signed_in() {
    for (server, client) in [(SmtpTls::StartTls(TlsPlay::Valid), Tls::StartTls), (SmtpTls::Implicit(TlsPlay::Valid), Tls::Implicit)] {
        let smtp = with_login(server);
        outbound().mail.send(&route(&smtp, client, ("ops", "hunter2")), &message()).await.unwrap();
        let mail = &smtp.mails()[0];
        assert!(mail.is_encrypted, "{client:?}");
        assert_eq!(mail.login.as_deref(), Some("ops"));
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_trusted_gets_neither_password_nor_mail() {
    let bad = [TlsPlay::Expired, TlsPlay::WrongName, TlsPlay::SelfSigned];
    let cases =
        bad.iter().flat_map(|play| [(SmtpTls::StartTls(play.clone()), Tls::StartTls), (SmtpTls::Implicit(play.clone()), Tls::Implicit)]);
    for (server, client) in cases {
        let smtp = with_login(server.clone());
        let failure = outbound().mail.send(&route(&smtp, client, ("ops", "hunter2")), &message()).await.unwrap_err();
        assert!(!failure.permanent, "a certificate is renewed one day: {server:?} {failure}");
        assert!(smtp.mails().is_empty());
    }
    let smtp = with_login(SmtpTls::None);
    let failure = outbound().mail.send(&route(&smtp, Tls::StartTls, ("ops", "hunter2")), &message()).await.unwrap_err();
    assert!(failure.message.contains("STARTTLS") && smtp.mails().is_empty(), "{failure}");
}

#[tokio::test]
async fn a_wrong_password_is_permanent() {
    let smtp = with_login(SmtpTls::None);
    let failure = outbound().mail.send(&route(&smtp, Tls::None, ("ops", "wrong")), &message()).await.unwrap_err();
    assert_eq!((failure.permanent, failure.code), (true, Some(535)), "{failure}");
    let failure = outbound().mail.send(&route(&smtp, Tls::None, ("", "")), &message()).await.unwrap_err();
    assert_eq!((failure.permanent, failure.code), (true, Some(530)), "{failure}");
}

#[tokio::test]
async fn replies_of_5yz_are_permanent_and_of_4yz_are_not() {
    let steps = [SmtpStep::Greeting, SmtpStep::Ehlo, SmtpStep::MailFrom, SmtpStep::RcptTo, SmtpStep::Data, SmtpStep::Body];
    for step in steps {
        for (code, permanent) in [(451, false), (421, false), (550, true), (554, true)] {
            let smtp = Smtp::start();
            smtp.queue([SmtpPlay::Reject(step, code, "no thanks, ada@example.com".to_owned())]);
            let failure = outbound().mail.send(&route(&smtp, Tls::None, ("", "")), &message()).await.unwrap_err();
            assert_eq!((failure.permanent, failure.code), (permanent, Some(code)), "{step:?}: {failure}");
            assert!(!failure.message.contains("ada@example.com"), "{failure}");
            assert!(smtp.mails().is_empty());
        }
    }
}

#[tokio::test]
async fn one_refused_recipient_does_not_spoil_the_next() {
    let smtp = Smtp::start();
    smtp.refuse("ada@example.com", 550, "5.1.1 unknown");
    let (mail, route) = (outbound().mail, route(&smtp, Tls::None, ("", "")));
    assert!(mail.send(&route, &message()).await.unwrap_err().permanent);
    mail.send(&route, &Message { to: Email::parse("bob@example.com").unwrap(), ..message() }).await.unwrap();
    assert_eq!(smtp.wait_for_mail("bob@example.com", SOON).await.to, ["bob@example.com"]);
}

#[tokio::test]
async fn silence_and_hang_ups_are_worth_another_try_at_every_step() {
    let steps = [SmtpStep::Greeting, SmtpStep::Ehlo, SmtpStep::MailFrom, SmtpStep::RcptTo, SmtpStep::Data, SmtpStep::Body];
    for step in steps {
        for play in [SmtpPlay::HangAt(step), SmtpPlay::CloseAt(step)] {
            let smtp = Smtp::start();
            smtp.queue([play.clone()]);
            let failure = hasty().mail.send(&route(&smtp, Tls::None, ("", "")), &message()).await.expect_err("no answer");
            assert!(!failure.permanent && failure.code.is_none(), "{play:?}: {failure}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_worth_another_try() {
    let mut gone = route(&Smtp::start(), Tls::None, ("", ""));
    let (closed, hole) = (Tcp::refused(), Tcp::black_hole());
    for dead in [closed.port(), hole.port()] {
        if let MailRoute::Smtp { port, .. } = &mut gone {
            *port = dead;
        }
        let limits = Limits { connect: BRIEF, ..Limits::HOUSE };
        let mail = Outbound::new(OutboundOptions { limits, ..options() }).unwrap().mail;
        let failure = mail.send(&gone, &message()).await.unwrap_err();
        assert!(!failure.permanent, "{failure}");
    }
}

#[tokio::test]
async fn mails_in_a_row_share_a_connection_and_survive_its_end() {
    let smtp = with_login(SmtpTls::StartTls(TlsPlay::Valid));
    let (mail, good) = (outbound().mail, route(&smtp, Tls::StartTls, ("ops", "hunter2")));
    for _ in 0..3 {
        mail.send(&good, &message()).await.unwrap();
    }
    assert_eq!((smtp.connections(), smtp.mails().len()), (1, 3));
    assert!(mail.send(&route(&smtp, Tls::StartTls, ("ops", "wrong")), &message()).await.is_err(), "another sign-in is another connection");
    assert_eq!(smtp.connections(), 2);
    smtp.close();
    smtp.open();
    mail.send(&good, &message()).await.unwrap();
    assert_eq!(smtp.mails().len(), 4);
}

#[tokio::test]
async fn a_mail_above_the_servers_size_is_permanent() {
    let smtp = Smtp::start_with(SmtpOptions { max_size: Some(200), ..SmtpOptions::default() });
    let failure = outbound().mail.send(&route(&smtp, Tls::None, ("", "")), &message()).await.unwrap_err();
    assert_eq!((failure.permanent, failure.code), (true, Some(552)), "{failure}");
}

fn resend_route(resend: &Resend, key: &str) -> MailRoute {
    MailRoute::Resend { api_base: url(&resend.api_base()), key: Secret::new(key), from: Mailbox::parse("Ops <ops@example.com>").unwrap() }
}

#[tokio::test]
async fn resend_takes_a_mail_once_however_often_it_is_tried() {
    let resend = Resend::start();
    let (mail, route) = (outbound().mail, resend_route(&resend, resend.key()));
    let first = mail.send(&route, &message()).await.unwrap();
    let second = mail.send(&route, &message()).await.unwrap();
    assert!(first.provider_id.is_some() && first == second);
    let taken = &resend.wait_for_messages(1, SOON).await;
    assert_eq!((taken.len(), resend.requests().len()), (1, 2));
    let sent = &taken[0];
    assert_eq!((sent["from"].as_str(), sent["to"][0].as_str()), (Some("Ops <ops@example.com>"), Some("ada@example.com")));
    assert_eq!(sent["headers"]["Message-ID"], "<alert.7.open@hermetic.example>");
    assert_eq!(sent["headers"]["Auto-Submitted"], "auto-generated");
    let other = mail.send(&route, &Message { text: "other".to_owned(), ..message() }).await.unwrap_err();
    assert_eq!((other.permanent, other.code), (true, Some(409)), "{other}");
}

#[tokio::test]
async fn resends_refusals_are_permanent_and_its_troubles_are_not() {
    let resend = Resend::start();
    let mail = outbound().mail;
    let good = resend_route(&resend, resend.key());
    resend.rate_limit(1, 7);
    let limited = mail.send(&good, &message()).await.unwrap_err();
    assert_eq!((limited.permanent, limited.code, limited.retry_after), (false, Some(429), Some(Duration::from_secs(7))));
    resend.queue([Play::code(500), Play::Reset]);
    assert!(!mail.send(&good, &message()).await.unwrap_err().permanent);
    assert!(!mail.send(&good, &message()).await.unwrap_err().permanent);
    let wrong = mail.send(&resend_route(&resend, "re_wrong"), &message()).await.unwrap_err();
    assert_eq!((wrong.permanent, wrong.code), (true, Some(403)), "{wrong}");
    assert!(!wrong.message.contains("re_wrong"));
    let empty = Message { text: String::new(), html: None, message_id: "x@y".to_owned(), ..message() };
    let refused = mail.send(&good, &empty).await.unwrap_err();
    assert_eq!((refused.permanent, refused.code), (true, Some(422)), "{refused}");
}
