-- Ids are given once (autoincrement): they stand in links, keys of deliveries and other tables' texts, and a new row must never
-- inherit what was meant for a deleted one.
-- Facts, and how far their fan-out into jobs has come. Old ones are removed; autoincrement keeps a new id from starting
-- again below the cursor once all were.
create table work_facts (
  id integer primary key autoincrement,
  kind text not null,
  payload text not null,
  created_at integer not null
) strict;

create index work_facts_by_created_at on work_facts (created_at);

create table work_cursors (
  name text primary key,
  fact_id integer not null
) strict, without rowid;

-- Durable work. A finished job's row is deleted; a dead one stays until a person decides.
create table work_jobs (
  id integer primary key,
  kind text not null,
  key text,
  -- Jobs of one lane run one after another in the order of their ids.
  lane text,
  payload text not null,
  state text not null check (state in ('queued', 'running', 'dead')),
  run_at integer not null,
  attempts integer not null default 0,
  last_error text,
  created_at integer not null,
  finished_at integer
) strict;
create index work_jobs_by_state_run_at on work_jobs (state, run_at);
create index work_jobs_by_lane on work_jobs (lane, id) where lane is not null and state <> 'dead';
create unique index work_jobs_by_kind_key on work_jobs (kind, key) where key is not null and state = 'queued';

create table work_schedules (
  kind text primary key,
  next_at integer not null,
  last_at integer
) strict, without rowid;

-- The outbox: what is to leave the house. FIFO per destination; the key makes a repeated post harmless and travels with
-- every attempt, so that receivers can tell a repeated attempt from a new notice.
create table work_deliveries (
  id integer primary key autoincrement,
  destination text not null,
  sender text not null,
  key text not null unique,
  subject text not null,
  payload text not null,
  state text not null check (state in ('pending', 'leased', 'sent', 'dead', 'cancelled')),
  attempts integer not null default 0,
  next_at integer not null,
  last_error text,
  last_code integer,
  provider_id text,
  created_at integer not null,
  finished_at integer
) strict;
create index work_deliveries_by_next_at on work_deliveries (next_at) where state = 'pending';
create index work_deliveries_by_destination on work_deliveries (destination, id) where state in ('pending', 'leased');
create index work_deliveries_by_destination_id on work_deliveries (destination, id);
create index work_deliveries_by_finished_at on work_deliveries (finished_at) where state in ('sent', 'cancelled');
create index work_deliveries_by_state on work_deliveries (state, id);

create table work_attempts (
  id integer primary key,
  delivery_id integer not null references work_deliveries (id) on delete cascade,
  outcome text not null check (outcome in ('sent', 'retry', 'dead')),
  code integer,
  detail text,
  duration_ms integer not null,
  created_at integer not null
) strict;
create index work_attempts_by_delivery_id on work_attempts (delivery_id, id);
