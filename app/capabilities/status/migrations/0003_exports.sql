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

-- Former places of the export whose files could not be taken back yet. `seen`: how the first page was listed at the last try.
create table status_left_exports (
  id integer primary key,
  place text not null unique,
  left_at integer not null,
  tried_at integer not null,
  failure text not null,
  seen text not null
) strict;
