-- How far each digest has read the log. Moves in the transaction that applies what it read.
create table ingest_cursors (
  name text primary key,
  item_id integer not null,
  updated_at integer not null
) strict, without rowid;

-- Versions of a project's program, from whatever named one first: an event, a session, a span, sentry-cli.
create table ingest_releases (
  id integer primary key autoincrement,
  project_id integer not null references identity_projects (id) on delete cascade,
  version text not null,
  -- When it was first seen or created.
  created_at integer not null,
  -- When somebody said that it is out; null: nobody did.
  released_at integer,
  unique (project_id, version)
) strict;
