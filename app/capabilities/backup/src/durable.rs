//! Answers that wait for the copy: a change is answered once its bytes are at the first destination, where that is set for the
//! capability whose door it came through, or, after [`MOST`], as pending. Those who wait at the same time are served by the same
//! upload. Doors for everybody (sign-in, beats) never wait.

use db::Db;
use replica::engine::Replica;
use std::time::Duration;
use web::{BoxFuture, Durable, Kept};

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

    async fn wait(&self, owner: &'static str) -> Kept {
        match self.db.read(move |r| Ok(settings::durable(r)?.iter().any(|name| name == owner))).await {
            Ok(false) => return Kept::NotAsked,
            Ok(true) => {}
            Err(error) => {
                tracing::warn!(error = error.chain(), "whether an answer is to wait for the copy could not be looked up");
                return Kept::Pending;
            }
        }
        let (hermetic, telemetry) = tokio::join!(self.hermetic.reached(MOST), self.telemetry.reached(MOST));
        if hermetic.and(telemetry).is_ok() { Kept::Reached } else { Kept::Pending }
    }
}

impl Durable for Waits {
    fn reached<'a>(&'a self, owner: &'static str) -> BoxFuture<'a, Kept> {
        Box::pin(self.wait(owner))
    }
}
