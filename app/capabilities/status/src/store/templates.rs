//! Texts to start a report from.

use super::word;
use crate::model::{Impact, Phase};
use db::{Reader, Tx};
use kernel::Result;
use rusqlite::params;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRow {
    pub id: i64,
    pub name: String,
    pub title: String,
    pub impact: Impact,
    pub phase: Phase,
    pub body: String,
}

pub fn list_templates(r: &Reader<'_>) -> Result<Vec<TemplateRow>> {
    r.rows("select id, name, title, impact, phase, body from status_templates order by id limit 200", [], |row| {
        Ok(TemplateRow {
            id: row.get(0)?,
            name: row.get(1)?,
            title: row.get(2)?,
            impact: word(row, 3)?,
            phase: word(row, 4)?,
            body: row.get(5)?,
        })
    })
}

/// A new one when its id is 0.
pub fn save_template(tx: &mut Tx<'_>, template: &TemplateRow) -> Result<()> {
    let fields =
        params![template.name, template.title, template.impact.as_str(), template.phase.as_str(), template.body, tx.now.0, template.id];
    let sql = match template.id {
        0 => "insert into status_templates (name, title, impact, phase, body, created_at) select ?, ?, ?, ?, ?, ? where ? = 0",
        _ => "update status_templates set name = ?, title = ?, impact = ?, phase = ?, body = ?, created_at = ? where id = ?",
    };
    tx.run(sql, fields)?;
    Ok(())
}

pub fn delete_template(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.run("delete from status_templates where id = ?", [id])?;
    Ok(())
}
