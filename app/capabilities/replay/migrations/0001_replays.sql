-- One session of one person, as a whole: what its segments add up to. The recording itself lies in telemetry.db.
create table replay_replays (
  id integer primary key autoincrement,
  project_id integer not null references identity_projects (id) on delete cascade,
  -- What the SDK calls it: 16 bytes.
  sdk_id blob not null,
  -- 'session', or 'buffer': kept because an error happened.
  mode text not null,
  -- By the clock of the browser.
  started_at integer not null,
  finished_at integer not null,
  -- By our clock: when the first and the newest of it came.
  came_at integer not null,
  seen_at integer not null,
  segments integer not null,
  -- The highest number of a segment that came; what is missing below it was lost on the way. -1: none came.
  highest integer not null,
  events integer not null,
  -- Of the recordings as JSON, and as they arrived.
  raw_bytes integer not null,
  arrived_bytes integer not null,
  -- Who and with what, as the newest report of the SDK (of `told_at`) has it.
  told_at integer not null,
  person_id text not null,
  person_email text not null,
  person_name text not null,
  release text not null,
  environment text not null,
  browser text not null,
  os text not null,
  sdk text not null,
  -- JSON lists, each capped.
  urls text not null,
  error_ids text not null,
  trace_ids text not null,
  -- Lower case: person and addresses, which free text is looked for in.
  words text not null,
  errors integer not null,
  rage integer not null,
  dead integer not null,
  slow integer not null,
  abandoned integer not null,
  u_turns integer not null,
  -- One byte for each of 48 equal parts of the replay: how much went on.
  activity blob not null,
  -- 1: segments came since the signals were computed.
  is_stale integer not null,
  pinned_at integer,
  pinned_by text not null,
  note text not null,
  unique (project_id, sdk_id)
) strict;

create index replay_replays_by_start on replay_replays (started_at);
create index replay_replays_by_stale on replay_replays (id) where is_stale = 1;

-- Which errors happened in which replay.
create table replay_errors (
  project_id integer not null,
  event_id blob not null,
  replay_id integer not null references replay_replays (id) on delete cascade,
  primary key (project_id, event_id, replay_id)
) strict, without rowid;
create index replay_errors_by_replay on replay_errors (replay_id);

-- Who watched, once for each hour.
create table replay_views (
  replay_id integer not null references replay_replays (id) on delete cascade,
  -- The member; or the link by which a stranger came: 'share 3'.
  viewer text not null,
  hour integer not null,
  first_at integer not null,
  last_at integer not null,
  times integer not null,
  primary key (replay_id, viewer, hour)
) strict, without rowid;

-- Links for people without a login. The token itself is nowhere.
create table replay_shares (
  id integer primary key autoincrement,
  replay_id integer not null references replay_replays (id) on delete cascade,
  token_digest text not null unique,
  made_by text not null,
  made_at integer not null,
  expires_at integer not null,
  revoked_at integer
) strict;
create index replay_shares_by_replay on replay_shares (replay_id);

-- Deleted by a person: what a tab that is still open sends of it later is not kept.
create table replay_gone (
  project_id integer not null,
  sdk_id blob not null,
  gone_at integer not null,
  primary key (project_id, sdk_id)
) strict, without rowid;
