-- Sessions that began in this hour, by how they ended so far. What is in no other column ended well.
-- Led by the hour, so that the counters of now lie in the pages of now.
create table releases_hours (
  hour integer not null,
  project_id integer not null references identity_projects (id) on delete cascade,
  release_id integer not null,
  environment text not null,
  sessions integer not null,
  errored integer not null,
  unhandled integer not null,
  abnormal integer not null,
  crashed integer not null,
  primary key (hour, project_id, release_id, environment)
) strict, without rowid;

-- The chart of one release.
create index releases_hours_by_release_id_hour on releases_hours (release_id, hour);

create table releases_deploys (
  id integer primary key autoincrement,
  project_id integer not null references identity_projects (id) on delete cascade,
  release_id integer not null,
  environment text not null,
  name text not null,
  -- Checked: http or https; empty for none.
  url text not null,
  started_at integer,
  finished_at integer not null
) strict;

create index releases_deploys_by_release_id on releases_deploys (release_id);

-- What `sentry-cli releases set-commits` told, the newest of a release first.
create table releases_commits (
  release_id integer not null,
  position integer not null,
  project_id integer not null references identity_projects (id) on delete cascade,
  hash text not null,
  repository text not null,
  author text not null,
  message text not null,
  committed_at integer,
  primary key (release_id, position)
) strict, without rowid;

-- Issues that came, or came back, with a release: from facts, so that the list can count without asking others.
create table releases_issues (
  release_id integer not null,
  issue_id integer not null,
  project_id integer not null references identity_projects (id) on delete cascade,
  -- 1 when a resolved issue came back; 0 when it was new.
  is_regression integer not null,
  at integer not null,
  primary key (release_id, issue_id, is_regression)
) strict, without rowid;

-- Releases that somebody deleted. The row goes when one is reported again.
create table releases_hidden (
  release_id integer primary key,
  project_id integer not null references identity_projects (id) on delete cascade,
  hidden_at integer not null
) strict;
