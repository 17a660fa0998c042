//! Certificates as they are found in the wild: good, expired, for somebody else, with a gap in the chain. One authority per process
//! signs them; a test trusts it by [`ca_pem`].

use std::sync::{Arc, OnceLock};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a TLS port does when somebody knocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TlsPlay {
    /// For `localhost`, `127.0.0.1`, `::1` and the names given at the start; until 2099.
    #[default]
    Valid,
    /// As valid, and ends on this day (year, month, day).
    ValidUntil(i32, u8, u8),
    /// Ended in 2020.
    Expired,
    /// Begins in 2098.
    NotYetValid,
    /// For `somebody-else.example`.
    WrongName,
    /// Signed by itself.
    SelfSigned,
    /// The intermediate is not sent along.
    MissingIntermediate,
    /// Speaks plain HTTP on the TLS port.
    PlainText,
    /// Takes the ClientHello and never answers.
    Silent,
    /// Takes the ClientHello and resets the connection.
    Reset,
}

/// The authority behind every fake of this process; give it to `OutboundOptions::extra_ca_pem` or to a prober.
pub fn ca_pem() -> String {
    authority().pem.clone()
}

struct Authority {
    pem: String,
    intermediate: Issuer<'static, KeyPair>,
    intermediate_der: CertificateDer<'static>,
}

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| {
        let root_key = KeyPair::generate().expect("a key");
        let root_params = ca_params("Fakes Root");
        let root = root_params.self_signed(&root_key).expect("a root certificate");
        let issuer = Issuer::new(root_params, root_key);
        let key = KeyPair::generate().expect("a key");
        let params = ca_params("Fakes Intermediate");
        let intermediate = params.signed_by(&key, &issuer).expect("an intermediate certificate");
        let intermediate_der = intermediate.der().clone();
        Authority { pem: root.pem(), intermediate: Issuer::new(params, key), intermediate_der }
    })
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("no names are fine");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2099, 1, 1));
    params
}

/// The server side for a play that gets as far as a certificate; none for those that do not.
pub fn server_config(play: &TlsPlay, names: &[String]) -> Option<Arc<ServerConfig>> {
    if matches!(play, TlsPlay::PlainText | TlsPlay::Silent | TlsPlay::Reset) {
        return None;
    }
    let names = match play {
        TlsPlay::WrongName => vec!["somebody-else.example".to_owned()],
        _ => ["localhost", "127.0.0.1", "::1"].into_iter().map(str::to_owned).chain(names.iter().cloned()).collect(),
    };
    let mut params = CertificateParams::new(names).expect("the names fit into a certificate");
    params.distinguished_name.push(DnType::CommonName, "A fake server");
    (params.not_before, params.not_after) = match play {
        TlsPlay::Expired => (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1)),
        TlsPlay::NotYetValid => (date_time_ymd(2098, 1, 1), date_time_ymd(2099, 1, 1)),
        TlsPlay::ValidUntil(year, month, day) => (date_time_ymd(2000, 1, 1), date_time_ymd(*year, *month, *day)),
        _ => (date_time_ymd(2000, 1, 1), date_time_ymd(2099, 1, 1)),
    };
    let key = KeyPair::generate().expect("a key");
    let authority = authority();
    let chain = match play {
        TlsPlay::SelfSigned => vec![params.self_signed(&key).expect("a certificate").der().clone()],
        _ => {
            let leaf = params.signed_by(&key, &authority.intermediate).expect("a certificate").der().clone();
            if *play == TlsPlay::MissingIntermediate { vec![leaf] } else { vec![leaf, authority.intermediate_der.clone()] }
        }
    };
    let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in PKCS#8");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks the usual versions")
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .expect("the key fits the certificate");
    Some(Arc::new(config))
}
