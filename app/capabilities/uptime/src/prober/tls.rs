//! TLS with a verifier that keeps what it was shown: a refused certificate can still be described. Fresh handshakes only.
//!
//! Nouns: [`Trust`], [`Handshake`] (what is wanted of one), `Recorder`.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::{Error, Time};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Found, Part, Prober, Trace, Word, dial};
use crate::model::check::{Certificate, Reason};
use crate::model::watch::TlsWatch;

/// Whom we trust: the system's authorities, Mozilla's, and the ones given.
pub struct Trust {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    verifier: Arc<WebPkiServerVerifier>,
    base: ClientConfig,
    /// Verifiers of monitors with authorities of their own, by their PEM text.
    own: Mutex<HashMap<String, Arc<WebPkiServerVerifier>>>,
}

/// What is wanted of a handshake.
#[derive(Debug, Clone, Copy)]
pub struct Handshake<'a> {
    pub server_name: &'a str,
    pub extra_ca_pem: &'a str,
    pub ignore_certificate: bool,
    pub offer_h2: bool,
    pub is_http: bool,
}

impl Trust {
    pub fn new(extra_ca_pem: &str) -> kernel::Result<Self> {
        let failed = |error: rustls::Error| Error::internal("setting up TLS for checks").because(error);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(pem_certificates(extra_ca_pem));
        let roots = Arc::new(roots);
        let verifier = verifier(&roots, &provider)?;
        let mut base = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_webpki_verifier(verifier.clone())
            .with_no_client_auth();
        // Each check proves the whole way: nothing is resumed.
        base.resumption = rustls::client::Resumption::disabled();
        Ok(Self { provider, roots, verifier, base, own: Mutex::new(HashMap::new()) })
    }

    /// Shakes hands within the time that is left; the certificate is kept in the trace, good or bad.
    pub async fn handshake(&self, stream: TcpStream, wanted: Handshake<'_>, trace: &mut Trace) -> Result<TlsStream<TcpStream>, Word> {
        let server_name = ServerName::try_from(wanted.server_name.to_owned())
            .map_err(|_| Word::new(Reason::TlsHandshake, "The server name is not a name that TLS can ask for."))?;
        let recorder = Arc::new(Recorder {
            inner: self.verifier_for(wanted.extra_ca_pem)?,
            ignore: wanted.ignore_certificate,
            shown: Mutex::new(None),
        });
        let mut config = self.base.clone();
        config.dangerous().set_certificate_verifier(recorder.clone());
        if wanted.is_http {
            config.alpn_protocols = if wanted.offer_h2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
        }
        let connector = TlsConnector::from(Arc::new(config));
        let done = trace
            .phase(Part::Tls, Reason::TlsTimeout, async {
                connector.connect(server_name, stream).await.map_err(|error| handshake_failure(&error))
            })
            .await;
        let shown = recorder.shown.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((der, verdict)) = shown {
            trace.seen.certificate = describe(&der, verdict.as_ref().err());
        }
        done
    }

    fn verifier_for(&self, pem: &str) -> Result<Arc<WebPkiServerVerifier>, Word> {
        if pem.trim().is_empty() {
            return Ok(self.verifier.clone());
        }
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = own.get(pem) {
            return Ok(found.clone());
        }
        let mut roots = RootCertStore::clone(&self.roots);
        roots.add_parsable_certificates(pem_certificates(pem));
        let made = verifier(&Arc::new(roots), &self.provider).map_err(|error| Word::new(Reason::TlsHandshake, error.message()))?;
        own.insert(pem.to_owned(), made.clone());
        Ok(made)
    }
}

/// The TLS kind: a handshake, then the days that are left.
pub async fn probe(prober: &Prober, watch: &TlsWatch, trace: &mut Trace, now: Time) -> Found {
    let stream = dial::connect(prober, &watch.host, watch.port, watch.ip, trace).await?;
    let server_name = if watch.server_name.is_empty() { &watch.host } else { &watch.server_name };
    let wanted = Handshake { server_name, extra_ca_pem: &watch.extra_ca_pem, ignore_certificate: false, offer_h2: false, is_http: false };
    prober.tls.handshake(stream, wanted, trace).await?;
    let Some(certificate) = &trace.seen.certificate else {
        return Err(Word::new(Reason::TlsHandshake, "The server showed no certificate that can be read."));
    };
    let left = certificate.days_left(now);
    let word = || Word::new(Reason::AssertionCert, format!("The certificate ends in {left} days, on {}.", certificate.not_after));
    if left < i64::from(watch.fail_days) {
        return Err(word());
    }
    Ok((left < i64::from(watch.warn_days)).then(word))
}

