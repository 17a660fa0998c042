//! An object on its way here: chunk by chunk, taken up again where a broken answer ended.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};

use super::counted::Counters;
use super::refusal::{root_cause, server};
use super::s3::S3;
use super::upload::blocking;
use super::{Head, Result, Span, StoreError};

/// How often an answer that brings nothing more is asked for again.
const RESUMPTIONS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(250);
/// Read from a file at once.
const CHUNK: u64 = 256 << 10;

/// The head is known, the bytes come.
#[derive(Debug)]
pub struct Object {
    pub head: Head,
    source: Source,
    /// What is still to come.
    rest: Range<u64>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
enum Source {
    Bucket { s3: S3, key: String, body: Box<ByteStream>, resumed: u32 },
    Folder(Arc<File>),
}

impl Object {
    pub(super) fn from_bucket(head: Head, s3: S3, key: &str, body: ByteStream, rest: Range<u64>) -> Object {
        let counters = Arc::clone(&s3.counters);
        Object { head, source: Source::Bucket { s3, key: key.to_owned(), body: Box::new(body), resumed: 0 }, rest, counters }
    }

    pub(super) fn from_folder(head: Head, file: File, rest: Range<u64>, counters: Arc<Counters>) -> Object {
        Object { head, source: Source::Folder(Arc::new(file)), rest, counters }
    }

    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        self.rest.end - self.rest.start
    }

    /// The next bytes; `None` after the last, never before.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let bytes = match &mut self.source {
            Source::Bucket { s3, key, body, resumed } => next_of_bucket(s3, key, body, resumed, &self.rest, &self.head).await?,
            Source::Folder(file) => next_of_file(file, &self.rest).await?,
        };
        self.rest.start += bytes.len() as u64;
        self.counters.down(bytes.len());
        Ok(Some(bytes))
    }

    /// All the bytes at once; refused when there are more than `most`.
    pub async fn read_all(mut self, most: usize) -> Result<Bytes> {
        if self.remaining() > most as u64 {
            return Err(StoreError::Invalid(format!("The object has {} bytes; at most {most} were expected.", self.remaining())));
        }
        let mut all = BytesMut::with_capacity(self.remaining() as usize);
        while let Some(bytes) = self.chunk().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }
}

async fn next_of_bucket(s3: &S3, key: &str, body: &mut ByteStream, resumed: &mut u32, rest: &Range<u64>, head: &Head) -> Result<Bytes> {
    loop {
        let why = match body.next().await {
            Some(Ok(bytes)) if bytes.is_empty() => continue,
            Some(Ok(bytes)) => {
                // It came further: a line that breaks every few megabytes still brings a whole database.
                *resumed = 0;
                return Ok(bytes.slice(..bytes.len().min((rest.end - rest.start) as usize)));
            }
            Some(Err(error)) => root_cause(&error),
            None => "the answer ended too early".to_owned(),
        };
        *body = resume(s3, key, resumed, rest, head, &why).await?;
    }
}

/// Asks for the rest of the same object.
async fn resume(s3: &S3, key: &str, resumed: &mut u32, rest: &Range<u64>, head: &Head, why: &str) -> Result<ByteStream> {
    loop {
        if *resumed == RESUMPTIONS {
            let (object, server) = (s3.named(key), server(&s3.place));
            return Err(StoreError::Unreachable(format!("{object} could not be read to its end: {server} broke off ({why}).")));
        }
        *resumed += 1;
        tokio::time::sleep(PAUSE).await;
        let span = Span { from: rest.start, to: Some(rest.end) };
        match s3.get_body(key, Some(span), head.etag.clone()).await {
            // Not all servers keep to If-Match where something is read.
            Ok((now, _, _, _)) if now.etag != head.etag => {
                let object = s3.named(key);
                return Err(StoreError::Condition(format!("{object} was replaced while it was read. Read it again.")));
            }
            Ok((_, body, _, _)) => return Ok(body),
            Err(StoreError::Unreachable(_)) => {}
            Err(error) => return Err(error),
        }
    }
}

async fn next_of_file(file: &Arc<File>, rest: &Range<u64>) -> Result<Bytes> {
    let (file, from, size) = (Arc::clone(file), rest.start, CHUNK.min(rest.end - rest.start));
    let read = blocking(move || {
        let mut bytes = vec![0; size as usize];
        file.read_exact_at(&mut bytes, from)?;
        Ok(Bytes::from(bytes))
    });
    read.await.map_err(|error| StoreError::Unreachable(format!("A file of the replica could not be read to its end: {error}.")))
}
