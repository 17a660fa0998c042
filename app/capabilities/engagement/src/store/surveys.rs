//! Surveys and their answers. In hermetic.db.

use db::{Reader, Tx};
use kernel::ids::HandleId;
use kernel::time::DAY;
use kernel::{Error, Result, Time};
use rusqlite::{Row, params};

use crate::model::SurveyKind as Kind;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    pub id: i64,
    pub kind: Kind,
    pub question: String,
    /// What is asked after the score.
    pub follow_up: String,
    pub thanks: String,
    pub is_open: bool,
    pub created_at: Time,
}

/// What a person enters about a survey: checked.
#[derive(Debug, Clone)]
pub struct Draft {
    pub kind: Kind,
    pub question: String,
    pub follow_up: String,
    pub thanks: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub handle: Option<HandleId>,
    pub score: u8,
    pub comment: String,
    pub answered_at: Time,
}

const COLUMNS: &str = "id, kind, question, follow_up, thanks, closed_at, created_at";

fn read_survey(row: &Row<'_>) -> rusqlite::Result<Survey> {
    let kind: String = row.get(1)?;
    Ok(Survey {
        id: row.get(0)?,
        kind: if kind == "csat" { Kind::Csat } else { Kind::Nps },
        question: row.get(2)?,
        follow_up: row.get(3)?,
        thanks: row.get(4)?,
        is_open: row.get::<_, Option<i64>>(5)?.is_none(),
        created_at: Time(row.get(6)?),
    })
}

pub fn find_survey(r: &Reader<'_>, id: i64) -> Result<Option<Survey>> {
    r.row(&format!("select {COLUMNS} from engagement_surveys where id = ?"), [id], read_survey)
}

/// The newest first; at most 100.
pub fn list_surveys(r: &Reader<'_>) -> Result<Vec<Survey>> {
    r.rows(&format!("select {COLUMNS} from engagement_surveys order by id desc limit 100"), [], read_survey)
}

pub fn new_survey(tx: &mut Tx<'_>, draft: &Draft) -> Result<i64> {
    tx.insert(
        "insert into engagement_surveys (kind, question, follow_up, thanks, created_at) values (?, ?, ?, ?, ?)",
        params![draft.kind.as_str(), draft.question, draft.follow_up, draft.thanks, tx.now.0],
    )
}

/// Takes no more answers, or takes them again.
pub fn set_open(tx: &mut Tx<'_>, id: i64, is_open: bool) -> Result<()> {
    let closed_at = (!is_open).then_some(tx.now.0);
    let changed = tx.run("update engagement_surveys set closed_at = ? where id = ?", params![closed_at, id])?;
    if changed == 0 { Err(Error::not_found("survey")) } else { Ok(()) }
}

/// Who answers again within so many days has thought better of it: the newer answer takes the place of the older.
const AGAIN_DAYS: u32 = 7;

pub fn answer(tx: &mut Tx<'_>, survey: i64, answer: &Answer) -> Result<()> {
    if let Some(handle) = answer.handle {
        let since = tx.now - DAY * AGAIN_DAYS;
        let changed = tx.run(
            "update engagement_answers set score = ?1, comment = ?2, answered_at = ?3 \
             where survey_id = ?4 and handle_id = ?5 and answered_at > ?6",
            params![answer.score, answer.comment, tx.now.0, survey, handle.0, since.0],
        )?;
        if changed > 0 {
            return Ok(());
        }
    }
    tx.run(
        "insert into engagement_answers (survey_id, handle_id, score, comment, answered_at) values (?, ?, ?, ?, ?)",
        params![survey, answer.handle.map(|id| id.0), answer.score, answer.comment, tx.now.0],
    )?;
    tx.signal(crate::TOPIC);
    Ok(())
}

/// How often each score was given since `from`.
pub fn scores(r: &Reader<'_>, survey: i64, from: Time) -> Result<Vec<(u8, u64)>> {
    r.rows(
        "select score, count(*) from engagement_answers where survey_id = ? and answered_at >= ? group by score order by score",
        params![survey, from.0],
        |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.max(0) as u64)),
    )
}

/// The newest with a comment first; at most `limit`.
pub fn comments(r: &Reader<'_>, survey: i64, limit: u32) -> Result<Vec<Answer>> {
    r.rows(
        "select handle_id, score, comment, answered_at from engagement_answers where survey_id = ? and comment <> '' \
         order by answered_at desc, id desc limit ?",
        params![survey, limit],
        |row| {
            Ok(Answer {
                handle: row.get::<_, Option<i64>>(0)?.map(HandleId),
                score: row.get(1)?,
                comment: row.get(2)?,
                answered_at: Time(row.get(3)?),
            })
        },
    )
}

/// What these handles answered, each with its survey.
pub fn answers_of(r: &Reader<'_>, handles: &[HandleId]) -> Result<Vec<(i64, Answer)>> {
    let mut all = Vec::new();
    for handle in handles {
        let sql = "select survey_id, score, comment, answered_at from engagement_answers where handle_id = ? order by id";
        all.extend(r.rows(sql, [handle.0], |row| {
            let answer = Answer { handle: Some(*handle), score: row.get(1)?, comment: row.get(2)?, answered_at: Time(row.get(3)?) };
            Ok((row.get(0)?, answer))
        })?);
    }
    Ok(all)
}

/// Answers of a handle: gone, or without what would tell who it was.
pub fn forget_answers(tx: &mut Tx<'_>, handle: HandleId, keeps_scores: bool) -> Result<()> {
    if keeps_scores {
        tx.run("update engagement_answers set comment = '', handle_id = null where handle_id = ?", [handle.0])?;
    } else {
        tx.run("delete from engagement_answers where handle_id = ?", [handle.0])?;
    }
    Ok(())
}
