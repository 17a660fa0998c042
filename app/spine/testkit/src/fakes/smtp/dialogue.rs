//! The server's side of RFC 5321, with AUTH (RFC 4954), STARTTLS (RFC 3207), SIZE, 8BITMIME, SMTPUTF8 and pipelining.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::{Envelope, Mail, SmtpPlay, SmtpStep, SmtpTls, State};
use crate::fakes::tcp::drain;

/// How far the connection is when the dialogue begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Plain,
    /// The greeting was said before the handshake.
    AfterStartTls,
    Encrypted,
}

pub enum Ended<S> {
    Closed,
    /// The client said STARTTLS and was told to go ahead.
    WantsTls(S),
}

/// What to do after a command.
enum Next {
    Continue,
    Close,
    Hang,
    StartTls,
}

struct Dialogue<'a, S> {
    stream: BufReader<S>,
    state: &'a State,
    is_encrypted: bool,
    login: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

pub async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: S, state: &State, stage: Stage) -> Ended<S> {
    let is_encrypted = stage != Stage::Plain;
    let mut dialogue = Dialogue { stream: BufReader::new(stream), state, is_encrypted, login: None, from: None, to: Vec::new() };
    let mut next = if stage == Stage::AfterStartTls { Next::Continue } else { dialogue.step(SmtpStep::Greeting, "220 fake ESMTP").await };
    loop {
        match next {
            Next::Continue => {}
            Next::Close => return Ended::Closed,
            Next::Hang => {
                drain(&mut dialogue.stream).await;
                return Ended::Closed;
            }
            Next::StartTls => return Ended::WantsTls(dialogue.stream.into_inner()),
        }
        let Some(line) = dialogue.read_line().await else { return Ended::Closed };
        next = dialogue.command(&String::from_utf8_lossy(&line)).await;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<'_, S> {
    async fn command(&mut self, line: &str) -> Next {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.step(SmtpStep::Ehlo, &self.extensions()).await,
            "HELO" => self.step(SmtpStep::Ehlo, "250 fake").await,
            "STARTTLS" => self.starttls().await,
            "AUTH" => self.auth(rest).await,
            "MAIL" => self.mail(rest).await,
            "RCPT" => self.rcpt(rest).await,
            "DATA" => self.data().await,
            "RSET" => {
                self.forget();
                self.say("250 2.0.0 forgotten").await
            }
            "NOOP" => self.say("250 2.0.0 fine").await,
            "QUIT" => {
                self.say("221 2.0.0 bye").await;
                Next::Close
            }
            _ => self.say("502 5.5.2 I do not know this command").await,
        }
    }

    fn extensions(&self) -> String {
        let mut lines = vec!["fake".to_owned(), "PIPELINING".to_owned(), "8BITMIME".to_owned(), "SMTPUTF8".to_owned()];
        if let Some(size) = self.state.options.max_size {
            lines.push(format!("SIZE {size}"));
        }
        if matches!(self.state.options.tls, SmtpTls::StartTls(_)) && !self.is_encrypted {
            lines.push("STARTTLS".to_owned());
        }
        if self.state.options.login.is_some() {
            lines.push("AUTH PLAIN LOGIN".to_owned());
        }
        let last = lines.len() - 1;
        let answer: Vec<_> =
            lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", if at == last { ' ' } else { '-' })).collect();
        answer.join("\r\n")
    }

    async fn starttls(&mut self) -> Next {
        if !matches!(self.state.options.tls, SmtpTls::StartTls(_)) || self.is_encrypted {
            return self.say("502 5.5.1 STARTTLS is not offered").await;
        }
        match self.state.play_at(SmtpStep::StartTls) {
            Some(play) => self.play(play).await,
            None => match self.say("220 2.0.0 go ahead").await {
                Next::Continue => Next::StartTls,
                next => next,
            },
        }
    }

    async fn auth(&mut self, rest: &str) -> Next {
        let Some((user, password)) = self.state.options.login.clone() else { return self.say("502 5.5.1 AUTH is not offered").await };
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let response = if initial.is_empty() { self.ask("").await } else { Some(initial.to_owned()) };
                response.and_then(|text| decode(&text)).and_then(|text| {
                    let mut parts = text.split('\0').skip(1).map(str::to_owned);
                    Some((parts.next()?, parts.next()?))
                })
            }
            "LOGIN" => {
                let name = if initial.is_empty() { self.ask("VXNlcm5hbWU6").await } else { Some(initial.to_owned()) };
                let secret = self.ask("UGFzc3dvcmQ6").await;
                name.and_then(|text| decode(&text)).zip(secret.and_then(|text| decode(&text)))
            }
            _ => return self.say("504 5.5.4 I do not know this mechanism").await,
        };
        if given != Some((user.clone(), password)) {
            return self.say("535 5.7.8 user name or password are wrong").await;
        }
        if let Some(play) = self.state.play_at(SmtpStep::Auth) {
            return self.play(play).await;
        }
        self.login = Some(user);
        self.say("235 2.7.0 welcome").await
    }

    async fn mail(&mut self, rest: &str) -> Next {
        if self.state.options.login.is_some() && self.login.is_none() {
            return self.say("530 5.7.0 sign in first").await;
        }
        let Some((from, parameters)) = path(rest, "FROM:") else { return self.say("501 5.5.4 MAIL FROM:<address>").await };
        let announced = parameters.split(' ').find_map(|word| word.strip_prefix("SIZE=")).and_then(|size| size.parse::<usize>().ok());
        if announced.zip(self.state.options.max_size).is_some_and(|(announced, max)| announced > max) {
            return self.say("552 5.3.4 too big").await;
        }
        if let Some(play) = self.state.play_at(SmtpStep::MailFrom) {
            return self.play(play).await;
        }
        self.forget();
        self.from = Some(from);
        self.say("250 2.1.0 fine").await
    }

    async fn rcpt(&mut self, rest: &str) -> Next {
        if self.from.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        let Some((to, _)) = path(rest, "TO:") else { return self.say("501 5.5.4 RCPT TO:<address>").await };
        let refused = self.state.refused.lock().unwrap().get(&to.to_lowercase()).cloned();
        if let Some((code, text)) = refused {
            return self.say(&format!("{code} {text}")).await;
        }
        if let Some(play) = self.state.play_at(SmtpStep::RcptTo) {
            return self.play(play).await;
        }
        self.to.push(to);
        self.say("250 2.1.5 fine").await
    }

    async fn data(&mut self) -> Next {
        if self.to.is_empty() {
            return self.say("503 5.5.1 RCPT first").await;
        }
        if let Some(play) = self.state.play_at(SmtpStep::Data) {
            return self.play(play).await;
        }
        self.say("354 go on, end with a dot").await;
        let Some(raw) = self.read_body().await else { return Next::Close };
        if self.state.options.max_size.is_some_and(|max| raw.len() > max) {
            self.forget();
            return self.say("552 5.3.4 too big").await;
        }
        if let Some(play) = self.state.play_at(SmtpStep::Body) {
            self.forget();
            return self.play(play).await;
        }
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        let envelope = Envelope { from, to, is_encrypted: self.is_encrypted, login: self.login.clone() };
        self.state.log.push(Mail::parse(envelope, raw));
        self.say("250 2.0.0 taken").await
    }

    /// Lines up to the lonely dot, with leading dots taken off.
    async fn read_body(&mut self) -> Option<Vec<u8>> {
        let mut raw = Vec::new();
        loop {
            let line = self.read_line().await?;
            if line == b"." {
                return Some(raw);
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            raw.extend_from_slice(b"\r\n");
        }
    }

    async fn ask(&mut self, challenge: &str) -> Option<String> {
        self.say(&format!("334 {challenge}")).await;
        self.read_line().await.map(|line| String::from_utf8_lossy(&line).into_owned())
    }

    /// The usual answer, unless something else is to happen at this step.
    async fn step(&mut self, step: SmtpStep, usual: &str) -> Next {
        match self.state.play_at(step) {
            None => self.say(usual).await,
            Some(play) => self.play(play).await,
        }
    }

    async fn play(&mut self, play: SmtpPlay) -> Next {
        match play {
            SmtpPlay::Reject(step, code, text) => {
                self.say(&format!("{code} {text}")).await;
                // A server that says 421, or nothing good in its greeting, hangs up.
                if code == 421 || step == SmtpStep::Greeting { Next::Close } else { Next::Continue }
            }
            SmtpPlay::HangAt(_) => Next::Hang,
            SmtpPlay::CloseAt(_) | SmtpPlay::Accept => Next::Close,
        }
    }

    async fn say(&mut self, answer: &str) -> Next {
        let sent = self.stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        match (sent, self.stream.flush().await) {
            (Ok(()), Ok(())) => Next::Continue,
            _ => Next::Close,
        }
    }

    async fn read_line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        while matches!(line.last(), Some(b'\r' | b'\n')) {
            line.pop();
        }
        Some(line)
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }
}

/// `FROM:<address> PARAMETERS`.
fn path(rest: &str, word: &str) -> Option<(String, String)> {
    let (head, tail) = rest.split_at_checked(word.len())?;
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    let (address, parameters) = tail.trim_start().strip_prefix('<')?.split_once('>')?;
    Some((address.to_owned(), parameters.trim().to_owned()))
}

fn decode(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()
}
