-- What rollups count: endpoints, pages, queries, vitals, callers.
create table traces_names (
  -- Made of the rest (`model::batch::Name::id`), so that rows of telemetry.db can name it first.
  id integer primary key,
  project_id integer not null references identity_projects (id) on delete cascade,
  -- `model::family::Family::code`.
  family integer not null,
  name text not null,
  -- The operation; of queries the database system, of vitals the vital.
  op text not null,
  first_at integer not null,
  -- The UTC day of the last item that named it: a project may have so many names a day.
  last_day integer not null
) strict;
create index traces_names_by_project_id_last_day on traces_names (project_id, last_day, family);

-- Counts and sketches. Led by time, so that what is written lies together. Minutes are summed up as hours, hours as days.
create table traces_rollups (
  -- 1 minute, 2 hour, 3 day.
  grain integer not null,
  family integer not null,
  bucket_start integer not null,
  project_id integer not null,
  name_id integer not null,
  -- Of queries: who sends them; 0 otherwise.
  caller_id integer not null,
  environment text not null,
  -- 0 where none was said.
  release_id integer not null,
  n integer not null,
  failed integer not null,
  -- Microseconds, or millionths for CLS.
  sum integer not null,
  -- Of vitals: good, and needs improvement.
  satisfied integer not null,
  tolerating integer not null,
  -- Sum of 1 / sample rate.
  weight real not null,
  -- `model::sketch::Sketch::encode`.
  sketch blob not null,
  slowest integer not null,
  slowest_trace blob,
  failure integer not null,
  failure_trace blob,
  primary key (grain, family, bucket_start, project_id, name_id, caller_id, environment, release_id)
) strict, without rowid;

-- Up to where one grain was summed up as the next one: 2 minutes as hours, 3 hours as days.
create table traces_folds (
  grain integer primary key,
  upto integer not null
) strict;

create table traces_environments (
  project_id integer not null references identity_projects (id) on delete cascade,
  name text not null,
  last_day integer not null,
  primary key (project_id, name)
) strict, without rowid;

-- Vitals that came before the page load they belong to.
create table traces_waiting (
  received_at integer not null,
  trace_id blob not null,
  span_id integer not null,
  vital text not null,
  project_id integer not null references identity_projects (id) on delete cascade,
  value real not null,
  weight real not null,
  at integer not null,
  environment text not null,
  release text not null
) strict;
create index traces_waiting_by_trace_id_span_id on traces_waiting (trace_id, span_id);
create index traces_waiting_by_received_at on traces_waiting (received_at);
create index traces_waiting_by_project_id on traces_waiting (project_id);
