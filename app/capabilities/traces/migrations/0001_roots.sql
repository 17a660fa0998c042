-- Root spans, each leading to the item it stands in. Rowids are made of item and position, so that they age out with it.
create table traces_roots (
  id integer primary key,
  -- The hour in which the item was kept: both indexes are led by time, so that random keys dirty only the pages of the hour.
  hour integer not null,
  project_id integer not null,
  name_id integer not null,
  trace_id blob,
  span_id integer,
  -- When it ended.
  at integer not null,
  micros integer not null,
  failed integer not null
) strict;
create index traces_roots_by_hour_name_id on traces_roots (hour, name_id, at);

-- Which items hold spans of a trace.
create table traces_flushes (
  hour integer not null,
  trace_id blob not null,
  item_id integer not null,
  primary key (hour, trace_id, item_id)
) strict, without rowid;

-- How far a task over the hours has come: 'thinned'.
create table traces_marks (
  name text primary key,
  hour integer not null
) strict, without rowid;
