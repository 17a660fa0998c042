//! Envelopes that nobody meant to send: the parser neither panics nor invents.

use proptest::prelude::*;

use crate::envelope::parse;

/// Bytes of which line breaks, braces and lengths are made.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"{}".to_vec()),
        Just(br#"{"type":"event"}"#.to_vec()),
        Just(br#"{"type":"attachment","length":18446744073709551615}"#.to_vec()),
        Just(br#"{"type":"attachment","length":3}"#.to_vec()),
        Just(br#"{"length":-1}"#.to_vec()),
        Just(b"\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn item() -> impl Strategy<Value = (bool, Vec<u8>)> {
    (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)).prop_map(|(has_length, payload)| {
        // Without a length a payload is a line.
        let payload = if has_length { payload } else { payload.into_iter().filter(|byte| *byte != b'\n').collect() };
        (has_length, payload)
    })
}

proptest! {
    #[test]
    fn noise_never_gives_more_than_came(bytes in noise()) {
        if let Ok(envelope) = parse(&bytes) {
            let given: usize = envelope.items.iter().map(|item| item.payload.len()).sum();
            prop_assert!(given <= bytes.len());
            prop_assert!(given + envelope.malformed.bytes <= bytes.len());
        }
    }

    #[test]
    fn what_an_sdk_writes_is_read_as_it_was_meant(items in proptest::collection::vec(item(), 0..20), ends_with_break in any::<bool>()) {
        let mut bytes = b"{}\n".to_vec();
        for (has_length, payload) in &items {
            let header = match has_length {
                true => format!("{{\"type\":\"attachment\",\"length\":{}}}\n", payload.len()),
                false => "{\"type\":\"attachment\"}\n".to_owned(),
            };
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(payload);
            bytes.push(b'\n');
        }
        if !ends_with_break && !items.is_empty() {
            bytes.pop();
        }
        let envelope = parse(&bytes).unwrap();
        let read: Vec<(bool, Vec<u8>)> = envelope.items.iter().map(|item| (item.is_whole, item.payload.to_vec())).collect();
        let meant: Vec<(bool, Vec<u8>)> = items.into_iter().map(|(_, payload)| (true, payload)).collect();
        prop_assert_eq!(read, meant);
        prop_assert_eq!((envelope.malformed.items, envelope.beyond.items), (0, 0));
    }
}

#[test]
fn a_header_line_of_megabytes_is_no_header() {
    let long = format!("{{\"dsn\":\"{}\"}}\n", "x".repeat(2 << 20));
    assert!(parse(long.as_bytes()).is_err());
    let item = format!("{{}}\n{{\"type\":\"event\",\"x\":\"{}\"}}\n{{}}\n{{\"type\":\"session\"}}\n{{}}\n", "x".repeat(1 << 20));
    let envelope = parse(item.as_bytes()).unwrap();
    assert_eq!((envelope.malformed.items, envelope.items.len()), (1, 1));
}
