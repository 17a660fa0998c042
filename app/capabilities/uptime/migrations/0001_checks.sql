-- One row per check, led by time: a batch of all monitors goes to the end of the tree. Kept for two days.
create table uptime_checks (
  at integer not null,
  monitor_id integer not null,
  vantage integer not null,
  verdict integer not null,
  reason integer not null,
  code integer not null,
  phases blob not null,
  primary key (at, monitor_id, vantage)
) strict, without rowid;

-- An hour of one monitor's checks, packed. Kept for 90 days.
create table uptime_blocks (
  at integer not null,
  monitor_id integer not null,
  checks integer not null,
  body blob not null,
  primary key (at, monitor_id)
) strict, without rowid;
