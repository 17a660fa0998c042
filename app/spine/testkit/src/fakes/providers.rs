//! The services that alerts and mails go to, with the answers, limits and refusals of the real ones. Each is a [`Sink`] that judges
//! what it gets; what it took is kept as JSON. `queue` on the sink makes it misbehave.

mod discord;
mod ntfy;
mod pagerduty;
mod resend;
mod slack;
mod teams;
mod telegram;
mod twilio;

use std::ops::Deref;
use std::time::Duration;

use serde_json::Value;

use super::log::Log;
use super::sink::{Play, Recorded, Reply, Sink};

pub use discord::Discord;
pub use ntfy::Ntfy;
pub use pagerduty::PagerDuty;
pub use resend::Resend;
pub use slack::Slack;
pub use teams::Teams;
pub use telegram::Telegram;
pub use twilio::Twilio;

/// What all of them have; through it, everything a [`Sink`] has.
#[derive(Debug)]
pub struct Provider {
    sink: Sink,
    accepted: Log<Value>,
}

/// A message that was taken and the answer to it, or the refusal.
type Judged = Result<(Value, Reply), Reply>;

impl Provider {
    fn start(judge: impl Fn(&Recorded) -> Judged + Send + Sync + 'static) -> Self {
        let accepted = Log::new();
        let log = accepted.clone();
        let sink = Sink::start_with(move |request| match judge(request) {
            Ok((message, reply)) => {
                log.push(message);
                Play::Answer(reply)
            }
            Err(refusal) => Play::Answer(refusal),
        });
        Self { sink, accepted }
    }

    /// What was taken, in order; requests that were refused are only among `requests()`.
    pub fn messages(&self) -> Vec<Value> {
        self.accepted.all()
    }

    pub async fn wait_for_messages(&self, n: usize, timeout: Duration) -> Vec<Value> {
        self.accepted.wait_for(n, timeout).await
    }

    /// What was taken, as a log to wait on.
    pub fn accepted(&self) -> &Log<Value> {
        &self.accepted
    }

    fn refuse_next(&self, n: usize, reply: &Reply) {
        self.sink.queue(std::iter::repeat_n(Play::Answer(reply.clone()), n));
    }
}

impl Deref for Provider {
    type Target = Sink;
    fn deref(&self) -> &Sink {
        &self.sink
    }
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn is_web_address(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// A public id of so many hexadecimal digits; counts up, so that tests can tell them apart.
fn hex_id(number: usize, digits: usize) -> String {
    format!("{number:0digits$x}")
}
