//! Which of the prepared encodings a client takes ([`Encoding`]): brotli before gzip before none, as `Accept-Encoding` allows.

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Brotli,
}

/// The smallest the client takes. Weights other than zero are not compared: who lists brotli can read brotli.
pub(crate) fn accepted(headers: &HeaderMap) -> Encoding {
    let mut best = Encoding::Identity;
    for line in headers.get_all(ACCEPT_ENCODING) {
        let Ok(line) = line.to_str() else { continue };
        for offer in line.split(',') {
            let (name, weight) = offer.split_once(';').unwrap_or((offer, ""));
            if is_refused(weight) {
                continue;
            }
            match name.trim() {
                name if name.eq_ignore_ascii_case("br") => return Encoding::Brotli,
                name if name.eq_ignore_ascii_case("gzip") => best = Encoding::Gzip,
                _ => {}
            }
        }
    }
    best
}

fn is_refused(weight: &str) -> bool {
    let number = weight.trim().strip_prefix("q=").unwrap_or("1");
    number.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
}
