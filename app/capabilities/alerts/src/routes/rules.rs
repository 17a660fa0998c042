//! Rules: the list with what each waits for, and the form.

use capability::{Cx, Framed};
use db::Reader;
use kernel::error::FieldErrors;
use kernel::ids::AlertRuleId;
use kernel::{Error, Result, Role};
use web::{Admin, By, Form, Path, Reply, State, see_other_with};

use super::{Pairs, again, page, wrong_fields};
use crate::engine::Desk;
use crate::manage::{RuleDoc, merged_rule, remove_rule, rule_doc, save_rule, switch_rule};
use crate::pages;
use crate::rule::AlertRule;
use crate::store::{alerts, channels, policies, rules};

pub async fn list(State(cx): State<Cx>, framed: Framed) -> Reply {
    seeded(&cx).await?;
    let metrics = cx.registry.metrics();
    let frame = framed.live(&["alerts"]);
    let can_edit = frame.member.role >= Role::Admin;
    let own = cx.clone();
    let rows = cx
        .read(move |r| {
            let all = channels::list(r)?;
            let mut rows = Vec::new();
            for rule in rules::list(r)? {
                let metric = rule.source.metric().and_then(|watch| metrics.iter().find(|metric| metric.name == watch.metric));
                let reading = metric.and_then(|metric| (metric.read)(&own, r).ok().flatten());
                rows.push(pages::rules::RuleRow {
                    waits_for: waits_for(&own, &rule),
                    value: reading
                        .map(|reading| crate::rule::show_value(reading.value, metric.map_or("", |metric| metric.unit)))
                        .unwrap_or_default(),
                    open: alerts::list_open_of_rule(r, rule.id)?.len(),
                    targets: pages::rules::target_names(&rule.targets, &all),
                    rule,
                });
            }
            Ok(rows)
        })
        .await?;
    page(&frame, "Rules", pages::rules::list(&rows, can_edit))
}

/// The capability that a rule waits for; where that is there and lacks the metric, the metric.
fn waits_for(cx: &Cx, rule: &AlertRule) -> String {
    let known = cx.registry.metrics();
    let missing = rule.waits_for(|name| known.iter().any(|metric| metric.name == name)).unwrap_or_default();
    match rule.source.metric() {
        Some(watch) if cx.registry.has(missing) => watch.metric.clone(),
        _ => missing.to_owned(),
    }
}

/// The shipped rules, when nobody has looked for them yet.
async fn seeded(cx: &Cx) -> Result<()> {
    let is_empty = cx.read(|r| Ok(rules::list(r)?.is_empty())).await?;
    if is_empty { cx.write(rules::seed).await } else { Ok(()) }
}

/// What the form offers besides the rule itself.
fn offers(r: &Reader<'_>, cx: &Cx) -> Result<pages::rules::Offers> {
    Ok(pages::rules::Offers {
        metrics: cx
            .registry
            .metrics()
            .iter()
            .map(|metric| (metric.name.to_owned(), metric.label.to_owned(), metric.unit.to_owned()))
            .collect(),
        channels: channels::list(r)?,
        policies: policies::list(r)?.into_iter().map(|policy| policy.name).collect(),
    })
}

pub async fn new(State(cx): State<Cx>, Framed(frame): Framed) -> Reply {
    let own = cx.clone();
    let offers = cx.read(move |r| offers(r, &own)).await?;
    page(&frame, "New rule", pages::rules::form(None, &RuleDoc::default(), &offers, &[]))
}

pub async fn edit(State(cx): State<Cx>, Framed(frame): Framed, Path(id): Path<i64>) -> Reply {
    let own = cx.clone();
    let can_edit = frame.member.role >= Role::Admin;
    let (rule, doc, offers) = cx
        .read(move |r| {
            let rule = rules::find(r, AlertRuleId(id))?.ok_or_else(|| Error::not_found("rule"))?;
            Ok((rule.clone(), rule_doc(r, &rule)?, offers(r, &own)?))
        })
        .await?;
    if !can_edit {
        return page(&frame, &rule.name.clone(), pages::rules::read_only(&rule, &doc));
    }
    page(&frame, &rule.name.clone(), pages::rules::form(Some(&rule), &doc, &offers, &[]))
}

pub async fn create(State(cx): State<Cx>, Framed(frame): Framed, by: By<Admin>, Form(pairs): Form<Vec<(String, String)>>) -> Reply {
    save(cx, frame, by, None, Pairs(pairs)).await
}

