-- How many releases of a project its own reports made in a day, by our clock: theirs can name any. One row for each project.
create table ingest_release_days (
  project_id integer primary key references identity_projects (id) on delete cascade,
  day integer not null,
  made integer not null
) strict;
