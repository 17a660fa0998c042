//! What members write about an issue.

use capability::Cx;
use kernel::{Error, Result};
use serde::Deserialize;
use web::{By, Form, Member, Path, Reply, State, see_other_with};

use super::acts::{act_of, path, who};
use super::{issue, member_of};
use crate::model::ActKind;
use crate::store::acts as history;

const MAX_COMMENT: usize = 10_000;

#[derive(Deserialize)]
pub struct CommentForm {
    text: String,
}

impl CommentForm {
    fn checked(&self) -> Result<String> {
        let text = self.text.trim();
        if text.is_empty() || text.chars().count() > MAX_COMMENT {
            return Err(Error::field("text", "Please write 1 to 10000 characters."));
        }
        Ok(text.to_owned())
    }
}

pub async fn comment(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<CommentForm>) -> Reply {
    let caller = by.actor;
    let text = form.checked()?;
    cx.write(move |tx| {
        let issue = issue::get(tx, id)?;
        history::add_act(tx, issue.id, ActKind::Commented, &who(&caller), &text, None).map(|_| ())
    })
    .await?;
    Ok(see_other_with(&format!("/errors/{id}#history"), "Comment added."))
}

/// Only by whoever wrote it.
pub async fn edit_comment(
    State(cx): State<Cx>,
    by: By<Member>,
    Path((id, comment)): Path<(i64, i64)>,
    Form(form): Form<CommentForm>,
) -> Reply {
    let member = member_of(&by.actor).ok_or_else(|| Error::forbidden("Only whoever wrote a comment can change it."))?;
    let text = form.checked()?;
    cx.write(move |tx| {
        act_of(tx, id, comment)?;
        history::edit_comment(tx, comment, member, &text)
    })
    .await?;
    Ok(see_other_with(&format!("/errors/{id}#history"), "Comment changed."))
}

pub async fn remove_comment(State(cx): State<Cx>, by: By<Member>, Path((id, comment)): Path<(i64, i64)>) -> Reply {
    let caller = by.actor;
    let member = member_of(&caller).ok_or_else(|| Error::forbidden("Only whoever wrote a comment can delete it."))?;
    cx.write(move |tx| {
        act_of(tx, id, comment)?;
        history::remove_comment(tx, comment, member)?;
        capability::audit(tx, &caller, "errors.comment.remove", &format!("issue {id}"), "")
    })
    .await?;
    Ok(see_other_with(&path(id), "Comment deleted."))
}
