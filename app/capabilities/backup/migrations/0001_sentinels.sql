-- A row that a drill writes and looks for in what it restored.
create table backup_sentinels (
  id integer primary key,
  token text not null,
  written_at integer not null
) strict;
