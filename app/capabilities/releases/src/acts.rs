//! What people do: delete uploads, delete a release.

use capability::House;
use ingest::releases::Release;
use kernel::ids::ProjectId;
use kernel::{Error, Result};
use web::Actor;

use crate::TOPIC;
use crate::store::{artifacts, deploys, hours, sessions};

/// Its source maps and debug files; everything else stays.
pub fn remove_artifacts(house: &House, actor: &Actor, release: &Release) -> Result<usize> {
    let (project, version) = (release.project, release.version.clone());
    let removed = house.telemetry.write_blocking(move |tx| artifacts::remove_bundles_of(tx, project, &version))?;
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

/// Everything that is kept about it here. Its name stays known to what was reported from it; a new report lists it again.
pub fn remove_release(house: &House, actor: &Actor, release: &Release) -> Result<()> {
    let (id, project, version) = (release.id, release.project, release.version.clone());
    house.telemetry.write_blocking(move |tx| {
        artifacts::remove_bundles_of(tx, project, &version)?;
        sessions::forget_people_of(tx, id)
    })?;
    let (actor, subject) = (actor.clone(), format!("release {}", release.version));
    house.hermetic.write_blocking(move |tx| {
        hours::remove_of(tx, id)?;
        deploys::hide(tx, project, id)?;
        tx.signal(TOPIC);
        capability::audit(tx, &actor, "releases.release.delete", &subject, "")
    })
}
