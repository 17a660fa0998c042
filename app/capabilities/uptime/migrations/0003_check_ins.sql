-- Jobs that report by an SDK's check-ins, one row for each project, name and environment, whether or not they are watched.
create table uptime_check_ins (
  id integer primary key autoincrement,
  -- The monitor outlives nothing here by itself: what belongs to a project that is gone is tidied up by uptime.prune.
  project_id integer not null,
  slug text not null,
  environment text not null,
  -- Null: there is no monitor (yet), or a person deleted it.
  monitor_id integer references uptime_monitors (id) on delete set null,
  -- The newest configuration that came along, as JSON; empty for none.
  config text not null,
  -- The watch as it was last made of a configuration, as JSON. Where the monitor's differs, a person has changed it.
  applied text not null,
  -- Why there is no monitor, or why the newest configuration is not followed; empty for no reason.
  refusal text not null,
  seen integer not null,
  first_seen_at integer not null,
  last_seen_at integer not null,
  unique (project_id, slug, environment)
) strict;
create index uptime_check_ins_by_monitor_id on uptime_check_ins (monitor_id);

-- The item of the log that a beat was made of; null for beats that came by their own address.
alter table uptime_beats add column item_id integer;
create index uptime_beats_by_item_id on uptime_beats (item_id) where item_id is not null;
