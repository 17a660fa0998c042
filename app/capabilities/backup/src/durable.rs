//! Answers that wait for the copy: a change is answered once its bytes are at the first destination, where that is set for the
//! capability whose door it came through. Those who wait at the same time are served by the same upload.

use db::Db;
use kernel::{Error, Result};
use replica::engine::Replica;
use std::time::Duration;
use web::{BoxFuture, Durable};

use crate::settings;

/// The longest an answer is held back.
const MOST: Duration = Duration::from_secs(10);

pub struct Waits {
    db: Db,
    hermetic: Replica,
    telemetry: Replica,
}

impl Waits {
    pub fn new(db: Db, hermetic: Replica, telemetry: Replica) -> Waits {
        Waits { db, hermetic, telemetry }
    }

    async fn wait(&self, owner: &'static str) -> Result<()> {
        let is_wanted = self.db.read(move |r| Ok(settings::durable(r)?.iter().any(|name| name == owner))).await?;
        if !is_wanted {
            return Ok(());
        }
        let (hermetic, telemetry) = tokio::join!(self.hermetic.reached(MOST), self.telemetry.reached(MOST));
        hermetic.and(telemetry).map_err(|error| {
            let sentence = "This is stored here, but its copy has not arrived at the destination yet. Trying again is safe.";
            Error::unavailable(sentence).because(error)
        })
    }
}

impl Durable for Waits {
    fn reached<'a>(&'a self, owner: &'static str) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.wait(owner))
    }
}
