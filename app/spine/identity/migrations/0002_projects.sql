-- Programs of the founder's that report errors, traces and logs. The id is the number in a DSN.
create table identity_projects (
  id integer primary key autoincrement,
  slug text not null unique,
  name text not null,
  -- What the set-up page shows a snippet for: 'javascript', 'python', …; empty for none.
  platform text not null,
  -- One a line; empty: every origin may report.
  allowed_origins text not null,
  -- Whether addresses of the project's users are stored.
  keeps_addresses integer not null,
  -- Names of fields, one a line: scrubbed besides the standard ones; never scrubbed.
  scrub_fields text not null,
  safe_fields text not null,
  created_at integer not null
) strict;

-- What a program shows: public by nature (it stands in every browser), so it can only report, and be switched off.
create table identity_dsn_keys (
  id integer primary key autoincrement,
  project_id integer not null references identity_projects (id) on delete cascade,
  public_key text not null unique,
  label text not null,
  is_active integer not null,
  -- Items a minute; null: no limit of its own.
  per_minute integer,
  created_at integer not null
) strict;
create index identity_dsn_keys_by_project_id on identity_dsn_keys (project_id);
