//! Where a built file says its map is: the last `//# sourceMappingURL=` of it.

/// How far from the end it is looked for, where it is not a whole map in itself: some tools write a licence after it.
const TAIL: usize = 8 << 10;

/// What the reference says, as it stands there; may be a `data:` URL of any size.
pub fn find(built: &str) -> Option<&str> {
    const WORD: &str = "sourceMappingURL=";
    let is_reference = |at: usize| {
        let before = &built[..at];
        ["//# ", "//@ ", "/*# ", "/*@ "].iter().any(|sign| before.ends_with(sign))
    };
    let (at, _) = built.rmatch_indices(WORD).take(8).find(|(at, _)| is_reference(*at))?;
    let rest = &built[at + WORD.len()..];
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`' | '\\')).unwrap_or(rest.len());
    let reference = rest[..end].trim_end_matches("*/");
    let is_near_end = rest.len() - end <= TAIL;
    (is_near_end && !reference.is_empty()).then_some(reference)
}

/// The bytes of a `data:` URL; `None` for every other reference.
pub fn inline(reference: &str) -> Option<Vec<u8>> {
    let (kind, data) = reference.strip_prefix("data:")?.split_once(',')?;
    if kind.ends_with(";base64") { from_base64(data) } else { Some(from_percent(data)) }
}

fn from_base64(data: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
    // Some tools encode the padding for the address once more.
    engine.decode(data.replace("%3D", "=").replace("%3d", "=")).ok()
}

fn from_percent(data: &str) -> Vec<u8> {
    let bytes = data.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if *byte == b'%' => {
                plain.push(decoded);
                at += 3;
            }
            _ => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    plain
}
