-- More about the subject of an alert, as JSON: [["Project", "Shop"], ["Release", "shop@1.0.0"]].
alter table alerts_alerts add column facts text not null default '[]';

-- When a rule last told of anything: issues that come soon after gather.
create index alerts_alerts_by_rule_id_announced_at on alerts_alerts (rule_id, announced_at);

-- The metric that the shipped rule waited for has come under another name.
update alerts_rules set metric = 'traces.failure_rate_percent' where key = 'error-rate' and metric = 'traces.error_percent';
