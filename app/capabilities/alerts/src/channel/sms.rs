//! Text messages by Twilio: one GSM-7 part of 160 septets, because one emoji or typographic quote would double the price. The alert's
//! address stands at the end and is never cut.

use outbound::gsm7;

use super::Sms;
use super::config::SmsConfig;
use crate::notice::Notice;

/// A longer address would leave no room for the news.
const LONGEST_LINK: usize = 90;

pub fn build(config: &SmsConfig, notice: &Notice) -> Sms {
    Sms {
        account_sid: config.account_sid.clone(),
        auth: config.auth_token.clone(),
        from: config.from.clone(),
        to: config.to.clone(),
        body: body(notice),
        api_base: config.api_base.clone(),
    }
}

fn body(notice: &Notice) -> String {
    let delay = notice.delay_label().map(|label| format!(" ({label})")).unwrap_or_default();
    let mut text = format!("{}: {}{delay}", notice.tag, notice.title);
    if !notice.detail.is_empty() {
        text.push_str(&format!(". {}", notice.detail));
    }
    let text = gsm7::one_part(&text.replace('\n', " "));
    let link = notice.links.first().filter(|link| gsm7::septets(&link.url).is_some_and(|count| count <= LONGEST_LINK));
    match link {
        None => text,
        Some(link) => {
            let room = gsm7::PART - gsm7::septets(&link.url).unwrap_or(0) - 1;
            format!("{} {}", cut(&text, room), link.url)
        }
    }
}

/// At most `room` septets, with three dots where it was cut.
fn cut(text: &str, room: usize) -> String {
    if gsm7::septets(text).is_some_and(|count| count <= room) {
        return text.to_owned();
    }
    let mut short = text.to_owned();
    while gsm7::septets(&short).is_none_or(|count| count + 3 > room) {
        if short.pop().is_none() {
            return String::new();
        }
    }
    format!("{}...", short.trim_end())
}
