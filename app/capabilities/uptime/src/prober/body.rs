//! Reads an answer's body within bounds: 1 MiB on the wire, 8 MiB decoded, gzip, brotli and deflate unpacked as they come.
//!
//! Nouns: [`Decoder`].

use std::io::{self, Write};

use super::Word;
use crate::model::check::Reason;

pub const MOST_ON_WIRE: u64 = 1024 * 1024;
pub const MOST_DECODED: u64 = 8 * 1024 * 1024;

/// Counts, and keeps only when somebody will look at it.
struct Sink {
    kept: Option<Vec<u8>>,
    length: u64,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.length += bytes.len() as u64;
        if self.length > MOST_DECODED {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "decoded body too large"));
        }
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Coding {
    Plain(Sink),
    Gzip(flate2::write::MultiGzDecoder<Sink>),
    Deflate(flate2::write::ZlibDecoder<Sink>),
    Brotli(Box<brotli::DecompressorWriter<Sink>>),
}

pub struct Decoder {
    coding: Coding,
    on_wire: u64,
}

/// What a body was.
#[derive(Debug, Default)]
pub struct Body {
    /// Empty unless it was asked to be kept.
    pub bytes: Vec<u8>,
    pub length: u64,
}

impl Decoder {
    pub fn new(content_encoding: &str, keep: bool) -> Result<Self, Word> {
        let sink = Sink { kept: keep.then(Vec::new), length: 0 };
        let coding = match content_encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Coding::Plain(sink),
            "gzip" | "x-gzip" => Coding::Gzip(flate2::write::MultiGzDecoder::new(sink)),
            "deflate" => Coding::Deflate(flate2::write::ZlibDecoder::new(sink)),
            "br" => Coding::Brotli(Box::new(brotli::DecompressorWriter::new(sink, 4_096))),
            other => {
                return Err(Word::new(
                    Reason::HttpProtocol,
                    format!("The body comes in the encoding {:?}, which was not asked for.", kernel::text::shorten(other, 40)),
                ));
            }
        };
        Ok(Self { coding, on_wire: 0 })
    }

    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Word> {
        self.on_wire += bytes.len() as u64;
        if self.on_wire > MOST_ON_WIRE {
            return Err(Word::new(Reason::BodyTooLarge, "The answer is larger than 1 MiB, which is the most a check reads."));
        }
        let done = match &mut self.coding {
            Coding::Plain(sink) => sink.write_all(bytes),
            Coding::Gzip(decoder) => decoder.write_all(bytes),
            Coding::Deflate(decoder) => decoder.write_all(bytes),
            Coding::Brotli(decoder) => decoder.write_all(bytes),
        };
        done.map_err(|error| self.failure(&error))
    }

    pub fn finish(mut self) -> Result<Body, Word> {
        let done = match &mut self.coding {
            Coding::Plain(_) => Ok(()),
            Coding::Gzip(decoder) => decoder.try_finish(),
            Coding::Deflate(decoder) => decoder.try_finish(),
            Coding::Brotli(decoder) => decoder.close(),
        };
        // An empty body with an encoding named is no damage.
        if self.on_wire > 0 {
            done.map_err(|error| self.failure(&error))?;
        }
        let sink = self.sink_mut();
        Ok(Body { length: sink.length, bytes: sink.kept.take().unwrap_or_default() })
    }

    fn sink_mut(&mut self) -> &mut Sink {
        match &mut self.coding {
            Coding::Plain(sink) => sink,
            Coding::Gzip(decoder) => decoder.get_mut(),
            Coding::Deflate(decoder) => decoder.get_mut(),
            Coding::Brotli(decoder) => decoder.get_mut(),
        }
    }

    fn failure(&mut self, error: &io::Error) -> Word {
        if self.sink_mut().length > MOST_DECODED {
            return Word::new(Reason::BodyTooLarge, "The answer unpacks to more than 8 MiB, which is the most a check reads.");
        }
        Word::new(Reason::HttpProtocol, format!("The body cannot be unpacked: {error}."))
    }
}
