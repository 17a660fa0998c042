//! What people do: delete uploads, delete a release.

use capability::House;
use ingest::releases::Release;
use kernel::ids::{ProjectId, ReleaseId};
use kernel::time::DAY;
use kernel::{Error, Result};
use web::Actor;

use crate::TOPIC;
use crate::model::session::forgotten_before;
use crate::store::{artifacts, deploys, hours, sessions};

/// Its source maps and debug files; everything else stays.
pub fn remove_artifacts(house: &House, actor: &Actor, release: &Release) -> Result<usize> {
    let removed = remove_uploads(house, release.project, &release.version)?;
    let (actor, subject) = (actor.clone(), format!("release {}", release.version));
    house.hermetic.write_blocking(move |tx| {
        tx.signal(TOPIC);
        capability::audit(tx, &actor, "releases.artifacts.delete", &subject, &format!("{removed} uploads"))
    })?;
    Ok(removed)
}

/// `subject`: what the audit calls the place it lay in.
pub fn remove_bundle(house: &House, actor: &Actor, project: ProjectId, subject: &str, bundle: i64) -> Result<()> {
    if house.telemetry.write_blocking(move |tx| artifacts::remove_bundle(tx, project, bundle))? == 0 {
        return Err(Error::not_found("upload"));
    }
    let (actor, subject) = (actor.clone(), subject.to_owned());
    house.hermetic.write_blocking(move |tx| {
        tx.signal(TOPIC);
        capability::audit(tx, &actor, "releases.artifacts.delete", &subject, "one upload")
    })
}

/// One after the other, so that reports come in between. Gives how many went.
pub fn remove_uploads(house: &House, project: ProjectId, release: &str) -> Result<usize> {
    let mut removed = 0;
    loop {
        let version = release.to_owned();
        match house.telemetry.write_blocking(move |tx| artifacts::remove_some_of_release(tx, project, &version, 1))? {
            0 => return Ok(removed),
            some => removed += some,
        }
    }
}

/// Their counters go: an update of one that is still remembered would be counted against nothing.
fn forget_sessions(house: &House, project: ProjectId, release: ReleaseId) -> Result<()> {
    let (mut day, today) = (forgotten_before(house.clock.now()), house.clock.now().day_start());
    while day <= today {
        house.telemetry.write_blocking(move |tx| sessions::forget_of(tx, day, project, release))?;
        day = day + DAY;
    }
    Ok(())
}

/// Everything that is kept about it here. Its name stays known to what was reported from it; a new report lists it again.
pub fn remove_release(house: &House, actor: &Actor, release: &Release) -> Result<()> {
    let (id, project) = (release.id, release.project);
    remove_uploads(house, project, &release.version)?;
    forget_sessions(house, project, id)?;
    house.telemetry.write_blocking(move |tx| sessions::forget_people_of(tx, id))?;
    let (actor, subject) = (actor.clone(), format!("release {}", release.version));
    house.hermetic.write_blocking(move |tx| {
        hours::remove_of(tx, id)?;
        deploys::hide(tx, project, id)?;
        tx.signal(TOPIC);
        capability::audit(tx, &actor, "releases.release.delete", &subject, "")
    })
}
