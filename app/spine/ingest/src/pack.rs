//! How payloads lie in the log: compressed, with the way of it beside them.
//!
//! What SDKs send repeats itself from one payload to the next, not within one: a dictionary that knows their words halves what zstd alone
//! makes of it. How it was made, and what it gives for programs it has never seen, is in pack/README.md.

use kernel::{Error, Result};
use std::cell::RefCell;
use std::io::{self, Read as _, Write as _};
use std::sync::LazyLock;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe;

/// The most that unpacks: what was taken at the door was smaller.
const MAX_UNPACKED: u64 = 256 << 20;

/// A payload as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// 0: as it is; 1: zstd; 2: zstd with the dictionary pack/v1.dict.
    pub codec: i64,
    pub bytes: Vec<u8>,
}

const PLAIN: i64 = 0;
const ZSTD: i64 = 1;
const ZSTD_V1: i64 = 2;

/// Never another one under this name: what was packed with it lies in the log for months. A better one is v2.dict with a code of its own.
const V1: &[u8] = include_bytes!("pack/v1.dict");
/// Packing is the largest single cost of taking an event. 1 takes some 60 % of the time of 3, zstd's default, for a few per cent more bytes.
const LEVEL: i32 = 1;
/// Larger payloads have words enough of their own; and what they need to be packed is not kept by the thread.
const LARGE: usize = 256 << 10;

static TO_PACK: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(V1, LEVEL));
static TO_UNPACK: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(V1));

/// Making a context costs more than packing an event with it.
struct Packer {
    compressor: Compressor<'static>,
    /// Payloads shrink to a fifth: what is kept is copied out of here in its own size.
    scratch: Vec<u8>,
}

