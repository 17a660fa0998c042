//! The running copies of this instance's two files. The app starts and ends them; the capability looks at them.
//!
//! - [`Copies`]: found by [`Copies::of`]; absent where no destination is configured
//! - [`Place`]: a destination as the configuration names it; each file has a path of its own below it

use capability::{Cx, Durability, House};
use db::File;
use kernel::Result;
use replica::address::{Address, S3Options};
use replica::engine::{Destination, Options, Replica, StartOptions};
use replica::envelope::Envelope;
use replica::lease::Owner;
use replica::levels::Windows;
use replica::store::{Store, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::durable::Waits;
use crate::source::DbSource;

/// Both files, in the order in which they are restored.
pub const FILES: [File; 2] = [File::Hermetic, File::Telemetry];

/// A destination of the configuration. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Place {
    pub name: String,
    pub address: Address,
    pub options: S3Options,
    pub is_append_only: bool,
    /// Encrypts what is put there.
    pub envelope: Option<Arc<Envelope>>,
}

impl Place {
    /// Where the copy of one file is: `<address>/hermetic.db`, `<address>/telemetry.db`.
    pub fn store(&self, file: File) -> Result<Store, StoreError> {
        Ok(Store::open(&self.address.child(file.file_name()), &self.options)?.with_envelope(self.envelope.clone()))
    }

    /// Whether what is written there can be read back here.
    pub fn is_readable(&self) -> bool {
        self.envelope.as_ref().is_none_or(|envelope| envelope.can_read())
    }
}

pub struct Copies {
    pub places: Vec<Place>,
    hermetic: Replica,
    telemetry: Replica,
    /// Found by the doors of the house as long as this lives.
    _durability: Arc<Durability>,
    shutdown: CancellationToken,
}

impl Copies {
    /// `None` where nothing is copied.
    pub fn of(house: &House) -> Option<Arc<Copies>> {
        house.slots.find::<Copies>()
    }

    /// Begins to copy both files of the house. Keep what this gives until [`Copies::finish`].
    pub fn start(cx: &Cx, places: Vec<Place>, owner: Owner) -> Result<Arc<Copies>> {
        let shutdown = CancellationToken::new();
        let windows = cx.hermetic.read_blocking(crate::settings::windows)?;
        let start = |file: File| {
            let destinations = places
                .iter()
                .map(|place| {
                    let store = place.store(file).map_err(|error| kernel::Error::invalid(error.to_string()))?;
                    Ok(Destination { name: place.name.clone(), store, is_append_only: place.is_append_only })
                })
                .collect::<Result<Vec<_>>>()?;
            let db = match file {
                File::Hermetic => &cx.hermetic,
                File::Telemetry => &cx.telemetry,
            };
            Replica::start(StartOptions {
                source: DbSource::new(db.clone()),
                spool: spool(&cx.boot.data_dir, file),
                destinations,
                owner: owner.clone(),
                options: options(file, windows),
                clock: cx.clock.clone(),
                shutdown: shutdown.clone(),
            })
        };
        let (hermetic, telemetry) = (start(File::Hermetic)?, start(File::Telemetry)?);
        let waits = Waits::new(cx.hermetic.clone(), hermetic.clone(), telemetry.clone());
        let durability = cx.slots.get_or_make(|| Ok(Durability(Box::new(waits))))?;
        cx.slots.get_or_make(|| Ok(Copies { places, hermetic, telemetry, _durability: durability, shutdown }))
    }

    pub fn is_readable(&self, destination: &str) -> bool {
        self.places.iter().any(|place| place.name == destination && place.is_readable())
    }

    pub fn replica(&self, file: File) -> &Replica {
        match file {
            File::Hermetic => &self.hermetic,
            File::Telemetry => &self.telemetry,
        }
    }

    /// After the last write: captures the rest, sends it, gives the leases back. At most so long.
    pub async fn finish(&self, most: Duration) {
        self.shutdown.cancel();
        tokio::join!(self.hermetic.finish(most), self.telemetry.finish(most));
    }
}

/// The folder of a file's spool.
pub fn spool(data_dir: &Path, file: File) -> PathBuf {
    data_dir.join("replica").join(file.file_name())
}

/// The state is copied at once; the log, which is written without pause and can be missed by seconds, in larger pieces: each
/// request costs money.
fn options(file: File, windows: Windows) -> Options {
    let options = Options { windows, ..Options::default() };
    match file {
        File::Hermetic => options,
        File::Telemetry => Options { idle: Duration::from_secs(5), gather: Duration::from_secs(10), ..options },
    }
}
