//! A dump as JSON, for the API and for files: the draft's fields and the secrets beside them, which are taken and never given.

use std::collections::BTreeMap;

use kernel::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::model::{Draft, Dump, Run, Secrets};

/// What somebody wants: the draft, and the secrets they named.
#[derive(Debug, Clone, Default)]
pub struct Given {
    pub draft: Draft,
    pub secrets: GivenSecrets,
}

/// `None`: as it was.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GivenSecrets {
    pub url: Option<String>,
    pub scratch_url: Option<String>,
    pub passphrase: Option<String>,
    pub environment: Option<BTreeMap<String, String>>,
}

impl std::fmt::Debug for GivenSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("•••")
    }
}

const SECRETS: [&str; 4] = ["url", "scratch_url", "passphrase", "environment"];

impl GivenSecrets {
    /// Lost ones stay lost until somebody names a secret, or says what the environment is, be it empty.
    pub fn over(self, stored: Secrets) -> Secrets {
        let is_named = [&self.url, &self.scratch_url, &self.passphrase].into_iter().flatten().any(|text| !text.trim().is_empty());
        Secrets {
            is_lost: stored.is_lost && !is_named && self.environment.is_none(),
            url: self.url.map_or(stored.url, |url| url.trim().to_owned()),
            scratch_url: self.scratch_url.map_or(stored.scratch_url, |url| url.trim().to_owned()),
            passphrase: self.passphrase.unwrap_or(stored.passphrase),
            environment: self.environment.unwrap_or(stored.environment),
        }
    }
}

/// Fields that were not given are those of `before`.
pub fn read(body: Value, before: &Draft) -> Result<Given> {
    let Value::Object(given) = body else {
        return Err(Error::invalid("Please give a dump as an object with fields such as name, kind and command."));
    };
    let (mut fields, mut secrets) = (plain(before)?, Map::new());
    // The two ways to say when exclude each other: who gives one does not mean the stored other.
    let gives = |name: &str| given.get(name).is_some_and(|value| !value.is_null() && value != "");
    if gives("cron") && !gives("every_hours") {
        fields.insert("every_hours".to_owned(), Value::Null);
    }
    if gives("every_hours") && !gives("cron") {
        fields.insert("cron".to_owned(), json!(""));
    }
    for (name, value) in given {
        if SECRETS.contains(&name.as_str()) {
            secrets.insert(name, value);
        } else {
            fields.insert(name, value);
        }
    }
    let wrong = |error: serde_json::Error| Error::invalid(format!("This is no dump: {error}."));
    Ok(Given {
        draft: serde_json::from_value(Value::Object(fields)).map_err(wrong)?,
        secrets: serde_json::from_value(Value::Object(secrets)).map_err(wrong)?,
    })
}

pub fn plain(draft: &Draft) -> Result<Map<String, Value>> {
    match serde_json::to_value(draft) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Error::internal("writing a dump as JSON")),
    }
}

/// The draft with its state; of the secrets only which are set.
pub fn answer(dump: &Dump, secrets: &Secrets, last: Option<&Run>) -> Result<Value> {
    let at = |time: Option<kernel::Time>| time.map(kernel::Time::rfc3339_millis);
    let mut fields = plain(&dump.draft)?;
    fields.insert("id".to_owned(), json!(dump.id));
    fields.insert("has_url".to_owned(), json!(!secrets.url.is_empty()));
    fields.insert("has_scratch_url".to_owned(), json!(!secrets.scratch_url.is_empty()));
    fields.insert("has_passphrase".to_owned(), json!(!secrets.passphrase.is_empty()));
    fields.insert("environment_names".to_owned(), json!(secrets.environment.keys().collect::<Vec<_>>()));
    fields.insert("has_lost_secrets".to_owned(), json!(secrets.is_lost));
    fields.insert("next_at".to_owned(), json!(at(dump.next_at)));
    fields.insert("trouble".to_owned(), json!(dump.trouble.map_or("", |trouble| trouble.kind.as_str())));
    fields.insert("trouble_since_at".to_owned(), json!(at(dump.trouble.map(|trouble| trouble.since))));
    fields.insert("last_run".to_owned(), last.map_or(Value::Null, run));
    Ok(Value::Object(fields))
}

pub fn run(run: &Run) -> Value {
    let result = &run.result;
    json!({
        "id": run.id,
        "started_by": run.started_by,
        "started_at": run.started_at.rfc3339_millis(),
        "ended_at": run.ended_at.map(kernel::Time::rfc3339_millis),
        "outcome": run.outcome.as_str(),
        "raw_bytes": result.raw_bytes,
        "stored_bytes": result.stored_bytes,
        "exit_code": result.exit_code,
        "checks": result.checks,
        "problem": result.problem,
        "log": result.log,
        "place": run.place,
        "encryption": run.encryption.as_str(),
        "recipient": run.recipient,
        "object_key": result.object_key,
        "sha256": result.sha256,
        "removed_at": run.removed_at.map(kernel::Time::rfc3339_millis),
    })
}
