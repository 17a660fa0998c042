//! SMTP by lettre over sockets we dial ourselves, so that the guard sees the address and each step has its time.
//! A connection is kept for a short while, because a report to ten thousand subscribers is ten thousand mails in a row.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use kernel::Secret;
use kernel::time::{Stopwatch, describe_duration};
use lettre::Message as Mime;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{MailFailure, MailReceipt, Tls};
use crate::guard::Reach;
use crate::resolver::{LookupFailure, lookup_guarded};
use crate::{OutboundOptions, tls};

/// How long an idle connection is kept, and how many in all.
const IDLE: Duration = Duration::from_secs(15);
const MAX_IDLE: usize = 4;

pub struct Smtp {
    options: Arc<OutboundOptions>,
    tls: Arc<ClientConfig>,
    idle: Arc<Mutex<Vec<Idle>>>,
}

/// One operator's server.
pub struct Server<'a> {
    pub host: &'a str,
    pub port: u16,
    pub tls: Tls,
    pub username: &'a str,
    pub password: &'a Secret,
}

struct Idle {
    key: String,
    since: Stopwatch,
    connection: AsyncSmtpConnection,
}

impl Smtp {
    pub fn new(options: Arc<OutboundOptions>, tls: ClientConfig) -> Self {
        Self { options, tls: Arc::new(tls), idle: Arc::default() }
    }

    pub async fn send(&self, server: &Server<'_>, mail: &Mime) -> Result<MailReceipt, MailFailure> {
        let key = server.key();
        let mut connection = match self.reuse(&key).await {
            Some(connection) => connection,
            None => self.open(server).await?,
        };
        let bytes = mail.formatted();
        let limit = self.options.limits.mail_transfer;
        let response = match tokio::time::timeout(limit, connection.send(mail.envelope(), &bytes)).await {
            Ok(sent) => sent.map_err(|error| server.failed(&error))?,
            Err(_) => return Err(server.silent(limit)),
        };
        self.keep(key, connection);
        Ok(MailReceipt { code: Some(u16::from(response.code())), provider_id: None })
    }

    /// Connects, encrypts and signs in; each step has its own time.
    async fn open(&self, server: &Server<'_>) -> Result<AsyncSmtpConnection, MailFailure> {
        let (step, hello) = (self.options.limits.mail_step, ClientId::default());
        let stream = self.dial(server).await?;
        let stream: Box<dyn AsyncTokioStream> = match server.tls {
            Tls::Implicit => Box::new(self.encrypt(server, stream).await?),
            Tls::None | Tls::StartTls => Box::new(stream),
        };
        let mut connection = server.within(step, AsyncSmtpConnection::connect_with_transport(stream, &hello)).await?;
        if server.tls == Tls::StartTls {
            if !connection.can_starttls() {
                // Not permanent: somebody between us may have cut the offer out.
                return Err(MailFailure::passing(format!("{} offers no STARTTLS, so nothing was sent to it.", server.name())));
            }
            server.within(step, connection.starttls(self.starttls_parameters(server)?, &hello)).await?;
        }
        if !server.username.is_empty() {
            let credentials = Credentials::new(server.username.to_owned(), server.password.expose().to_owned());
            server.within(step, connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await?;
        }
        Ok(connection)
    }

    async fn dial(&self, server: &Server<'_>) -> Result<TcpStream, MailFailure> {
        let options = &self.options;
        let connect = async {
            let sockets = match server.host.trim_matches(['[', ']']).parse::<IpAddr>() {
                Ok(ip) => {
                    let socket = SocketAddr::new(ip, server.port);
                    options.guard.verdict(socket, Reach::Operator).map(|()| vec![socket]).map_err(LookupFailure::Blocked)
                }
                Err(_) => lookup_guarded(&options.resolver, &options.guard, (server.host, server.port), Reach::Operator).await,
            };
            let sockets = sockets.map_err(|failure| {
                let permanent = matches!(failure, LookupFailure::Blocked(_));
                MailFailure { permanent, ..MailFailure::passing(format!("{} may not or cannot be reached: {failure}.", server.name())) }
            })?;
            TcpStream::connect(sockets.as_slice()).await.map_err(|error| server.broken(&error))
        };
        let limit = options.limits.connect;
        tokio::time::timeout(limit, connect).await.unwrap_or_else(|_| Err(server.silent(limit)))
    }

    async fn encrypt(&self, server: &Server<'_>, stream: TcpStream) -> Result<TlsPipe, MailFailure> {
        let name = ServerName::try_from(server.host.trim_matches(['[', ']']).to_owned())
            .map_err(|_| MailFailure::permanent(format!("{} is not the name of a server.", server.host)))?;
        let limit = self.options.limits.mail_step;
        let handshake = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream);
        match tokio::time::timeout(limit, handshake).await {
            Ok(Ok(stream)) => Ok(TlsPipe(Box::new(stream))),
            Ok(Err(error)) => Err(MailFailure::passing(format!("{} has no trustworthy TLS: {error}.", server.name()))),
            Err(_) => Err(server.silent(limit)),
        }
    }

