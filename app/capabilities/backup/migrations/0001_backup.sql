-- How each copy was when that last changed: what the doctor reads while no server runs. `destination` is empty for the spool.
create table backup_copies (
  file text not null,
  destination text not null,
  condition text not null check (condition in ('well', 'outstanding', 'stale', 'refused')),
  since integer not null,
  detail text not null,
  is_append_only integer not null,
  is_readable integer not null,
  honours_conditions integer,
  refuses_deletes text not null,
  primary key (file, destination)
) strict, without rowid;

-- Since when the disk is too full for observations. One row, or none.
create table backup_disks (
  id integer primary key check (id = 1),
  full_since integer not null,
  free_bytes integer not null
) strict;

-- Rehearsals of restoring. `signature` signs all that is shown of one that is over.
create table backup_drills (
  id integer primary key,
  file text not null,
  destination text not null,
  outcome text not null check (outcome in ('asked', 'running', 'passed', 'failed')),
  asked_by text not null,
  asked_at integer not null,
  ended_at integer,
  summary text not null,
  report text not null,
  signature text not null
) strict;

create index backup_drills_by_outcome on backup_drills (outcome);
create index backup_drills_by_file_destination on backup_drills (file, destination, id);

-- A row that a drill writes and looks for in what it restored.
create table backup_sentinels (
  id integer primary key,
  token text not null,
  written_at integer not null
) strict;
