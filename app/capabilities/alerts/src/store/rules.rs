//! SQL of rules and of what is remembered between two looks at a metric.

use db::{Reader, Tx};
use kernel::ids::AlertRuleId;
use kernel::{Result, Time};
use rusqlite::{Row, params};

use super::{as_seconds, seconds, time, unreadable};
use crate::ids::PolicyId;
use crate::rule::{AlertRule, MetricWatch, Nodata, Operator, Source, Target, Topic, Watch};
use crate::shipped;

const COLUMNS: &str = "id, key, name, topic, metric, operator, threshold, hold_seconds, clear_seconds, min_samples, nodata, matching, severity, \
     cooldown_seconds, targets, policy_id, runbook, is_enabled, is_shipped";

/// Rules are made by hand; more than this nobody reads.
pub const MAX_RULES: usize = 500;

fn read(row: &Row<'_>) -> rusqlite::Result<AlertRule> {
    let topic = Topic::parse(&row.get::<_, String>(3)?).map_err(|error| unreadable(3, error))?;
    let source = if topic == Topic::Metric { Source::Metric(read_watch(row)?) } else { Source::Told(topic) };
    let targets: String = row.get(14)?;
    Ok(AlertRule {
        id: AlertRuleId(row.get(0)?),
        key: row.get(1)?,
        name: row.get(2)?,
        source,
        only: row.get(11)?,
        severity: row.get::<_, String>(12)?.parse().map_err(|error| unreadable(12, error))?,
        cooldown: seconds(row, 13)?,
        targets: Target::parse_all(targets.split(',')).map_err(|error| unreadable(14, error))?,
        policy: row.get::<_, Option<i64>>(15)?.map(PolicyId),
        runbook: row.get(16)?,
        is_enabled: row.get(17)?,
        is_shipped: row.get(18)?,
    })
}

fn read_watch(row: &Row<'_>) -> rusqlite::Result<MetricWatch> {
    Ok(MetricWatch {
        metric: row.get(4)?,
        operator: Operator::parse(&row.get::<_, String>(5)?).map_err(|error| unreadable(5, error))?,
        threshold: row.get(6)?,
        hold: seconds(row, 7)?,
        clear: seconds(row, 8)?,
        min_samples: row.get::<_, i64>(9)?.unsigned_abs(),
        nodata: Nodata::parse(&row.get::<_, String>(10)?).map_err(|error| unreadable(10, error))?,
    })
}

pub fn targets_text(targets: &[Target]) -> String {
    targets.iter().map(Target::as_text).collect::<Vec<_>>().join(",")
}

/// The shipped rules, once: whoever edits one keeps the edit.
pub fn seed(tx: &mut Tx<'_>) -> Result<()> {
    let known: i64 = tx.value("select count(*) from alerts_rules where is_shipped = 1", [])?;
    let shipped = shipped::rules();
    if usize::try_from(known).is_ok_and(|known| known >= shipped.len()) {
        return Ok(());
    }
    for rule in &shipped {
        if find_by_key(tx, &rule.key)?.is_none() {
            insert(tx, rule)?;
        }
    }
    Ok(())
}

pub fn insert(tx: &mut Tx<'_>, rule: &AlertRule) -> Result<AlertRuleId> {
    let watch = stored_watch(rule);
    let id = tx.insert(
        "insert into alerts_rules (key, name, topic, metric, operator, threshold, hold_seconds, clear_seconds, min_samples, nodata, matching, \
         severity, cooldown_seconds, targets, policy_id, runbook, is_enabled, is_shipped, created_at, updated_at) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?19)",
        params![
            rule.key,
            rule.name,
            rule.source.topic().as_str(),
            watch.metric,
            watch.operator.as_str(),
            watch.threshold,
            as_seconds(watch.hold),
            as_seconds(watch.clear),
            i64::try_from(watch.min_samples).unwrap_or(i64::MAX),
            watch.nodata.as_str(),
            rule.only,
            rule.severity.as_str(),
            as_seconds(rule.cooldown),
            targets_text(&rule.targets),
            rule.policy.map(|policy| policy.0),
            rule.runbook,
            rule.is_enabled,
            rule.is_shipped,
            tx.now.0,
        ],
    )?;
    Ok(AlertRuleId(id))
}

