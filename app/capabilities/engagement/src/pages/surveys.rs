//! Surveys: the list, and one with what was answered.

use frontend::prelude::*;
use kernel::Time;
use kernel::ids::ContactId;

use super::{Tabbed, pages_of};
use crate::model::{Score, SurveyKind, score};
use crate::store::Survey;

pub struct List {
    /// Each with how often a score was given within 90 days.
    pub surveys: Vec<(Survey, Vec<(u8, u64)>)>,
    pub can_make: bool,
}

pub fn draw_list(list: &List) -> View {
    let head = page_head(PageHead {
        title: "Surveys",
        lead: "A question in your page, answered with a score: how likely people recommend you (NPS), or how satisfied they are (CSAT).",
        ..PageHead::default()
    });
    let rows = list.surveys.iter().map(|(survey, scores)| {
        let result = score(survey.kind, scores);
        Row::new(vec![
            link(format!("/engagement/surveys/{}", survey.id), &survey.question),
            muted(&label(survey.kind)),
            result.map_or_else(|| muted("–"), |score| view! { <span class="number">{value(survey.kind, &score)}</span> }.into_any()),
            view! { <span class="number">{result.map_or(0, |score| score.answers).to_string()}</span> }.into_any(),
            if survey.is_open { state_dot(Tone::Good, "open") } else { state_dot(Tone::Neutral, "closed") },
        ])
    });
    let listed = table(Table {
        caption: "Surveys",
        heads: &[
            Head::text("Question"),
            Head::text("Kind"),
            Head::number("Score, 90 days"),
            Head::number("Answers, 90 days"),
            Head::text("State"),
        ],
        rows: rows.collect(),
        empty: EmptyState {
            title: "Nothing is asked yet",
            sentence: "Make the first survey below: a form of a few lines that any page can show.",
            actions: Vec::new(),
        },
    });
    let mut parts = vec![head, pages_of(Tabbed::Surveys), card(Card { is_flush: true, ..Card::default() }, listed)];
    parts.extend(list.can_make.then(make));
    stack(parts)
}

fn label(kind: SurveyKind) -> String {
    match kind {
        SurveyKind::Nps => "NPS, 0 to 10".to_owned(),
        SurveyKind::Csat => "CSAT, 1 to 5".to_owned(),
    }
}

/// `+40 ± 12`, `75 % ± 8`.
fn value(kind: SurveyKind, score: &Score) -> String {
    match kind {
        SurveyKind::Nps => format!("{:+.0} ± {:.0}", score.value, score.margin),
        SurveyKind::Csat => format!("{:.0} % ± {:.0}", score.value, score.margin),
    }
}

fn make() -> View {
    let fields = Fields::new(&[]);
    let kinds =
        [Choice::new("nps", "Would you recommend us? (NPS, 0 to 10)"), Choice::new("csat", "How satisfied are you? (CSAT, 1 to 5)")];
    let kind = fields.select(Select { name: "kind", label: "What is asked", value: "nps", choices: &kinds, ..Select::default() });
    let line = |name, label, placeholder| {
        fields.text(TextField {
            name,
            label,
            placeholder,
            max: 200,
            help: "Left empty: as it stands in the field.",
            ..TextField::default()
        })
    };
    let body = view! {
        {kind}
        {line("question", "Question", SurveyKind::Nps.question())}
        {line("follow_up", "Then", "What is the main reason?")}
        {line("thanks", "At the end", "Thank you!")}
        {submit_row(&SubmitRow { label: "Make the survey", look: Look::Primary, ..SubmitRow::default() })}
    };
    let made = form(Form { action: Href::path("/engagement/surveys"), ..Form::default() }, body);
    card(Card { title: "New survey", ..Card::default() }, made)
}

/// A comment with its score.
pub struct Comment {
    /// `None`: nobody said who it was.
    pub who: Option<(ContactId, String)>,
    pub score: u8,
    pub text: String,
    pub at: Time,
}

