//! Tests of releases through the house: real files, a frozen clock, the router as it is served.

mod cli;
mod hostile;
mod maps;
mod pages;
mod resolving;
mod sessions;
mod shop;
mod upkeep;

use capability::Capability;
use identity::projects::{Project, ProjectDraft};
use testkit::TestHouse;

pub static LIST: &[&dyn Capability] = &[&crate::Releases];

pub async fn house() -> TestHouse {
    let house = TestHouse::new(LIST).await;
    // Schedules begin to count with the first work.
    house.work().await;
    house
}

pub async fn project(house: &TestHouse, name: &str) -> Project {
    let name = name.to_owned();
    house.cx.write(move |tx| Ok(identity::store::new_project(tx, ProjectDraft::named(&name))?.0)).await.unwrap()
}
