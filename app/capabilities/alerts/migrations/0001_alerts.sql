-- Ids are given once (autoincrement): they stand in links, keys of deliveries and other tables' texts, and a new row must never
-- inherit what was meant for a deleted one.
create table alerts_policies (
  id integer primary key autoincrement,
  name text not null unique,
  repeat integer not null,
  created_at integer not null
) strict;

create table alerts_steps (
  policy_id integer not null references alerts_policies (id) on delete cascade,
  position integer not null,
  wait_seconds integer not null,
  targets text not null,
  primary key (policy_id, position)
) strict, without rowid;

-- `key` is the word by which a file or the API names a rule; shipped rules keep theirs.
create table alerts_rules (
  id integer primary key autoincrement,
  key text not null unique,
  name text not null,
  topic text not null,
  metric text not null,
  operator text not null,
  threshold real not null,
  hold_seconds integer not null,
  clear_seconds integer not null,
  min_samples integer not null,
  nodata text not null,
  matching text not null,
  severity text not null,
  cooldown_seconds integer not null,
  targets text not null,
  policy_id integer references alerts_policies (id) on delete set null,
  runbook text not null,
  is_enabled integer not null,
  is_shipped integer not null,
  created_at integer not null,
  updated_at integer not null
) strict;

create index alerts_rules_by_topic on alerts_rules (topic);

-- What is remembered of a metric rule between two looks.
create table alerts_watches (
  rule_id integer primary key references alerts_rules (id) on delete cascade,
  breached_at integer,
  cleared_at integer
) strict;

-- The rule's name is kept with the alert: history must not change when a rule is renamed or removed.
create table alerts_alerts (
  id integer primary key autoincrement,
  rule_id integer not null,
  rule_name text not null,
  runbook text not null,
  topic text not null,
  dedup_key text not null,
  occurrence text not null,
  subject_key text not null,
  subject text not null,
  target text not null,
  title text not null,
  detail text not null,
  severity text not null,
  state text not null,
  is_group integer not null,
  group_id integer references alerts_alerts (id) on delete set null,
  is_flapping integer not null,
  started_at integer not null,
  opened_at integer not null,
  flush_at integer,
  announced_at integer,
  acknowledged_at integer,
  acknowledged_by text not null,
  resolved_at integer,
  resolved_by text not null,
  notices integer not null,
  reminders integer not null,
  remind_at integer,
  step integer not null,
  round integer not null,
  step_at integer,
  expires_at integer
) strict;

-- A fact that is handled twice opens one alert.
create unique index alerts_alerts_by_rule_id_occurrence on alerts_alerts (rule_id, occurrence);
create unique index alerts_alerts_by_open_dedup_key on alerts_alerts (dedup_key) where state <> 'resolved';
create index alerts_alerts_by_dedup_key_announced_at on alerts_alerts (dedup_key, announced_at);
create index alerts_alerts_by_state_id on alerts_alerts (state, id);
create index alerts_alerts_by_subject_key on alerts_alerts (subject_key, id);
create index alerts_alerts_by_group_id on alerts_alerts (group_id) where group_id is not null;

create table alerts_entries (
  id integer primary key,
  alert_id integer not null references alerts_alerts (id) on delete cascade,
  text text not null,
  created_at integer not null
) strict;

create index alerts_entries_by_alert_id on alerts_entries (alert_id, id);

-- `config` is one sealed JSON object; `hint` is what a page may show of it.
create table alerts_channels (
  id integer primary key autoincrement,
  kind text not null,
  name text not null unique,
  hint text not null,
  config text not null,
  takes text not null,
  is_enabled integer not null,
  disabled_reason text not null,
  last_sent_at integer,
  last_failed_at integer,
  last_error text not null,
  last_code integer,
  created_at integer not null,
  updated_at integer not null
) strict;

-- One notice to one channel. `progress` counts the letters of a mail that are already out.
create table alerts_notices (
  id integer primary key autoincrement,
  alert_id integer references alerts_alerts (id) on delete cascade,
  channel_id integer not null references alerts_channels (id) on delete cascade,
  kind text not null,
  key text not null unique,
  headline text not null,
  notice text not null,
  state text not null,
  progress integer not null,
  posted_at integer not null,
  finished_at integer
) strict;

create index alerts_notices_by_alert_id on alerts_notices (alert_id, channel_id);
create index alerts_notices_by_channel_id_posted_at on alerts_notices (channel_id, posted_at);
create index alerts_notices_by_held_channel_id on alerts_notices (channel_id, id) where state = 'held';

create table alerts_silences (
  id integer primary key autoincrement,
  rule_id integer references alerts_rules (id) on delete cascade,
  matching text not null,
  alert_id integer references alerts_alerts (id) on delete cascade,
  reason text not null,
  starts_at integer not null,
  ends_at integer,
  made_by text not null
) strict;

create index alerts_silences_by_ends_at on alerts_silences (ends_at);

create table alerts_quiet_hours (
  id integer primary key autoincrement,
  channel_id integer not null references alerts_channels (id) on delete cascade,
  zone text not null,
  starts integer not null,
  ends integer not null,
  weekdays integer not null,
  holds text not null
) strict;

create index alerts_quiet_hours_by_channel_id on alerts_quiet_hours (channel_id);
