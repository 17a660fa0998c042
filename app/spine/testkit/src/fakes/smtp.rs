//! A mail server that accepts for everybody and keeps what it gets as parsed [`Mail`]. It can ask for a sign-in, speak TLS from the
//! first byte or after STARTTLS, refuse at any [`SmtpStep`], fall silent there, or hang up.

mod dialogue;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mail_parser::MessageParser;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::certificates::{TlsPlay, server_config};
use super::log::Log;
use super::runtime::{self, Task};
use super::tcp::{drain, wait_until_refused};
use dialogue::{Ended, converse};

/// How the server is set up, once.
#[derive(Debug, Clone, Default)]
pub struct SmtpOptions {
    pub tls: SmtpTls,
    /// User name and password that must be given before a mail is taken.
    pub login: Option<(String, String)>,
    /// Announced by `SIZE` and kept to.
    pub max_size: Option<usize>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SmtpTls {
    #[default]
    None,
    StartTls(TlsPlay),
    Implicit(TlsPlay),
}

/// Where in the dialogue something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpStep {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    MailFrom,
    RcptTo,
    Data,
    /// After the final dot.
    Body,
}

/// What the server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmtpPlay {
    Accept,
    /// Answers this code and text at the step instead of going on.
    Reject(SmtpStep, u16, String),
    /// Says nothing more from this step on.
    HangAt(SmtpStep),
    /// Hangs up at this step without a word.
    CloseAt(SmtpStep),
}

/// A mail as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The envelope: `MAIL FROM` and every `RCPT TO`.
    pub from: String,
    pub to: Vec<String>,
    /// Decoded.
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    /// As written, unfolded, in order.
    pub headers: Vec<(String, String)>,
    pub raw: Vec<u8>,
    /// Whether the connection was encrypted when it came.
    pub is_encrypted: bool,
    /// Who signed in.
    pub login: Option<String>,
}

impl Mail {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The first link in the text or HTML that contains `part`.
    pub fn link(&self, part: &str) -> Option<String> {
        let html = self.html.as_deref().unwrap_or_default().replace("&amp;", "&");
        let ends = |c: char| c.is_whitespace() || "\"'<>".contains(c);
        let words = self.text.split(ends).chain(html.split(ends));
        words.filter(|word| word.starts_with("http")).find(|word| word.contains(part)).map(str::to_owned)
    }

    fn parse(envelope: Envelope, raw: Vec<u8>) -> Self {
        let parsed = MessageParser::default().parse(&raw);
        let unfold = |value: &str| value.trim().replace("\r\n", "");
        let headers = parsed.as_ref().map(|mail| mail.headers_raw().map(|(name, value)| (name.to_owned(), unfold(value))).collect());
        let subject = parsed.as_ref().and_then(|mail| mail.subject()).unwrap_or_default().to_owned();
        let text = parsed.as_ref().and_then(|mail| mail.body_text(0)).unwrap_or_default().into_owned();
        let has_html = parsed.as_ref().is_some_and(|mail| mail.html_bodies().any(|part| part.is_text_html()));
        let html = if has_html { parsed.as_ref().and_then(|mail| mail.body_html(0)).map(|html| html.into_owned()) } else { None };
        let Envelope { from, to, is_encrypted, login } = envelope;
        Self { from, to, subject, text, html, headers: headers.unwrap_or_default(), raw, is_encrypted, login }
    }
}

struct Envelope {
    from: String,
    to: Vec<String>,
    is_encrypted: bool,
    login: Option<String>,
}

/// Closed when dropped, with all its connections.
pub struct Smtp {
    address: SocketAddr,
    state: Arc<State>,
    task: Mutex<Option<Task>>,
}

struct State {
    options: SmtpOptions,
    config: Option<Arc<ServerConfig>>,
    play: Mutex<SmtpPlay>,
    queue: Mutex<VecDeque<SmtpPlay>>,
    refused: Mutex<HashMap<String, (u16, String)>>,
    log: Log<Mail>,
    connections: AtomicUsize,
}

impl Smtp {
    /// No TLS, no sign-in, takes everything.
    pub fn start() -> Self {
        Self::start_with(SmtpOptions::default())
    }

