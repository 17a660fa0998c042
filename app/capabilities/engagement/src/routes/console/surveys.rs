//! Surveys: the list, one with its answers, and what their forms do.

use capability::{Cx, Framed, audit};
use identity::contacts::Contact;
use identity::store as people;
use kernel::Role;
use kernel::time::DAY;
use serde::Deserialize;
use web::{By, Form, Member, Path, Reply, State, Viewer, see_other_with};

use super::page;
use crate::model::{SurveyKind, survey_line};
use crate::pages::surveys::{Comment, List, One, draw_list, draw_one};
use crate::store::{self, Draft};

/// What a score is computed from: the last 90 days, as the field does.
pub const DAYS: u32 = 90;
const COMMENTS: u32 = 50;

pub async fn list(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed) -> Reply {
    let can_make = framed.0.member.role >= Role::Member;
    let list = cx
        .read(move |r| {
            let surveys = store::list_surveys(r)?;
            let scored = surveys.into_iter().map(|survey| {
                let scores = store::scores(r, survey.id, r.now - DAY * DAYS)?;
                Ok((survey, scores))
            });
            Ok(List { surveys: scored.collect::<kernel::Result<_>>()?, can_make })
        })
        .await?;
    page(&framed.live(&[]), "Surveys", draw_list(&list))
}

#[derive(Debug, Deserialize)]
pub struct Made {
    kind: String,
    #[serde(default)]
    question: String,
    #[serde(default)]
    follow_up: String,
    #[serde(default)]
    thanks: String,
}

pub async fn make(State(cx): State<Cx>, by: By<Member>, Form(form): Form<Made>) -> Reply {
    let kind = SurveyKind::parse(&form.kind)?;
    let draft = Draft {
        kind,
        question: survey_line("question", &form.question, kind.question())?,
        follow_up: survey_line("follow_up", &form.follow_up, "What is the main reason?")?,
        thanks: survey_line("thanks", &form.thanks, "Thank you!")?,
    };
    let id = cx
        .write(move |tx| {
            let id = store::new_survey(tx, &draft)?;
            audit(tx, &by.actor, "engagement.survey.make", &format!("survey {id}"), kind.as_str())?;
            Ok(id)
        })
        .await?;
    Ok(see_other_with(&format!("/engagement/surveys/{id}"), "The survey is open: put its form into a page."))
}

#[derive(Debug, Deserialize)]
pub struct Opened {
    open: String,
}

pub async fn open(State(cx): State<Cx>, by: By<Member>, Path(id): Path<i64>, Form(form): Form<Opened>) -> Reply {
    let is_open = form.open == "yes";
    cx.write(move |tx| {
        store::set_open(tx, id, is_open)?;
        let act = if is_open { "engagement.survey.open" } else { "engagement.survey.close" };
        audit(tx, &by.actor, act, &format!("survey {id}"), "")
    })
    .await?;
    Ok(see_other_with(
        &format!("/engagement/surveys/{id}"),
        if is_open { "Answers are taken again." } else { "No more answers are taken." },
    ))
}

pub async fn one(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Path(id): Path<i64>) -> Reply {
    let can_make = framed.0.member.role >= Role::Member;
    let base = cx.boot.public_url.as_str().trim_end_matches('/').to_owned();
    let one = cx
        .read(move |r| {
            let survey = store::find_survey(r, id)?.ok_or_else(|| kernel::Error::not_found("survey"))?;
            let key = people::list_dsn_keys(r)?.into_iter().find(|key| key.is_active).map(|key| key.public_key);
            let comments = store::comments(r, id, COMMENTS)?.into_iter().map(|answer| {
                let contact = answer.handle.map(|handle| people::contact_of_handle(r, handle)).transpose()?.flatten();
                let who = contact.map(|contact| people::get_contact(r, contact)).transpose()?;
                let who = who.map(|contact: Contact| (contact.id, contact.label()));
                Ok(Comment { who, score: answer.score, text: answer.comment, at: answer.answered_at })
            });
            Ok(One {
                comments: comments.collect::<kernel::Result<_>>()?,
                scores: store::scores(r, id, r.now - DAY * DAYS)?,
                survey,
                base,
                key: key.unwrap_or_else(|| "YOUR-KEY".to_owned()),
                can_make,
                now: r.now,
            })
        })
        .await?;
    page(&framed.live(&[crate::TOPIC]), "Survey", draw_one(&one))
}