pub async fn update(
    State(cx): State<Cx>,
    Framed(frame): Framed,
    by: By<Admin>,
    Path(id): Path<i64>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Reply {
    save(cx, frame, by, Some(AlertRuleId(id)), Pairs(pairs)).await
}

async fn save(cx: Cx, frame: frontend::Frame, by: By<Admin>, id: Option<AlertRuleId>, pairs: Pairs) -> Reply {
    let (actor, own, typed) = (by.actor, cx.clone(), pairs.clone());
    let before = cx
        .read(move |r| match id {
            Some(id) => rules::find(r, id)?.map(Some).ok_or_else(|| Error::not_found("rule")),
            None => Ok(None),
        })
        .await?;
    let old = before.clone();
    let saved = cx
        .write(move |tx| {
            let doc = read_form(&pairs, old.is_none())?;
            let rule = merged_rule(tx, old.as_ref(), &doc)?;
            let id = save_rule(tx, &rule)?;
            let act = if old.is_some() { "alerts.rule.update" } else { "alerts.rule.create" };
            capability::audit(tx, &actor, act, &format!("rule {}", rule.key), "")?;
            Ok(id)
        })
        .await;
    match saved {
        Ok(_) => Ok(see_other_with("/alerts/rules", "The rule is saved.")),
        Err(error) => {
            let errors = wrong_fields(error)?;
            let offers = cx.read(move |r| offers(r, &own)).await?;
            let title = before.as_ref().map_or("New rule".to_owned(), |rule| rule.name.clone());
            Ok(again(&frame, &title, pages::rules::form(before.as_ref(), &shown_again(&typed), &offers, &errors)))
        }
    }
}

fn read_form(pairs: &Pairs, is_new: bool) -> Result<RuleDoc> {
    let mut errors = FieldErrors::default();
    let mut whole = |name: &str| match pairs.get(name) {
        "" => None,
        text => errors.take(name, text.parse::<u64>().map_err(|_| Error::invalid("Please give a whole number."))),
    };
    let (for_minutes, resolve_minutes) = (whole("for_minutes"), whole("resolve_minutes"));
    let (min_samples, cooldown_minutes) = (whole("min_samples"), whole("cooldown_minutes"));
    let threshold = match pairs.get("threshold") {
        "" => None,
        text => errors
            .take("threshold", text.parse::<f64>().map_err(|_| Error::invalid("Please give the threshold as a number, such as 85 or -5."))),
    };
    errors.finish()?;
    let given = |name: &str| Some(pairs.get(name).to_owned());
    let chosen = |name: &str| given(name).filter(|text| !text.is_empty());
    Ok(RuleDoc {
        key: None,
        name: given("name"),
        source: if is_new { chosen("source") } else { None },
        metric: chosen("metric"),
        operator: chosen("operator"),
        threshold,
        for_minutes,
        resolve_minutes,
        min_samples,
        nodata: chosen("nodata"),
        only: given("only"),
        severity: chosen("severity"),
        cooldown_minutes,
        channels: Some(pairs.all("channels")),
        policy: given("policy"),
        runbook: given("runbook"),
        enabled: Some(pairs.is_on("enabled")),
    })
}

/// What was typed, as far as a document can hold it: numbers that are none come back empty beside their error.
fn shown_again(pairs: &Pairs) -> RuleDoc {
    let number = |name: &str| pairs.get(name).parse().ok();
    let text = |name: &str| Some(pairs.get(name).to_owned());
    RuleDoc {
        key: None,
        name: text("name"),
        source: text("source"),
        metric: text("metric"),
        operator: text("operator"),
        threshold: pairs.get("threshold").parse().ok(),
        for_minutes: number("for_minutes"),
        resolve_minutes: number("resolve_minutes"),
        min_samples: number("min_samples"),
        nodata: text("nodata"),
        only: text("only"),
        severity: text("severity"),
        cooldown_minutes: number("cooldown_minutes"),
        channels: Some(pairs.all("channels")),
        policy: text("policy"),
        runbook: text("runbook"),
        enabled: Some(pairs.is_on("enabled")),
    }
}

pub async fn switch(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let actor = by.actor;
    let rule: AlertRule = cx
        .write(move |tx| {
            let rule = rules::find(tx, AlertRuleId(id))?.ok_or_else(|| Error::not_found("rule"))?;
            switch_rule(tx, rule.id, !rule.is_enabled)?;
            let act = if rule.is_enabled { "alerts.rule.disable" } else { "alerts.rule.enable" };
            capability::audit(tx, &actor, act, &format!("rule {}", rule.key), "")?;
            Ok(rule)
        })
        .await?;
    let word = if rule.is_enabled { "off" } else { "on" };
    Ok(see_other_with("/alerts/rules", &format!("The rule “{}” is {word}.", rule.name)))
}

pub async fn remove(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let (actor, desk) = (by.actor, Desk::of(&cx));
    let rule = cx
        .write(move |tx| {
            let rule = remove_rule(tx, &desk, AlertRuleId(id))?;
            capability::audit(tx, &actor, "alerts.rule.remove", &format!("rule {}", rule.key), "")?;
            Ok(rule)
        })
        .await?;
    Ok(see_other_with("/alerts/rules", &format!("The rule “{}” is removed.", rule.name)))
}
