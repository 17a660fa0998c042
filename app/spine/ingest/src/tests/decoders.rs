//! What bodies are packed in: every way that clients know, and bombs.

use proptest::prelude::*;

use super::*;
use crate::encoding::{Caps, Encoding, decode, parse};

const ALL: [Encoding; 4] = [Encoding::Gzip, Encoding::Deflate, Encoding::Brotli, Encoding::Zstd];

fn unpack(body: Vec<u8>, layers: &[Encoding]) -> kernel::Result<Vec<u8>> {
    decode(body, layers, Caps::STANDARD, &mut |_| Ok(()))
}

#[test]
fn names_are_read_in_any_case_and_strangers_are_refused() {
    let cases = [
        ("", vec![]),
        ("identity", vec![]),
        ("GZIP", vec![Encoding::Gzip]),
        ("x-gzip", vec![Encoding::Gzip]),
        ("Deflate, bR", vec![Encoding::Deflate, Encoding::Brotli]),
        ("zstd,identity", vec![Encoding::Zstd]),
    ];
    for (header, layers) in cases {
        assert_eq!(parse(header).unwrap(), layers, "{header}");
    }
    for header in ["compress", "gzip;q=1", "gzip, gzip, gzip, gzip"] {
        assert!(parse(header).is_err(), "{header}");
    }
}

#[tokio::test]
async fn an_event_arrives_whole_however_it_is_packed() {
    let body = event(ID, &"boom ".repeat(100)).into_bytes();
    let two_members = [gzip(&body[..50]), gzip(&body[50..])].concat();
    let cases = [
        ("gzip", gzip(&body)),
        ("gzip", two_members),
        ("X-GZIP", gzip(&body)),
        ("deflate", zlib(&body)),
        ("deflate", raw_deflate(&body)),
        ("br", brotli(&body)),
        ("zstd", zstd(&body)),
        ("gzip, br", brotli(&gzip(&body))),
        ("identity", body.clone()),
    ];
    for (encoding, packed) in cases {
        let site = Site::new().await;
        let path = format!("{}?sentry_key={KEY}", site.path("envelope/"));
        let got = site.post(&path, &[("content-encoding", encoding)], packed).await;
        assert_eq!(got.code, 200, "{encoding}: {}", got.body);
        assert!(site.items()[0].payload().unwrap().starts_with(b"{\"message\":\"boom boom"), "{encoding}");
    }
}

#[tokio::test]
async fn what_does_not_unpack_is_refused_and_counted() {
    let site = Site::new().await;
    let path = format!("{}?sentry_key={KEY}", site.path("envelope/"));
    let body = event(ID, "boom").into_bytes();
    let cases = [
        ("gzip", body.clone()),
        ("gzip", gzip(&body)[..30].to_vec()),
        ("br", gzip(&body)),
        ("zstd", gzip(&body)),
        ("deflate", b"\x00\x01\x02\x03".to_vec()),
        ("lzma", body),
    ];
    let count = cases.len();
    for (encoding, packed) in cases {
        let got = site.post(&path, &[("content-encoding", encoding)], packed).await;
        assert_eq!(got.code, 400, "{encoding}: {}", got.body);
    }
    assert!(site.items().is_empty());
    assert_eq!(site.outcomes().await, [format!("unknown dropped/malformed {count}")]);
}

#[tokio::test]
async fn bombs_end_at_the_cap_and_a_dense_event_is_none() {
    let zeros = vec![b'0'; 40 << 20];
    let site = Site::new().await;
    let path = format!("{}?sentry_key={KEY}", site.path("envelope/"));
    for (encoding, bomb) in [("gzip", gzip(&zeros)), ("br", brotli(&zeros)), ("zstd", zstd(&zeros)), ("gzip, gzip", gzip(&gzip(&zeros)))] {
        assert!(bomb.len() < 100 << 10, "{encoding}: {} bytes are no bomb", bomb.len());
        let got = site.post(&path, &[("content-encoding", encoding)], bomb).await;
        assert_eq!(got.code, 413, "{encoding}: {}", got.body);
    }
    assert!(site.items().is_empty());
    // What Python's RecursionError looks like: 897 kB that are the same few lines again and again.
    let frame = r#"{"function":"recurse","lineno":12,"context_line":"    return recurse(n + 1)"},"#;
    let frames = frame.repeat(897_000 / frame.len());
    let dense = lines(&[&format!(r#"{{"event_id":"{ID}"}}"#), r#"{"type":"event"}"#, &format!(r#"{{"extra":[{}1]}}"#, frames)]);
    let packed = brotli(dense.as_bytes());
    assert!(dense.len() / packed.len() > 230, "{} bytes of {}", packed.len(), dense.len());
    assert_eq!(site.post(&path, &[("content-encoding", "br")], packed).await.code, 200);
}

#[test]
fn a_bomb_takes_no_more_room_than_the_cap() {
    let bomb = gzip(&vec![0; 200 << 20]);
    let mut room = 0;
    let caps = Caps { bytes: 1 << 20, free: 1 << 20, ratio: 1_000_000 };
    let error = decode(bomb, &[Encoding::Gzip], caps, &mut |more| {
        room += more;
        Ok(())
    });
    assert_eq!(error.unwrap_err().kind, kernel::Kind::TooLarge);
    assert!(room <= 1 << 20, "{room} bytes");
}

proptest! {
    #[test]
    fn noise_never_panics(body in proptest::collection::vec(any::<u8>(), 0..400), layer in 0..4_usize) {
        let unpacked = unpack(body, &[ALL[layer]]);
        prop_assert!(unpacked.map_or(true, |bytes| bytes.len() <= Caps::STANDARD.bytes));
    }

    #[test]
    fn what_is_packed_unpacks_to_the_same(body in proptest::collection::vec(any::<u8>(), 0..4_000)) {
        let packed = [gzip(&body), zlib(&body), brotli(&body), zstd(&body)];
        for (layer, packed) in ALL.into_iter().zip(packed) {
            prop_assert_eq!(&unpack(packed, &[layer]).unwrap(), &body);
        }
    }

    #[test]
    fn a_damaged_body_never_panics(body in proptest::collection::vec(any::<u8>(), 50..400), at in 0..40_usize, bit in 0..8_u32) {
        for (layer, mut packed) in ALL.into_iter().zip([gzip(&body), zlib(&body), brotli(&body), zstd(&body)]) {
            let place = at % packed.len();
            packed[place] ^= 1 << bit;
            let _ = unpack(packed, &[layer]);
        }
    }
}

#[test]
fn gzip_of_members_that_give_nothing_ends_soon() {
    use crate::encoding::{Caps, Encoding, decode};
    let empty = gzip(b"");
    let unpack = |members: usize| decode(empty.repeat(members), &[Encoding::Gzip], Caps::STANDARD, &mut |_| Ok(()));
    assert_eq!(unpack(900).unwrap(), b"");
    assert_eq!(unpack(2_000).unwrap_err().kind, kernel::Kind::Invalid);
}
