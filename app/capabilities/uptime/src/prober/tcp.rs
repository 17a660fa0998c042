//! The TCP kind: a port that opens, and, if wanted, a line sent and an answer that holds the expected text.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Found, Part, Prober, Trace, Word, dial};
use crate::model::check::Reason;
use crate::model::watch::TcpWatch;

const MOST_READ: usize = 4_096;

pub async fn probe(prober: &Prober, watch: &TcpWatch, trace: &mut Trace) -> Found {
    let mut stream = dial::connect(prober, &watch.host, watch.port, watch.ip, trace).await?;
    if !watch.send.is_empty() {
        let bytes = unescaped(&watch.send);
        trace
            .phase(Part::Send, Reason::WriteTimeout, async { stream.write_all(&bytes).await.map_err(|error| dial::stream_failure(&error)) })
            .await?;
    }
    if watch.expect.is_empty() {
        return Ok(None);
    }
    let expected = unescaped(&watch.expect);
    let mut answer = Vec::new();
    let found = trace
        .phase(Part::Ttfb, Reason::TtfbTimeout, async {
            let mut chunk = [0; 1_024];
            loop {
                let read = stream.read(&mut chunk).await.map_err(|error| dial::stream_failure(&error))?;
                answer.extend_from_slice(&chunk[..read]);
                if answer.windows(expected.len()).any(|part| part == expected) {
                    return Ok(true);
                }
                if read == 0 || answer.len() >= MOST_READ {
                    return Ok(false);
                }
            }
        })
        .await;
    trace.seen.bytes_wire = answer.len() as u64;
    match found {
        Ok(true) => Ok(None),
        Ok(false) => Err(missing(&answer, &watch.expect)),
        // Something came, but not what was expected: that says more than "no answer in time".
        Err(word) if word.reason == Reason::TtfbTimeout && !answer.is_empty() => Err(missing(&answer, &watch.expect)),
        Err(word) => Err(word),
    }
}

fn missing(answer: &[u8], expected: &str) -> Word {
    let start: String = String::from_utf8_lossy(answer).chars().take(60).filter(|c| !c.is_control()).collect();
    Word::new(Reason::AssertionBody, format!("Expected {expected:?}, but the answer begins with {start:?}."))
}

/// `\r`, `\n`, `\t` and `\\` as people write them in a form.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let real = match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('r') => '\r',
                Some('n') => '\n',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            },
            (c, false) => c,
        };
        out.extend_from_slice(real.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out
}
