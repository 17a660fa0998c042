-- What became of the last export of the page to another place. One row.
create table status_exports (
  id integer primary key check (id = 1),
  place text not null,
  tried_at integer not null,
  done_at integer,
  files integer not null,
  changed integer not null,
  bytes integer not null,
  removed integer not null,
  failing_since integer,
  failure text not null
) strict;
