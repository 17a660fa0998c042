-- Ids are given once (autoincrement): they stand in links, keys of deliveries and other tables' texts, and a new row must never
-- inherit what was meant for a deleted one.
-- What is watched. `watch`, `rules`, `tags`, `depends_on` are JSON; `secrets` is sealed; a beat token is looked up by its digest.
create table uptime_monitors (
  id integer primary key autoincrement,
  key text unique,
  name text not null,
  kind text not null check (kind in ('http', 'tcp', 'tls', 'dns', 'ping', 'heartbeat', 'group')),
  watch text not null,
  rules text not null,
  tags text not null,
  note text not null,
  depends_on text not null,
  secrets text not null,
  beat_digest text unique,
  is_paused integer not null,
  created_at integer not null,
  changed_at integer not null
) strict;

-- What the state machine remembers of a monitor; written when something changed, not for each check.
create table uptime_states (
  monitor_id integer primary key references uptime_monitors (id) on delete cascade,
  state text not null,
  since_at integer not null,
  body text not null,
  beat text not null default '{}',
  certificate_ends_at integer,
  certificate_told integer
) strict;

-- Stretches of recorded state, each by its beginning. The uptime arithmetic reads nothing else.
create table uptime_transitions (
  id integer primary key,
  monitor_id integer not null references uptime_monitors (id) on delete cascade,
  at integer not null,
  state text not null,
  reason text,
  detail text not null
) strict;
create index uptime_transitions_by_monitor_id_at on uptime_transitions (monitor_id, at);
-- For ageing out.
create index uptime_transitions_by_at on uptime_transitions (at);

create table uptime_outages (
  id integer primary key autoincrement,
  monitor_id integer not null references uptime_monitors (id) on delete cascade,
  -- The first failing check.
  started_at integer not null,
  confirmed_at integer not null,
  ended_at integer,
  reason text not null,
  detail text not null,
  -- The dependency whose outage explains this one.
  parent_id integer,
  unique (monitor_id, started_at)
) strict;
create index uptime_outages_by_started_at on uptime_outages (started_at);

create table uptime_windows (
  id integer primary key autoincrement,
  title text not null,
  rule text not null,
  monitors text not null,
  is_on integer not null,
  -- The status page's announcement that made it.
  announced_as integer unique,
  created_at integer not null
) strict;

-- Rollups, time-clustered: an hour's rows of all monitors lie together, which costs a twentieth of the bytes written.
create table uptime_hours (
  at integer not null,
  monitor_id integer not null,
  ok integer not null,
  slow integer not null,
  fail integer not null,
  latencies blob not null,
  primary key (at, monitor_id)
) strict, without rowid;

create table uptime_days (
  at integer not null,
  monitor_id integer not null,
  ok integer not null,
  slow integer not null,
  fail integer not null,
  latencies blob not null,
  up_ms integer not null,
  degraded_ms integer not null,
  down_ms integer not null,
  maintenance_ms integer not null,
  nodata_ms integer not null,
  primary key (at, monitor_id)
) strict, without rowid;

create table uptime_beats (
  id integer primary key,
  monitor_id integer not null references uptime_monitors (id) on delete cascade,
  at integer not null,
  kind text not null,
  exit_code integer,
  run_id text,
  body text not null,
  reported_ms integer
) strict;
create index uptime_beats_by_monitor_id on uptime_beats (monitor_id, id);

-- Other places that look: one row per API key that reported.
create table uptime_vantages (
  key_id integer primary key,
  name text not null,
  version text not null,
  first_seen_at integer not null,
  seen_at integer not null,
  checks integer not null
) strict;

-- How far a rollup has come, and when the runner was last seen alive.
create table uptime_cursors (
  name text primary key,
  at integer not null
) strict, without rowid;
