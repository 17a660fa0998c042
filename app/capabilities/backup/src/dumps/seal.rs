//! A dump on its way out and back: compressed with zstd, encrypted with age, hashed; a stream with bounded memory both ways.
//!
//! Nouns: [`Lock`] (for whom), [`Key`] (by whom), [`Packer`], [`unpack`], [`Passed`] (what went through).

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::str::FromStr as _;

use age::secrecy::SecretString;
use age::stream::StreamWriter;
use bytes::Bytes;
use kernel::{Error, Result, Secret};
use ring::digest::{Context, SHA256};
use tokio::sync::mpsc::{Receiver, Sender};

/// Fast, and within a few per cent of what slower levels reach on dumps.
const LEVEL: i32 = 3;
/// So much of the end is kept, for the words a whole text dump ends with.
const TAIL: usize = 1_024;
const CHUNK: usize = 128 << 10;

/// For whom it is encrypted.
pub enum Lock {
    Nobody,
    Recipient(String),
    Passphrase(Secret),
}

/// What opens it again.
pub enum Key {
    None,
    Identity(Secret),
    Passphrase(Secret),
    /// It is not here: only the stored bytes are looked at.
    Elsewhere,
}

/// What went through.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    pub raw: u64,
    pub stored: u64,
    /// Of the stored bytes, in hex.
    pub sha256: String,
    pub tail: Vec<u8>,
}

/// Counts and hashes what is stored.
struct Hashed<W> {
    inner: W,
    count: u64,
    hash: Context,
}

enum Locked<W: Write> {
    Plain(Box<Hashed<W>>),
    Age(Box<StreamWriter<Hashed<W>>>),
}

/// Raw bytes in, a file out. Not finished, the file is worth nothing.
pub struct Packer {
    encoder: zstd::Encoder<'static, Locked<File>>,
    raw: u64,
    tail: Vec<u8>,
}

impl Packer {
    pub fn new(file: File, lock: &Lock) -> Result<Packer> {
        let hashed = Hashed { inner: file, count: 0, hash: Context::new(&SHA256) };
        let locked = match lock {
            Lock::Nobody => Locked::Plain(Box::new(hashed)),
            Lock::Recipient(recipient) => {
                let recipient = age::x25519::Recipient::from_str(recipient)
                    .map_err(|error| Error::internal("reading an age recipient").because(error))?;
                encrypted(&recipient, hashed)?
            }
            Lock::Passphrase(passphrase) => {
                encrypted(&age::scrypt::Recipient::new(SecretString::from(passphrase.expose().to_owned())), hashed)?
            }
        };
        let mut encoder = zstd::Encoder::new(locked, LEVEL).map_err(writing)?;
        encoder.include_checksum(true).map_err(writing)?;
        Ok(Packer { encoder, raw: 0, tail: Vec::new() })
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.encoder.write_all(bytes)?;
        self.raw += bytes.len() as u64;
        keep_tail(&mut self.tail, bytes);
        Ok(())
    }

    /// Everything is on disk when this returns.
    pub fn finish(self) -> io::Result<Passed> {
        let hashed = match self.encoder.finish()? {
            Locked::Plain(hashed) => *hashed,
            Locked::Age(writer) => writer.finish()?,
        };
        hashed.inner.sync_all()?;
        Ok(Passed { raw: self.raw, stored: hashed.count, sha256: hex(hashed.hash), tail: self.tail })
    }
}

fn encrypted<W: Write>(recipient: &dyn age::Recipient, hashed: Hashed<W>) -> Result<Locked<W>> {
    let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient))
        .map_err(|error| Error::internal("beginning to encrypt a dump").because(error))?;
    Ok(Locked::Age(Box::new(encryptor.wrap_output(hashed).map_err(writing)?)))
}

fn writing(error: io::Error) -> Error {
    Error::unavailable(format!("The dump could not be written to this machine's disk: {error}."))
}

/// Stored bytes come in, the dump goes out; both in chunks. Blocks: for a thread of its own. `sink` may be gone: nobody listens.
pub fn unpack(chunks: Receiver<Bytes>, key: &Key, sink: Option<Sender<Bytes>>) -> io::Result<Passed> {
    let mut stored = Hashed { inner: Chunks { chunks, rest: Bytes::new() }, count: 0, hash: Context::new(&SHA256) };
    let mut passed = Passed::default();
    match key {
        Key::Elsewhere => drop(io::copy(&mut stored, &mut io::sink())?),
        Key::None => decompress(&mut stored, &mut passed, sink)?,
        Key::Identity(identity) => {
            let identity = age::x25519::Identity::from_str(identity.expose()).map_err(io::Error::other)?;
            decompress(opened(&mut stored, &identity)?, &mut passed, sink)?;
        }
        Key::Passphrase(passphrase) => {
            let identity = age::scrypt::Identity::new(SecretString::from(passphrase.expose().to_owned()));
            decompress(opened(&mut stored, &identity)?, &mut passed, sink)?;
        }
    }
    // What stands behind the end belongs to the object, too.
    io::copy(&mut stored, &mut io::sink())?;
    Ok(Passed { stored: stored.count, sha256: hex(stored.hash), ..passed })
}

fn opened<'a, R: Read + 'a>(stored: R, identity: &dyn age::Identity) -> io::Result<impl Read + 'a> {
    let decryptor = age::Decryptor::new_buffered(BufReader::with_capacity(CHUNK, stored)).map_err(io::Error::other)?;
    decryptor.decrypt(std::iter::once(identity)).map_err(io::Error::other)
}

fn decompress(stored: impl Read, passed: &mut Passed, mut sink: Option<Sender<Bytes>>) -> io::Result<()> {
    let mut decoder = zstd::Decoder::new(stored)?;
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = match decoder.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        passed.raw += read as u64;
        keep_tail(&mut passed.tail, &buffer[..read]);
        if sink.as_ref().is_some_and(|sink| sink.blocking_send(Bytes::copy_from_slice(&buffer[..read])).is_err()) {
            sink = None;
        }
    }
}

fn keep_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
    let surplus = tail.len().saturating_sub(TAIL);
    tail.drain(..surplus);
}

fn hex(hash: Context) -> String {
    hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count += written as u64;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count += read as u64;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

impl<W: Write> Write for Locked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Locked::Plain(hashed) => hashed.write(bytes),
            Locked::Age(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Locked::Plain(hashed) => hashed.flush(),
            Locked::Age(writer) => writer.flush(),
        }
    }
}

/// A channel as a reader.
struct Chunks {
    chunks: Receiver<Bytes>,
    rest: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.chunks.blocking_recv() {
                Some(bytes) => self.rest = bytes,
                None => return Ok(0),
            }
        }
        let read = buffer.len().min(self.rest.len());
        buffer[..read].copy_from_slice(&self.rest.split_to(read));
        Ok(read)
    }
}

/// A new identity and its recipient.
pub fn new_key() -> (Secret, String) {
    use age::secrecy::ExposeSecret as _;
    let identity = age::x25519::Identity::generate();
    (Secret::new(identity.to_string().expose_secret()), identity.to_public().to_string())
}
