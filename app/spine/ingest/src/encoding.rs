//! What a body is packed in (`Content-Encoding`), unpacked while it is read, under hard caps.
//!
//! A bomb ends at the cap, not after it. What SDKs send can be dense without being one: a Python `RecursionError` of 897 kB comes as
//! 3.9 kB of brotli (230:1), so the ratio counts only beyond a size that does no harm.

use flate2::bufread::GzDecoder;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use kernel::{Error, Kind, Result};
use std::io::{Cursor, Read};

/// One layer of packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Gzip,
    /// zlib around it by the standard, without it by habit.
    Deflate,
    Brotli,
    Zstd,
}

/// How much may come out.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Bytes of each layer.
    pub bytes: usize,
    /// Below this no ratio is looked at.
    pub free: usize,
    /// Unpacked bytes for each packed one.
    pub ratio: usize,
}

impl Caps {
    pub const STANDARD: Caps = Caps { bytes: crate::limits::ENVELOPE, free: 2 << 20, ratio: 200 };
}

/// Layers on top of each other: nobody packs a third time in earnest.
const LAYERS: usize = 3;
/// 16 MiB: above what zstd's own highest plain level needs, below what hurts.
const ZSTD_WINDOW_LOG: u32 = 24;

/// The layers of a `Content-Encoding`, in the order in which they were applied.
pub fn parse(header: &str) -> Result<Vec<Encoding>> {
    let mut layers = Vec::new();
    for name in header.split(',').map(str::trim) {
        layers.push(match name.to_ascii_lowercase().as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => Encoding::Gzip,
            "deflate" => Encoding::Deflate,
            "br" => Encoding::Brotli,
            "zstd" => Encoding::Zstd,
            _ => return Err(Error::invalid("This Content-Encoding is not known here; send gzip, deflate, br, zstd or none.")),
        });
    }
    if layers.len() > LAYERS {
        return Err(Error::invalid("This body is packed more often than is taken here."));
    }
    Ok(layers)
}

/// Programs that log line by line make some; nobody makes more.
const MEMBERS: usize = 1_000;

/// Unpacks all layers. `grow` is told of each piece before it is kept, and its error ends the unpacking.
pub fn decode(mut body: Vec<u8>, layers: &[Encoding], caps: Caps, grow: &mut dyn FnMut(usize) -> Result<()>) -> Result<Vec<u8>> {
    for layer in layers.iter().rev() {
        body = unpack(&body, *layer, caps, grow)?;
    }
    Ok(body)
}

fn unpack(packed: &[u8], layer: Encoding, caps: Caps, grow: &mut dyn FnMut(usize) -> Result<()>) -> Result<Vec<u8>> {
    let source = Cursor::new(packed);
    match layer {
        Encoding::Gzip => read(Members::of(packed), packed.len(), caps, grow),
        Encoding::Deflate if has_zlib_head(packed) => read(ZlibDecoder::new(source), packed.len(), caps, grow),
        Encoding::Deflate => read(DeflateDecoder::new(source), packed.len(), caps, grow),
        Encoding::Brotli => read(brotli::Decompressor::new(source, 8 << 10), packed.len(), caps, grow),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(source).map_err(broken)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(broken)?;
            read(decoder, packed.len(), caps, grow)
        }
    }
}

/// Gzip's members, one after another. Each costs a decoder of its own, and may give nothing: 60 kB that unpack to half a million empty ones
/// kept a thread for 1.6 s, with no cap on what comes out ever reached.
struct Members<'p> {
    member: GzDecoder<&'p [u8]>,
    left: usize,
}

impl<'p> Members<'p> {
    fn of(packed: &'p [u8]) -> Self {
        Members { member: GzDecoder::new(packed), left: MEMBERS }
    }
}

impl Read for Members<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let count = self.member.read(into)?;
            let rest = *self.member.get_ref();
            if count > 0 || rest.is_empty() || into.is_empty() {
                return Ok(count);
            }
            self.left = self.left.checked_sub(1).ok_or_else(|| std::io::Error::other("too many members"))?;
            self.member = GzDecoder::new(rest);
        }
    }
}

/// RFC 1950: the method is 8 and the first two bytes are a multiple of 31.
fn has_zlib_head(packed: &[u8]) -> bool {
    matches!(packed, [method, flags, ..] if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

fn read(mut decoder: impl Read, packed: usize, caps: Caps, grow: &mut dyn FnMut(usize) -> Result<()>) -> Result<Vec<u8>> {
    let mut whole = Vec::with_capacity((packed * 4).min(256 << 10));
    let mut piece = [0_u8; 16 << 10];
    loop {
        let count = match decoder.read(&mut piece) {
            Ok(0) => return Ok(whole),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error)),
        };
        let size = whole.len() + count;
        if size > caps.bytes {
            return Err(Error::new(Kind::TooLarge, format!("Unpacked this is larger than the {} bytes that are taken here.", caps.bytes)));
        }
        if size > caps.free && size / caps.ratio > packed {
            return Err(Error::new(Kind::TooLarge, "This grows too much when it is unpacked."));
        }
        grow(count)?;
        whole.extend_from_slice(&piece[..count]);
    }
}

fn broken(error: std::io::Error) -> Error {
    Error::invalid("The body is not what its Content-Encoding says: it cannot be unpacked.").because(error)
}
