-- Names under which actions are counted. 0 stands for any of those that make a contact active.
create table engagement_names (
  id integer primary key autoincrement,
  name text not null unique,
  is_activity integer not null,
  created_at integer not null
) strict;

-- How often, and who, by name and day in the zone of `engagement_zone`. `contacts`: a roaring bitmap of identity_contacts.id.
create table engagement_counts (
  name_id integer not null,
  day integer not null,
  actions integer not null,
  primary key (name_id, day)
) strict, without rowid;
create table engagement_bitmaps (
  name_id integer not null,
  day integer not null,
  contacts blob not null,
  primary key (name_id, day)
) strict, without rowid;

-- Actions of each quarter of an hour, UTC: whatever the zone, hours are made of these.
create table engagement_slots (
  slot_at integer primary key,
  actions integer not null
) strict;

-- The first and the last day on which a contact did anything: bits of it lie nowhere else.
create table engagement_contacts (
  contact_id integer primary key,
  first_day integer not null,
  last_day integer not null
) strict;
create index engagement_contacts_by_last_day on engagement_contacts (last_day, contact_id);

-- What became of what is not counted, by UTC day of receipt: 'duplicate', 'too_old', 'nobody'.
create table engagement_passed (
  day integer not null,
  reason text not null,
  actions integer not null,
  primary key (day, reason)
) strict, without rowid;

-- Days whose visits must be computed again, because actions of theirs came since.
create table engagement_stale (
  day integer primary key
) strict;

-- Visits that began on a day.
create table engagement_visits (
  day integer primary key,
  visits integer not null,
  -- Of one action.
  bounced integer not null,
  total_ms integer not null,
  median_ms integer not null,
  contacts integer not null
) strict;

-- The zone that the days above are of; one row.
create table engagement_zone (
  id integer primary key check (id = 1),
  zone text not null
) strict;

-- Handles of contacts that were erased: what they did leaves the log.
create table engagement_erased (
  handle_id integer primary key
) strict;
