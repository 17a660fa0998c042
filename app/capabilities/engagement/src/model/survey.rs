//! What a survey asks, and what may be entered about it.

use kernel::text::checked_line;
use kernel::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SurveyKind {
    /// “How likely is it that you recommend us?”, 0 to 10.
    Nps,
    /// “How satisfied are you?”, 1 to 5.
    Csat,
}

impl SurveyKind {
    /// As it is stored, and told to the form.
    pub fn as_str(self) -> &'static str {
        match self {
            SurveyKind::Nps => "nps",
            SurveyKind::Csat => "csat",
        }
    }

    pub fn parse(text: &str) -> Result<SurveyKind> {
        match text {
            "nps" => Ok(SurveyKind::Nps),
            "csat" => Ok(SurveyKind::Csat),
            _ => Err(Error::field("kind", "Please choose what is asked.")),
        }
    }

    pub fn scores(self) -> std::ops::RangeInclusive<u8> {
        match self {
            SurveyKind::Nps => 0..=10,
            SurveyKind::Csat => 1..=5,
        }
    }

    pub fn question(self) -> &'static str {
        match self {
            SurveyKind::Nps => "How likely are you to recommend us to a friend or colleague?",
            SurveyKind::Csat => "How satisfied are you with us?",
        }
    }
}

/// What answers come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// NPS: % of 9 and 10 less % of 0 to 6, −100 to 100. CSAT: % of 4 and 5.
    pub value: f64,
    /// Half of the interval in which the value lies with 95 %, by the normal approximation.
    pub margin: f64,
    pub mean: f64,
    pub answers: u64,
}

/// `scores`: each with how often it was given. `None` without an answer.
pub fn score(kind: SurveyKind, scores: &[(u8, u64)]) -> Option<Score> {
    let sum = |weigh: &dyn Fn(u8) -> f64| -> f64 { scores.iter().map(|(score, times)| weigh(*score) * *times as f64).sum() };
    let answers: u64 = scores.iter().map(|(_, times)| times).sum();
    if answers == 0 {
        return None;
    }
    let weigh = |score: u8| match (kind, score) {
        (SurveyKind::Nps, 9..) | (SurveyKind::Csat, 4..) => 1.0,
        (SurveyKind::Nps, ..=6) => -1.0,
        _ => 0.0,
    };
    let count = answers as f64;
    let mean = sum(&weigh) / count;
    let variance = sum(&|score| (weigh(score) - mean).powi(2)) / count;
    Some(Score {
        value: mean * 100.0,
        margin: 1.96 * (variance / count).sqrt() * 100.0,
        mean: sum(&|score| f64::from(score)) / count,
        answers,
    })
}

/// One line that a visitor reads; an empty one becomes what is shipped.
pub fn survey_line(field: &'static str, text: &str, shipped: &str) -> Result<String> {
    let text = if text.trim().is_empty() { shipped } else { text };
    checked_line(text, "a line", 200).map_err(|error| Error::field(field, error.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_asks_on_the_scale_of_its_kind() {
        assert!(SurveyKind::Nps.scores().contains(&0) && !SurveyKind::Nps.scores().contains(&11));
        assert!(!SurveyKind::Csat.scores().contains(&0) && SurveyKind::Csat.scores().contains(&5));
        for kind in [SurveyKind::Nps, SurveyKind::Csat] {
            assert_eq!(SurveyKind::parse(kind.as_str()).unwrap(), kind);
        }
        assert!(SurveyKind::parse("other").is_err());
    }

    #[test]
    fn scores_are_what_the_field_means_by_them() {
        let nps = score(SurveyKind::Nps, &[(10, 5), (9, 1), (8, 2), (6, 1), (0, 1)]).unwrap();
        // 6 of 10 recommend, 2 of 10 advise against it.
        assert!((nps.value - 40.0).abs() < 1e-9 && nps.answers == 10);
        // Variance 0.8 − 0.4², over 10 answers.
        assert!((nps.margin - 1.96 * (0.64_f64 / 10.0).sqrt() * 100.0).abs() < 1e-9);
        let csat = score(SurveyKind::Csat, &[(5, 2), (4, 1), (3, 1)]).unwrap();
        assert!((csat.value - 75.0).abs() < 1e-9 && (csat.mean - 4.25).abs() < 1e-9);
        assert_eq!(score(SurveyKind::Nps, &[]), None);
    }

    #[test]
    fn what_is_left_empty_is_asked_as_shipped() {
        assert_eq!(survey_line("question", "  ", "Shipped?").unwrap(), "Shipped?");
        assert_eq!(survey_line("question", "Ours?", "Shipped?").unwrap(), "Ours?");
        assert!(survey_line("question", &"x".repeat(201), "").is_err());
        assert!(survey_line("question", "a\nb", "").is_err());
    }
}
