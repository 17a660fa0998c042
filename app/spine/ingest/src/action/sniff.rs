//! What a body is, by its content: SDKs label gzip as text, and JSON as a form.

use kernel::{Error, Result};
use std::borrow::Cow;

use crate::encoding::{self, Caps, Encoding};
use crate::{Kind, limits};

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// A form around base 64 around gzip is the most that is known.
const ROUNDS: usize = 4;

/// The layers that a body really has where it says `layers`.
pub(crate) fn labelled(bytes: &[u8], layers: Vec<Encoding>) -> Vec<Encoding> {
    match (bytes.starts_with(&GZIP), layers.as_slice()) {
        (true, []) => vec![Encoding::Gzip],
        // A proxy has unpacked it and left the label.
        (false, [Encoding::Gzip]) => Vec::new(),
        _ => layers,
    }
}

/// The JSON in it.
pub(crate) fn plain(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    let mut body = Cow::Borrowed(bytes);
    for _ in 0..ROUNDS {
        if body.len() > limits::payload(Kind::Actions) {
            return Err(Error::new(kernel::Kind::TooLarge, "This is larger than what is taken of its kind."));
        }
        let text = body.trim_ascii_start();
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let inner = match text {
            [b'{' | b'[', ..] => return Ok(body),
            text if text.starts_with(&GZIP) => inflate(text)?,
            text if text.starts_with(b"data=") || text.windows(6).take(200).any(|at| at == b"&data=") => form(text)?,
            text => base64(text)?,
        };
        body = Cow::Owned(inner);
    }
    Err(unknown())
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>> {
    let caps = Caps { bytes: limits::payload(Kind::Actions), ..Caps::STANDARD };
    encoding::decode(packed.to_vec(), &[Encoding::Gzip], caps, &mut |_| Ok(()))
}

/// `data=…&compression=…`. A form turns plus signs into spaces, which base 64 has not.
fn form(text: &[u8]) -> Result<Vec<u8>> {
    let data = url::form_urlencoded::parse(text).find(|(name, _)| name == "data").map(|(_, value)| value).ok_or_else(unknown)?;
    Ok(if data.trim_start().starts_with(['{', '[']) { data.into_owned() } else { data.replace(' ', "+") }.into_bytes())
}

fn base64(text: &[u8]) -> Result<Vec<u8>> {
    use base64::Engine as _;
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').collect();
    let decoded = base64::engine::general_purpose::STANDARD_NO_PAD.decode(text).map_err(|_| unknown())?;
    if decoded.is_empty() { Err(unknown()) } else { Ok(decoded) }
}

fn unknown() -> Error {
    Error::invalid("This is neither JSON nor JSON that was packed.")
}
