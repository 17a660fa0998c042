//! A segment of a session replay as browsers' SDKs send it: a line `{"segment_id":4}`, then a JSON list of what happened, as it is or
//! packed with zlib. It is unpacked under a cap, scrubbed, and packed anew: what was not scrubbed reaches no disk.

use flate2::read::ZlibDecoder;
use kernel::{Error, Result};
use serde::Deserialize;
use std::io::Read as _;

use crate::pack::{self, Packed};
use crate::scrub::Scrubber;

/// Of one segment once it is unpacked: SDKs stop recording at 20 MB.
pub const LARGEST: usize = 32 << 20;
/// Of the line that names the segment.
const HEADER: usize = 1_024;
/// What is unpacked between two looks at the room that is left.
const STEP: usize = 64 << 10;

/// Below which number a segment's must be: an hour, which is the longest an SDK records, has some 18,000 at the fastest setting.
pub const SEGMENTS: u32 = 20_000;

/// A segment, unpacked but not scrubbed.
#[derive(Debug)]
pub struct Opened {
    pub segment: u32,
    /// The list of events.
    pub json: String,
}

#[derive(Deserialize)]
struct Header {
    segment_id: u32,
}

/// Unpacks a segment. `grow` is told of each piece before it is kept, and its error ends the unpacking. Too large is `TooLarge`, what cannot
/// be read is `Invalid`.
pub fn open(payload: &[u8], grow: &mut dyn FnMut(usize) -> Result<()>) -> Result<Opened> {
    let (segment, body) = split(payload).ok_or_else(|| Error::invalid("This recording does not say which segment it is."))?;
    let bytes = match body.first() {
        Some(b'[') => {
            grow(body.len())?;
            body.to_vec()
        }
        Some(_) => inflate(body, grow)?,
        None => return Err(Error::invalid("This recording is empty.")),
    };
    if bytes.len() > LARGEST {
        return Err(too_large());
    }
    let json = String::from_utf8(bytes).map_err(|_| Error::invalid("This recording is no text."))?;
    Ok(Opened { segment, json })
}

/// The number of the segment, and what follows its line.
pub fn split(payload: &[u8]) -> Option<(u32, &[u8])> {
    let end = payload.iter().take(HEADER).position(|byte| *byte == b'\n')?;
    let header: Header = serde_json::from_slice(&payload[..end]).ok()?;
    (header.segment_id < SEGMENTS).then_some((header.segment_id, &payload[end + 1..]))
}

fn inflate(body: &[u8], grow: &mut dyn FnMut(usize) -> Result<()>) -> Result<Vec<u8>> {
    let mut decoder = ZlibDecoder::new(body);
    let (mut out, mut piece) = (Vec::new(), vec![0; STEP]);
    loop {
        let read = decoder.read(&mut piece).map_err(|_| Error::invalid("This recording does not unpack: it is cut off or damaged."))?;
        if read == 0 {
            return Ok(out);
        }
        if out.len() + read > LARGEST {
            return Err(too_large());
        }
        grow(read)?;
        out.extend_from_slice(&piece[..read]);
    }
}

fn too_large() -> Error {
    Error::new(kernel::Kind::TooLarge, "This recording is larger than what is taken of one segment.")
}

/// Scrubs a segment and packs it: its line, then the list. Takes the text, so that it is gone before anything else is kept.
pub fn clean(opened: Opened, scrubber: &Scrubber) -> Result<Packed> {
    let mut packer = pack::Stream::new(opened.json.len())?;
    packer.write(format!("{{\"segment_id\":{}}}\n", opened.segment).as_bytes())?;
    scrubber.scrub_recording(&opened.json, &mut |piece| packer.write(piece.as_bytes()))?;
    packer.finish()
}

#[cfg(test)]
mod tests;
