//! Whom we trust: Mozilla's authorities, and those an operator adds.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

use kernel::{Error, Result};

/// The client side of TLS with ring, for everything that leaves.
pub fn client_config(extra_ca_pem: Option<&str>) -> Result<ClientConfig> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in extra_authorities(extra_ca_pem)? {
        roots.add(certificate).map_err(|error| unreadable().because(error))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("setting up TLS").because(error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// The certificates of a PEM text; a text without any is a mistake and said so.
pub fn extra_authorities(pem: Option<&str>) -> Result<Vec<CertificateDer<'static>>> {
    let Some(pem) = pem else { return Ok(Vec::new()) };
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(|error| unreadable().because(error))?;
    if certificates.is_empty() { Err(unreadable()) } else { Ok(certificates) }
}

fn unreadable() -> Error {
    Error::invalid("The extra certificate authorities cannot be read. Please give certificates in PEM form (-----BEGIN CERTIFICATE-----).")
}