thread_local! {
    static PACKER: RefCell<Option<Packer>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

pub fn pack(payload: &[u8]) -> Packed {
    let packed = if payload.len() > LARGE {
        zstd::bulk::compress(payload, LEVEL).map(|bytes| Packed { codec: ZSTD, bytes })
    } else {
        PACKER.with_borrow_mut(|packer| small(packer, payload)).map(|bytes| Packed { codec: ZSTD_V1, bytes })
    };
    match packed {
        Ok(packed) if packed.bytes.len() < payload.len() => packed,
        _ => Packed { codec: PLAIN, bytes: payload.to_vec() },
    }
}

fn small(packer: &mut Option<Packer>, payload: &[u8]) -> io::Result<Vec<u8>> {
    let packer = match packer {
        Some(packer) => packer,
        none => none.insert(Packer { compressor: Compressor::with_prepared_dictionary(&TO_PACK)?, scratch: Vec::new() }),
    };
    packer.scratch.clear();
    packer.scratch.reserve(zstd_safe::compress_bound(payload.len()));
    packer.compressor.compress_to_buffer(payload, &mut packer.scratch)?;
    Ok(packer.scratch.as_slice().to_vec())
}

/// A payload that is packed while it is made: a large one never lies in memory as a whole.
pub enum Stream {
    Small(Vec<u8>),
    Large(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Stream {
    /// `size`: about how large it will be.
    pub fn new(size: usize) -> Result<Stream> {
        if size <= LARGE {
            return Ok(Stream::Small(Vec::with_capacity(size + 64)));
        }
        zstd::stream::write::Encoder::new(Vec::new(), LEVEL).map(Stream::Large).map_err(packing)
    }

    pub fn write(&mut self, piece: &[u8]) -> Result<()> {
        match self {
            Stream::Small(bytes) => {
                bytes.extend_from_slice(piece);
                Ok(())
            }
            Stream::Large(encoder) => encoder.write_all(piece).map_err(packing),
        }
    }

    pub fn finish(self) -> Result<Packed> {
        match self {
            Stream::Small(bytes) => Ok(pack(&bytes)),
            Stream::Large(encoder) => encoder.finish().map(|bytes| Packed { codec: ZSTD, bytes }).map_err(packing),
        }
    }
}

fn packing(error: io::Error) -> Error {
    Error::internal("packing a payload").because(error)
}

pub fn unpack(packed: &Packed) -> Result<Vec<u8>> {
    match packed.codec {
        PLAIN => Ok(packed.bytes.clone()),
        ZSTD => match unpacked_size(&packed.bytes) {
            Ok(size) => zstd::bulk::decompress(&packed.bytes, size).map_err(damaged),
            Err(_) => streamed(&packed.bytes).map_err(damaged),
        },
        ZSTD_V1 => {
            let size = unpacked_size(&packed.bytes)?;
            UNPACKER.with_borrow_mut(|unpacker| with_dictionary(unpacker, &packed.bytes, size)).map_err(damaged)
        }
        codec => Err(Error::internal(format!("an item is packed in the way {codec}, which this version does not know"))),
    }
}

fn with_dictionary(unpacker: &mut Option<Decompressor<'static>>, bytes: &[u8], size: usize) -> io::Result<Vec<u8>> {
    let unpacker = match unpacker {
        Some(unpacker) => unpacker,
        none => none.insert(Decompressor::with_prepared_dictionary(&TO_UNPACK)?),
    };
    unpacker.decompress(bytes, size)
}

/// What was packed while it came in does not say how large it is.
fn streamed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut payload = Vec::new();
    let read = zstd::stream::read::Decoder::new(bytes)?.take(MAX_UNPACKED + 1).read_to_end(&mut payload)?;
    if read as u64 > MAX_UNPACKED { Err(io::Error::new(io::ErrorKind::InvalidData, "it is too large")) } else { Ok(payload) }
}

/// As the frame itself says: everything that [`pack`] wrote says it.
fn unpacked_size(bytes: &[u8]) -> Result<usize> {
    match zstd_safe::get_frame_content_size(bytes) {
        Ok(Some(size)) if size <= MAX_UNPACKED => Ok(usize::try_from(size).unwrap_or(usize::MAX)),
        _ => Err(damaged(io::Error::new(io::ErrorKind::InvalidData, "its size is missing or too large"))),
    }
}

fn damaged(error: io::Error) -> Error {
    Error::internal("unpacking an item of the log").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(lines: usize) -> Vec<u8> {
        let frames: Vec<String> = (0..lines)
            .map(|line| {
                format!(r#"{{"filename":"app/views_{line}.py","function":"handler_{line}","lineno":{},"in_app":true}}"#, line * 7919 % 997)
            })
            .collect();
        format!(
            r#"{{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","platform":"python","exception":{{"values":[{{"type":"KeyError","value":"'x'","stacktrace":{{"frames":[{}]}}}}]}}}}"#,
            frames.join(",")
        )
        .into_bytes()
    }

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        let random: Vec<u8> = (0..4_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for payload in [Vec::new(), b"x".to_vec(), vec![7; 10_000], vec![7; LARGE + 1], random, event(1), event(200), event(6_000)] {
            assert_eq!(unpack(&pack(&payload)).unwrap(), payload);
        }
    }

    #[test]
    fn what_was_packed_as_a_stream_unpacks_too() {
        let plain = event(6_000);
        let bytes = zstd::stream::encode_all(plain.as_slice(), LEVEL).unwrap();
        assert_eq!(unpacked_size(&bytes).ok(), None, "a stream does not say its size");
        assert_eq!(unpack(&Packed { codec: ZSTD, bytes }).unwrap(), plain);
    }

    #[test]
    fn what_is_packed_piece_by_piece_unpacks_to_the_same() {
        for payload in [event(1), event(6_000)] {
            let mut stream = Stream::new(payload.len()).unwrap();
            payload.chunks(1_000).for_each(|piece| stream.write(piece).unwrap());
            assert_eq!(unpack(&stream.finish().unwrap()).unwrap(), payload);
        }
    }

    #[test]
    fn the_dictionary_serves_small_payloads_and_large_ones_do_without() {
        let (small, large) = (pack(&event(2)), pack(&event(6_000)));
        assert_eq!((small.codec, large.codec), (ZSTD_V1, ZSTD));
        let without = zstd::bulk::compress(&event(2), LEVEL).unwrap().len();
        assert!(small.bytes.len() * 3 < without * 2, "{} bytes with, {without} without", small.bytes.len());
        assert_eq!(pack(b"x"), Packed { codec: PLAIN, bytes: b"x".to_vec() }, "what does not shrink stays");
    }

    #[test]
    fn every_codec_that_was_ever_written_is_read() {
        // As this version's predecessors wrote them; the bytes are fixed on purpose: a changed dictionary fails here.
        let plain_zstd = Packed { codec: ZSTD, bytes: zstd::bulk::compress(b"aaaaaaaaaaaaaaaaaaaaaaaa", LEVEL).unwrap() };
        assert_eq!(unpack(&plain_zstd).unwrap(), b"aaaaaaaaaaaaaaaaaaaaaaaa");
        let digest = ring::digest::digest(&ring::digest::SHA256, V1);
        let hex: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "ec47e91cf37ed035", "v1.dict is in use for good: add v2.dict with a code of its own");
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let packed = pack(&event(20));
        let mut cut = packed.clone();
        cut.bytes.truncate(packed.bytes.len() / 2);
        let huge = Packed { codec: ZSTD, bytes: [&0xfd2f_b528_u32.to_le_bytes()[..], &[0xe0], &(1_u64 << 40).to_le_bytes()].concat() };
        for damaged in [
            cut,
            huge,
            Packed { codec: ZSTD_V1, bytes: Vec::new() },
            Packed { codec: ZSTD, bytes: b"no zstd".to_vec() },
            Packed { codec: 9, ..packed },
        ] {
            assert!(unpack(&damaged).is_err(), "{damaged:?}");
        }
    }
}