pub fn pem_certificates(pem: &str) -> impl Iterator<Item = CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok).collect::<Vec<_>>().into_iter()
}

fn verifier(roots: &Arc<RootCertStore>, provider: &Arc<CryptoProvider>) -> kernel::Result<Arc<WebPkiServerVerifier>> {
    WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone())
        .build()
        .map_err(|error| Error::internal("setting up certificate checks").because(error))
}

type Shown = (Vec<u8>, Result<(), rustls::Error>);

/// Delegates every decision and keeps the leaf certificate with it.
#[derive(Debug)]
struct Recorder {
    inner: Arc<WebPkiServerVerifier>,
    ignore: bool,
    shown: Mutex<Option<Shown>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let kept = (end_entity.to_vec(), verdict.as_ref().map(|_| ()).map_err(Clone::clone));
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        if self.ignore { Ok(ServerCertVerified::assertion()) } else { verdict }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn handshake_failure(error: &io::Error) -> Word {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Word::new(Reason::TlsHandshake, "The server closed the connection during the handshake: does it speak TLS on this port?")
            }
            _ => dial::stream_failure(error),
        };
    };
    match tls {
        rustls::Error::InvalidCertificate(why) => certificate_failure(why),
        rustls::Error::InvalidMessage(_) => Word::new(Reason::TlsHandshake, "The answer is not TLS: does it speak TLS on this port?"),
        rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion) | rustls::Error::PeerIncompatible(_) => {
            Word::new(Reason::TlsHandshake, format!("No common TLS version or cipher (Hermetic speaks TLS 1.2 and 1.3): {tls}."))
        }
        other => Word::new(Reason::TlsHandshake, format!("The TLS handshake failed: {other}.")),
    }
}

fn certificate_failure(why: &CertificateError) -> Word {
    match why {
        CertificateError::Expired => Word::plain(Reason::TlsExpired),
        CertificateError::ExpiredContext { not_after, .. } => {
            Word::new(Reason::TlsExpired, format!("The certificate expired on {}.", unix(*not_after)))
        }
        CertificateError::NotValidYet => Word::plain(Reason::TlsNotYetValid),
        CertificateError::NotValidYetContext { not_before, .. } => {
            Word::new(Reason::TlsNotYetValid, format!("The certificate is valid only from {} on.", unix(*not_before)))
        }
        CertificateError::NotValidForName => Word::plain(Reason::TlsNameMismatch),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(String::as_str).take(5).collect();
            Word::new(Reason::TlsNameMismatch, format!("The certificate is not for {}, but for {}.", expected.to_str(), names.join(", ")))
        }
        CertificateError::UnknownIssuer => {
            Word::new(Reason::TlsUntrusted, "No trusted authority signed the certificate: self-signed, or an intermediate is missing.")
        }
        other => Word::new(Reason::TlsUntrusted, format!("The certificate is not accepted: {other}.")),
    }
}

fn unix(time: UnixTime) -> Time {
    Time(i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000))
}

fn describe(der: &[u8], refusal: Option<&rustls::Error>) -> Option<Certificate> {
    use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let names = parsed.subject_alternative_name().ok().flatten().map_or_else(Vec::new, |san| {
        san.value
            .general_names
            .iter()
            .take(20)
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                GeneralName::IPAddress(bytes) => ip_text(bytes),
                _ => None,
            })
            .collect()
    });
    let is_name = |error: &rustls::Error| {
        let named =
            |why: &CertificateError| matches!(why, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. });
        matches!(error, rustls::Error::InvalidCertificate(why) if named(why))
    };
    let hash = ring::digest::digest(&ring::digest::SHA256, der);
    Some(Certificate {
        not_after: Time(parsed.validity().not_after.timestamp().saturating_mul(1_000)),
        not_before: Time(parsed.validity().not_before.timestamp().saturating_mul(1_000)),
        subject: kernel::text::shorten(&parsed.subject().to_string(), 200),
        issuer: kernel::text::shorten(&parsed.issuer().to_string(), 200),
        names,
        san_ok: refusal.is_none_or(|error| !is_name(error)),
        chain_ok: refusal.is_none_or(is_name),
        sha256: hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn ip_text(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from)).ok().map(|ip| ip.to_string())
}