pub struct One {
    pub survey: Survey,
    pub scores: Vec<(u8, u64)>,
    pub comments: Vec<Comment>,
    pub base: String,
    pub key: String,
    pub can_make: bool,
    pub now: Time,
}

pub fn draw_one(one: &One) -> View {
    let survey = &one.survey;
    let state = if survey.is_open { state_badge(Tone::Good, "open") } else { state_badge(Tone::Neutral, "closed") };
    let action = Href::path(format!("/engagement/surveys/{}/open", survey.id));
    let toggle = one.can_make.then(|| {
        let (label, open) = if survey.is_open { ("Take no more answers", "no") } else { ("Take answers again", "yes") };
        form(Form { action, ..Form::default() }, view! { {hidden("open", open)} {button(label, Look::Plain, "", "")} })
    });
    let head = page_head(PageHead {
        title: &survey.question,
        trail: vec![("Surveys", Href::path("/engagement/surveys"))],
        badge: Some(state),
        actions: toggle.into_iter().collect(),
        ..PageHead::default()
    });
    let answers = view! { {result(one)} {spread(one)} };
    stack(vec![head, live("answers", answers), comments(one), embed(one)])
}

fn result(one: &One) -> View {
    let Some(score) = score(one.survey.kind, &one.scores) else {
        return empty_state(EmptyState {
            title: "Nobody has answered within 90 days",
            sentence: "Put the form below into a page that signed-in people see.",
            actions: Vec::new(),
        });
    };
    let (title, note) = match one.survey.kind {
        SurveyKind::Nps => ("NPS", "% of 9 and 10 less % of 0 to 6; with the 95 % margin"),
        SurveyKind::Csat => ("CSAT", "% of 4 and 5; with the 95 % margin"),
    };
    let answers = score.answers.to_string();
    let mean = format!("{:.2}", score.mean);
    tiles(vec![
        tile(&Tile { title, value: &value(one.survey.kind, &score), note, ..Tile::default() }),
        tile(&Tile { title: "Answers", value: &answers, note: "within 90 days", ..Tile::default() }),
        tile(&Tile { title: "Mean score", value: &mean, note: &label(one.survey.kind), ..Tile::default() }),
    ])
}

fn spread(one: &One) -> View {
    let times = |wanted: u8| one.scores.iter().find(|(score, _)| *score == wanted).map_or(0, |(_, times)| *times);
    let buckets: Vec<(String, u64)> = one.survey.kind.scores().map(|score| (score.to_string(), times(score))).collect();
    histogram(&Histogram {
        title: "Scores",
        about: "How often each score was given within 90 days.",
        buckets: &buckets,
        counted: "answers",
    })
}

fn comments(one: &One) -> View {
    let rows = one.comments.iter().map(|comment| {
        let who = match &comment.who {
            Some((id, label)) => link(format!("/engagement/people/{id}"), &kernel::text::shorten(label, 60)),
            None => muted("nobody said"),
        };
        Row::new(vec![
            view! { <span class="number">{comment.score.to_string()}</span> }.into_any(),
            paragraph(&comment.text),
            who,
            ago(comment.at, one.now),
        ])
    });
    let listed = table(Table {
        caption: "What people wrote",
        heads: &[Head::number("Score"), Head::text("Comment"), Head::text("Who"), Head::text("When")],
        rows: rows.collect(),
        empty: EmptyState {
            title: "Nobody has written anything yet",
            sentence: "A comment is asked for after the score.",
            actions: Vec::new(),
        },
    });
    card(Card { title: "What people wrote", is_flush: true, ..Card::default() }, listed)
}

const FORM: &str = include_str!("../../templates/survey.html");

fn embed(one: &One) -> View {
    let snippet = FORM.replace("BASE", &one.base).replace("KEY", &one.key).replace("SURVEY", &one.survey.id.to_string());
    card(
        Card { title: "The form", lead: "data-user is optional: with it an answer is the contact's.", ..Card::default() },
        code_block(&snippet),
    )
}
