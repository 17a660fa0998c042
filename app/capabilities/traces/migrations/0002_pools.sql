-- What programs last said of their pools of connections to databases. One row a pool, overwritten.
create table traces_pools (
  project_id integer not null references identity_projects (id) on delete cascade,
  -- Its name, and the machine it is on.
  pool text not null,
  used real,
  used_at integer,
  -- How many it may hold.
  most real,
  primary key (project_id, pool)
) strict, without rowid;