    fn starttls_parameters(&self, server: &Server<'_>) -> Result<TlsParameters, MailFailure> {
        let unusable = |error: String| MailFailure::permanent(format!("TLS for {} cannot be set up: {error}.", server.name()));
        let mut builder = TlsParameters::builder(server.host.trim_matches(['[', ']']).to_owned());
        for authority in tls::extra_authorities(self.options.extra_ca_pem.as_deref()).map_err(|error| unusable(error.chain()))? {
            builder = builder.add_root_certificate(Certificate::from_der(authority.to_vec()).map_err(|error| unusable(error.to_string()))?);
        }
        builder.build_rustls().map_err(|error| unusable(error.to_string()))
    }

    /// An open connection to this server that still answers.
    async fn reuse(&self, key: &str) -> Option<AsyncSmtpConnection> {
        let mut connection = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|kept| kept.since.elapsed() < IDLE);
            let position = idle.iter().position(|kept| kept.key == key)?;
            idle.swap_remove(position).connection
        };
        let answers = tokio::time::timeout(self.options.limits.connect, connection.test_connected()).await;
        matches!(answers, Ok(true)).then_some(connection)
    }

    fn keep(&self, key: String, connection: AsyncSmtpConnection) {
        if connection.has_broken() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(Idle { key, since: Stopwatch::start(), connection });
            // Closed on time even when no other mail comes along to notice.
            let shared = Arc::downgrade(&self.idle);
            tokio::spawn(async move {
                tokio::time::sleep(IDLE).await;
                if let Some(shared) = shared.upgrade() {
                    shared.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| kept.since.elapsed() < IDLE);
                }
            });
        }
    }
}

impl Server<'_> {
    fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Connections are shared only between mails that would open the very same one.
    fn key(&self) -> String {
        kernel::ids::digest(&format!("{}\n{}\n{:?}\n{}\n{}", self.host, self.port, self.tls, self.username, self.password.expose()))
    }

    async fn within<T>(&self, limit: Duration, step: impl Future<Output = Result<T, SmtpError>>) -> Result<T, MailFailure> {
        match tokio::time::timeout(limit, step).await {
            Ok(result) => result.map_err(|error| self.failed(&error)),
            Err(_) => Err(self.silent(limit)),
        }
    }

    /// 5yz and what the server can never do are permanent, everything else is worth another try.
    fn failed(&self, error: &SmtpError) -> MailFailure {
        let detail = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        let code = error.status().map(u16::from);
        let answered = code.map_or_else(String::new, |code| format!("answered {code}: "));
        let permanent = error.is_permanent() || error.is_client();
        MailFailure { permanent, retry_after: None, code, message: format!("{} {answered}{detail}", self.name()) }
    }

    fn broken(&self, error: &io::Error) -> MailFailure {
        MailFailure::passing(format!("{} cannot be reached: {error}.", self.name()))
    }

    fn silent(&self, limit: Duration) -> MailFailure {
        MailFailure::passing(format!("{} did not answer within {}.", self.name(), describe_duration(limit)))
    }
}

/// TLS from the first byte, in the shape lettre takes a stream.
struct TlsPipe(Box<TlsStream<TcpStream>>);

impl fmt::Debug for TlsPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsPipe")
    }
}

impl AsyncTokioStream for TlsPipe {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for TlsPipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TlsPipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