    pub fn start_with(options: SmtpOptions) -> Self {
        let listener = runtime::listen(runtime::loopback());
        let address = listener.local_addr().expect("a listener has an address");
        let config = match &options.tls {
            SmtpTls::None => None,
            SmtpTls::StartTls(play) | SmtpTls::Implicit(play) => server_config(play, &[]),
        };
        let state = State {
            options,
            config,
            play: Mutex::new(SmtpPlay::Accept),
            queue: Mutex::default(),
            refused: Mutex::default(),
            log: Log::new(),
            connections: AtomicUsize::new(0),
        };
        let smtp = Self { address, state: Arc::new(state), task: Mutex::new(None) };
        smtp.serve(listener);
        smtp
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `localhost` where a certificate has to fit, the address otherwise.
    pub fn host(&self) -> String {
        if self.state.options.tls == SmtpTls::None { self.address.ip().to_string() } else { "localhost".to_owned() }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on.
    pub fn set(&self, play: SmtpPlay) {
        *self.state.play.lock().unwrap() = play;
    }

    /// Each happens once, at its step, in this order; then what was set.
    pub fn queue(&self, plays: impl IntoIterator<Item = SmtpPlay>) {
        self.state.queue.lock().unwrap().extend(plays);
    }

    /// Refuses this recipient from now on.
    pub fn refuse(&self, address: &str, code: u16, text: &str) {
        self.state.refused.lock().unwrap().insert(address.to_lowercase(), (code, text.to_owned()));
    }

    /// What was taken, as a log to wait on.
    pub fn log(&self) -> &Log<Mail> {
        &self.state.log
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.state.log.all()
    }

    pub async fn wait_for(&self, n: usize, timeout: Duration) -> Vec<Mail> {
        self.state.log.wait_for(n, timeout).await
    }

    /// The first mail to this address.
    pub async fn wait_for_mail(&self, to: &str, timeout: Duration) -> Mail {
        self.state.log.wait_until(timeout, |mail| mail.to.iter().any(|address| address.eq_ignore_ascii_case(to))).await
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Refuses connections from now on, and drops those that are open.
    pub fn close(&self) {
        *self.task.lock().unwrap() = None;
        wait_until_refused(self.address);
    }

    /// Listens again on the same port.
    pub fn open(&self) {
        self.serve(runtime::listen(self.address));
    }

    fn serve(&self, listener: TcpListener) {
        *self.task.lock().unwrap() = Some(Task::spawn(accept(listener, Arc::clone(&self.state))));
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Smtp on {}", self.address)
    }
}

impl State {
    /// What happens at this step: something queued for it, or what was set for it, or nothing special.
    fn play_at(&self, step: SmtpStep) -> Option<SmtpPlay> {
        let concerns = |play: &SmtpPlay| match play {
            SmtpPlay::Accept => false,
            SmtpPlay::Reject(at, ..) | SmtpPlay::HangAt(at) | SmtpPlay::CloseAt(at) => *at == step,
        };
        let mut queue = self.queue.lock().unwrap();
        if queue.front().is_some_and(concerns) {
            return queue.pop_front();
        }
        if !queue.is_empty() {
            return None;
        }
        let play = self.play.lock().unwrap().clone();
        concerns(&play).then_some(play)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::SeqCst);
        connections.spawn(greet(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn greet(mut stream: TcpStream, state: Arc<State>) {
    if !matches!(state.options.tls, SmtpTls::Implicit(_)) {
        if let Ended::WantsTls(stream) = converse(stream, &state, dialogue::Stage::Plain).await {
            upgrade(stream, &state, dialogue::Stage::AfterStartTls).await;
        }
    } else if state.config.is_some() {
        upgrade(stream, &state, dialogue::Stage::Encrypted).await;
    } else {
        drain(&mut stream).await;
    }
}

async fn upgrade(mut stream: TcpStream, state: &State, stage: dialogue::Stage) {
    let Some(config) = state.config.clone() else { return drain(&mut stream).await };
    if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
        converse(stream, state, stage).await;
    }
}
