//! Keys and tokens that are known by their form, whoever issued them.

use regex::Regex;
use std::sync::LazyLock;

use super::text::Found;

/// How each of them begins. One pass over a whole payload, at the speed of a search for words, finds whether there can be any.
const BEGINNINGS: &str = "eyJ|(?i:bearer )|(?i:basic )|-----BEGIN|AKIA|ASIA|sk_live_|sk_test_|rk_live_|rk_test_|whsec_|ghp_|gho_|ghu_|ghs_|ghr_\
|github_pat_|glpat-|xoxa-|xoxb-|xoxe-|xoxp-|xoxr-|xoxs-|xapp-|hooks\\.slack|AIza|ya29\\.|SG\\.|npm_|sk-|shpat_|shpss_|dop_v1_|hf_|sntrys_|sntryu_\
|AGE-SECRET|:AA|dckr_pat_|pypi-AgE";

/// Name of the rule, and the form. Where a form has a group, only the group goes.
const FORMS: &[(&str, &str)] = &[
    ("@jwt", r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,3}"),
    ("@bearer", r"(?i)\b(?:bearer|basic) +([A-Za-z0-9._~+/-]{8,}=*)"),
    ("@pemkey", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)"),
    ("@aws", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("@stripe", r"\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,})"),
    ("@github", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})"),
    ("@gitlab", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    (
        "@slack",
        r"\b(?:xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9_/-]{20,}))",
    ),
    ("@google", r"\b(?:AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,})"),
    ("@sendgrid", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("@npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("@pypi", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("@llm", r"\bsk-(?:proj-|ant-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,}"),
    ("@shopify", r"\bshp(?:at|ss)_[a-fA-F0-9]{32}\b"),
    ("@digitalocean", r"\bdop_v1_[a-f0-9]{64}\b"),
    ("@huggingface", r"\bhf_[A-Za-z0-9]{30,}"),
    ("@docker", r"\bdckr_pat_[A-Za-z0-9_-]{20,}"),
    ("@sentry", r"\bsntry[su]_[A-Za-z0-9+/=_-]{20,}"),
    ("@age", r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    ("@telegram", r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b"),
];

static ANY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(BEGINNINGS).ok());
static KNOWN: LazyLock<Vec<(&'static str, Regex)>> =
    LazyLock::new(|| FORMS.iter().filter_map(|(rule, form)| Some((*rule, Regex::new(form).ok()?))).collect());

pub fn may_have(text: &str) -> bool {
    ANY.as_ref().is_none_or(|any| any.is_match(text))
}

pub fn find(text: &str, found: &mut Vec<Found>) {
    if !may_have(text) {
        return;
    }
    for (rule, form) in KNOWN.iter() {
        for captures in form.captures_iter(text) {
            let Some(part) = captures.iter().flatten().last() else { continue };
            if *rule != "@bearer" || looks_random(part.as_str()) {
                found.push(Found { start: part.start(), end: part.end(), rule });
            }
        }
    }
}

/// “Basic authentication” and “bearer tokens-only” are words.
fn looks_random(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit() || byte == b'=');
    let is_mixed = text.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()) && text.bytes().any(|byte| byte.is_ascii_lowercase());
    has_digit || is_mixed || text.len() >= 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_can_be_built() {
        assert!(ANY.is_some());
        assert_eq!(KNOWN.len(), FORMS.len());
    }

    #[test]
    fn words_are_no_tokens() {
        for text in [
            "Basic authentication failed",
            "no bearer token-based login",
            "task-list-with-a-very-long-name-indeed",
            "eyJust a word",
            "AKIAs",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "https://hooks.slack.com/services/",
        ] {
            let mut found = Vec::new();
            find(text, &mut found);
            assert!(found.is_empty(), "{text}: {found:?}");
        }
    }
}
