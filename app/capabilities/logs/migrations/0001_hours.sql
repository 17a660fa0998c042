-- How many lines of each level a project's programs wrote, by hour. Outlives the lines themselves.
create table logs_hours (
  hour integer not null,
  project_id integer not null,
  -- `logs::model::Level::code`.
  level integer not null,
  lines integer not null,
  primary key (hour, project_id, level)
) strict, without rowid;
