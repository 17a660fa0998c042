-- What contacts did, each once. Led by the time, so that what ages out lies together; what is known of it is JSON, packed (`ingest::pack`).
create table engagement_actions (
  at integer not null,
  -- Tells apart what happened in the same millisecond.
  tie integer not null,
  -- In hermetic.db: engagement_names, identity_handles, identity_projects.
  name_id integer not null,
  handle_id integer not null,
  project_id integer not null,
  -- 1: told by a browser or an app; 2: came more than a day after it happened.
  flags integer not null,
  codec integer not null,
  props blob not null,
  primary key (at, tie)
) strict, without rowid;
create index engagement_actions_by_name on engagement_actions (name_id, at, handle_id);
create index engagement_actions_by_handle on engagement_actions (handle_id, at);

-- By which a message that is sent again is known: its id, hashed. Led by its day by the client's clock, which is the same each time.
create table engagement_ids (
  day integer not null,
  hash integer not null,
  -- Item of the log × 10,000 + position in it: who came first.
  place integer not null,
  primary key (day, hash)
) strict, without rowid;

-- The first item of each day of receipt, so that ids leave 30 days after they came, however old what they name is.
create table engagement_marks (
  day integer primary key,
  item_id integer not null
) strict;