/// Everything but key, topic and origin.
pub fn update(tx: &mut Tx<'_>, rule: &AlertRule) -> Result<()> {
    let watch = stored_watch(rule);
    tx.run(
        "update alerts_rules set name = ?2, metric = ?3, operator = ?4, threshold = ?5, hold_seconds = ?6, clear_seconds = ?7, min_samples = ?8, \
         nodata = ?9, matching = ?10, severity = ?11, cooldown_seconds = ?12, targets = ?13, policy_id = ?14, runbook = ?15, is_enabled = ?16, \
         updated_at = ?17 where id = ?1",
        params![
            rule.id.0,
            rule.name,
            watch.metric,
            watch.operator.as_str(),
            watch.threshold,
            as_seconds(watch.hold),
            as_seconds(watch.clear),
            i64::try_from(watch.min_samples).unwrap_or(i64::MAX),
            watch.nodata.as_str(),
            rule.only,
            rule.severity.as_str(),
            as_seconds(rule.cooldown),
            targets_text(&rule.targets),
            rule.policy.map(|policy| policy.0),
            rule.runbook,
            rule.is_enabled,
            tx.now.0,
        ],
    )?;
    Ok(())
}

/// Rules about facts have no threshold; their columns hold what never decides anything.
fn stored_watch(rule: &AlertRule) -> MetricWatch {
    rule.source.metric().cloned().unwrap_or(MetricWatch {
        metric: String::new(),
        operator: Operator::Above,
        threshold: 0.0,
        hold: std::time::Duration::ZERO,
        clear: std::time::Duration::ZERO,
        min_samples: 0,
        nodata: Nodata::Keep,
    })
}

pub fn set_enabled(tx: &mut Tx<'_>, id: AlertRuleId, is_enabled: bool) -> Result<()> {
    tx.run("update alerts_rules set is_enabled = ?2, updated_at = ?3 where id = ?1", params![id.0, is_enabled, tx.now.0])?;
    Ok(())
}

pub fn remove(tx: &mut Tx<'_>, id: AlertRuleId) -> Result<()> {
    tx.run("delete from alerts_rules where id = ?", [id.0])?;
    Ok(())
}

pub fn list(r: &Reader<'_>) -> Result<Vec<AlertRule>> {
    r.rows(&format!("select {COLUMNS} from alerts_rules order by id limit {MAX_RULES}"), [], read)
}

/// Uses alerts_rules_by_topic.
pub fn list_enabled(r: &Reader<'_>, topic: Topic) -> Result<Vec<AlertRule>> {
    r.rows(
        &format!("select {COLUMNS} from alerts_rules where topic = ? and is_enabled = 1 order by id limit {MAX_RULES}"),
        [topic.as_str()],
        read,
    )
}

pub fn find(r: &Reader<'_>, id: AlertRuleId) -> Result<Option<AlertRule>> {
    r.row(&format!("select {COLUMNS} from alerts_rules where id = ?"), [id.0], read)
}

pub fn find_by_key(r: &Reader<'_>, key: &str) -> Result<Option<AlertRule>> {
    r.row(&format!("select {COLUMNS} from alerts_rules where key = ?"), [key], read)
}

pub fn find_watch(r: &Reader<'_>, id: AlertRuleId) -> Result<Watch> {
    let found = r.row("select breached_at, cleared_at from alerts_watches where rule_id = ?", [id.0], |row| {
        Ok(Watch { breached_since: time(row, 0)?, cleared_since: time(row, 1)?, ..Watch::default() })
    })?;
    Ok(found.unwrap_or_default())
}

/// A rule that watches something else, or nothing, begins anew.
pub fn forget_watch(tx: &mut Tx<'_>, id: AlertRuleId) -> Result<()> {
    tx.run("delete from alerts_watches where rule_id = ?", [id.0])?;
    Ok(())
}

pub fn set_watch(tx: &mut Tx<'_>, id: AlertRuleId, watch: &Watch) -> Result<()> {
    let millis = |time: Option<Time>| time.map(|time| time.0);
    tx.run(
        "insert into alerts_watches (rule_id, breached_at, cleared_at) values (?1, ?2, ?3) \
         on conflict (rule_id) do update set breached_at = excluded.breached_at, cleared_at = excluded.cleared_at",
        params![id.0, millis(watch.breached_since), millis(watch.cleared_since)],
    )?;
    Ok(())
}
