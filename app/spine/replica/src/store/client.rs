//! The SDK's client as a replica needs it: patient with slow lines, quick to tell a dead server, no surprises for compatible ones.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    AppName, BehaviorVersion, Builder, Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::counted::{Counters, Counting};
use super::{Condition, Result, StoreError};
use crate::address::{Bucket, S3Options};

/// A body may take this much longer than [`Patience::idle`]: bytes a second of the slowest line worth waiting for.
const SLOWEST_LINE: u64 = 64 << 10;

/// How long a silent server is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub connect: Duration,
    /// Without a byte in either direction.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { connect: Duration::from_secs(5), idle: Duration::from_secs(30) }
    }
}

pub fn client(place: &Bucket, options: &S3Options, patience: Patience, counters: &Arc<Counters>) -> Result<Client> {
    let token = options.session_token.as_ref().map(|token| token.expose().to_owned());
    let credentials =
        Credentials::new(&options.access_key_id, options.secret_access_key.expose(), token, None, "the house's configuration");
    let timeouts = TimeoutConfig::builder().connect_timeout(patience.connect).operation_attempt_timeout(patience.idle).build();
    let stalls = StalledStreamProtectionConfig::enabled().upload_enabled(true).download_enabled(true).grace_period(patience.idle).build();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(place.region.clone()))
        .credentials_provider(credentials)
        .http_client(http_client(place, options)?)
        .timeout_config(timeouts)
        .stalled_stream_protection(stalls)
        .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(250)))
        // Compatible servers do not all know the newer checksums, which the SDK would otherwise add to each body.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .force_path_style(place.force_path_style)
        .interceptor(Counting(Arc::clone(counters)));
    config.set_app_name(AppName::new("hermetic").ok());
    config.set_endpoint_url(place.endpoint.clone());
    Ok(Client::from_conf(config.build()))
}

impl Patience {
    /// What a request needs other than the client's own settings. A conditional one is never repeated by the SDK: when the first
    /// answer is lost, the second attempt would be refused because of the first.
    pub fn adapted(self, size: u64, condition: &Condition) -> Option<Builder> {
        let is_large = size > 4 * SLOWEST_LINE;
        if !is_large && *condition == Condition::Always {
            return None;
        }
        let mut config = Config::builder();
        if is_large {
            let limit = self.idle + Duration::from_secs(size / SLOWEST_LINE);
            config = config.timeout_config(TimeoutConfig::builder().operation_attempt_timeout(limit).build());
        }
        if *condition != Condition::Always {
            config = config.retry_config(RetryConfig::disabled());
        }
        Some(config)
    }
}

/// Without TLS where the endpoint has none: then the machine needs no authorities either.
fn http_client(place: &Bucket, options: &S3Options) -> Result<SharedHttpClient> {
    let builder = aws_smithy_http_client::Builder::new();
    if place.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://")) {
        return Ok(builder.build_http());
    }
    let mut trusted = tls::TrustStore::default();
    if let Some(pem) = &options.ca_pem {
        check_authorities(pem)?;
        trusted = trusted.with_pem_certificate(pem.as_bytes());
    }
    let context = tls::TlsContext::builder().with_trust_store(trusted).build();
    let context = context.map_err(|error| StoreError::Invalid(format!("TLS cannot be set up: {error}.")))?;
    Ok(builder.tls_provider(tls::Provider::rustls(tls::rustls_provider::CryptoMode::Ring)).tls_context(context).build_https())
}

/// The SDK panics on certificates it cannot read, and only at the first request.
fn check_authorities(pem: &str) -> Result<()> {
    let wrong = |why: String| StoreError::Invalid(format!("The certificate authority given for the replica cannot be used: {why}."));
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("there is no certificate in it".to_owned())) } else { Ok(()) }
}
