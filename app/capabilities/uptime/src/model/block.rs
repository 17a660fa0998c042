//! An hour of a monitor's checks as one small blob: columns of differences as varints, then deflated. Kept for 90 days at a
//! few bytes per check.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use kernel::{Error, Result, Time};

use super::check::{Phases, Reason, Sample, Verdict};
use super::varint;

const VERSION: u8 = 1;
/// A block is one hour of one monitor; at the smallest interval that is 720 checks per vantage. The cap stops a corrupt blob.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Samples must be sorted by time; they come back in the same order.
pub fn encode(samples: &[Sample]) -> Result<Vec<u8>> {
    let mut plain = vec![VERSION];
    varint::put(&mut plain, samples.len() as u64);
    let (mut before, mut step) = (0i64, 0i64);
    for sample in samples {
        let distance = sample.at.0.wrapping_sub(before);
        varint::put_signed(&mut plain, distance.wrapping_sub(step));
        (before, step) = (sample.at.0, distance);
    }
    for sample in samples {
        varint::put(&mut plain, u64::from(sample.verdict.number()));
        varint::put(&mut plain, sample.reason.map_or(0, |reason| u64::from(reason.number())));
        varint::put(&mut plain, u64::from(sample.code));
        varint::put_signed(&mut plain, sample.vantage);
    }
    for part in 0..6 {
        for sample in samples {
            varint::put(&mut plain, sample.phases.parts()[part].map_or(0, |micros| u64::from(micros) + 1));
        }
    }
    for sample in samples {
        varint::put(&mut plain, u64::from(sample.phases.total));
    }
    let mut deflater = DeflateEncoder::new(Vec::new(), Compression::default());
    deflater.write_all(&plain).and_then(|()| deflater.finish()).map_err(|error| Error::internal("packing an hour of checks").because(error))
}

pub fn decode(blob: &[u8]) -> Result<Vec<Sample>> {
    let unreadable = || Error::internal("reading an hour of checks: the block is damaged");
    let mut plain = Vec::new();
    DeflateDecoder::new(blob).take(MAX_BYTES).read_to_end(&mut plain).map_err(|error| unreadable().because(error))?;
    unpack(&plain).ok_or_else(unreadable)
}

fn unpack(plain: &[u8]) -> Option<Vec<Sample>> {
    let (version, mut bytes) = plain.split_first()?;
    let count = usize::try_from(varint::take(&mut bytes)?).ok()?;
    if *version != VERSION || count > plain.len() {
        return None;
    }
    let mut times = Vec::with_capacity(count);
    let (mut before, mut step) = (0i64, 0i64);
    for _ in 0..count {
        step = step.wrapping_add(varint::take_signed(&mut bytes)?);
        before = before.wrapping_add(step);
        times.push(Time(before));
    }
    let mut samples = Vec::with_capacity(count);
    for at in times {
        let verdict = Verdict::from_number(u8::try_from(varint::take(&mut bytes)?).ok()?)?;
        let reason = Reason::from_number(u8::try_from(varint::take(&mut bytes)?).ok()?);
        let code = u16::try_from(varint::take(&mut bytes)?).ok()?;
        let vantage = varint::take_signed(&mut bytes)?;
        samples.push(Sample { at, vantage, verdict, reason, code, phases: Phases::default() });
    }
    let mut parts = vec![[None; 6]; count];
    for part in 0..6 {
        for row in &mut parts {
            row[part] = match varint::take(&mut bytes)? {
                0 => None,
                stored => Some(u32::try_from(stored - 1).ok()?),
            };
        }
    }
    for (sample, parts) in samples.iter_mut().zip(parts) {
        sample.phases = Phases::from_parts(parts, u32::try_from(varint::take(&mut bytes)?).ok()?);
    }
    Some(samples)
}
