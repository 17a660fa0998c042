//! What is decided about copies, without asking anybody: [`condition`] and what it calls for, [`cost`], the [`disk`], the [`timeline`] of
//! restore points, the [`report`] of a drill.

pub mod condition;
pub mod cost;
pub mod disk;
pub mod report;
pub mod timeline;
