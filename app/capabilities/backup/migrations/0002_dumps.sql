-- Backups of the founder's own database. Ids are given once (autoincrement): they stand in links, facts and object keys.
-- `draft` is JSON, `secrets` is sealed. `next_at`: when it runs next by itself; `due_at`: the start for which a good dump is still
-- owed; `wanted_at`: from then on a run is asked for, by a person, a restart or a retry. `trouble` is '' while all is well, else
-- `failed` or `missed`. `is_lost`: the secrets were sealed with a key file that is gone, as was seen at the last start.
create table backup_dumps (
  id integer primary key autoincrement,
  key text not null unique,
  name text not null,
  draft text not null,
  secrets text not null,
  is_paused integer not null,
  next_at integer,
  due_at integer,
  wanted_at integer,
  wanted_by text not null default '',
  trouble text not null default '' check (trouble in ('', 'failed', 'missed')),
  trouble_at integer,
  is_lost integer not null default 0,
  created_at integer not null,
  changed_at integer not null
) strict;

-- Every run. `checks` is JSON; `object_key` lies below the place's `dumps/` and is written before the upload begins, `is_stored` after
-- it ended; `recipient`: the age recipient whose key opens it; `removed_at`: rotated away.
create table backup_dump_runs (
  id integer primary key autoincrement,
  dump_id integer not null references backup_dumps (id) on delete cascade,
  started_by text not null,
  started_at integer not null,
  ended_at integer,
  outcome text not null check (outcome in ('running', 'good', 'failed', 'doubtful', 'interrupted')),
  raw_bytes integer not null default 0,
  stored_bytes integer not null default 0,
  exit_code integer,
  checks text not null default '[]',
  problem text not null default '',
  log text not null default '',
  place text not null,
  encryption text not null,
  recipient text not null default '',
  object_key text,
  is_stored integer not null default 0,
  sha256 text not null default '',
  removed_at integer
) strict;
create index backup_dump_runs_by_dump on backup_dump_runs (dump_id, id);

-- The instance's own age keys: the newest is in use, the earlier ones open what was made with them. Identities are sealed.
create table backup_dump_keys (
  id integer primary key autoincrement,
  recipient text not null unique,
  identity text not null,
  created_at integer not null,
  shown_at integer,
  shown_by text not null default '',
  is_lost integer not null default 0
) strict;
