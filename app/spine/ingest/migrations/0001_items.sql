-- What programs reported, as it came, but scrubbed. Ids are in the order of commits: a digest that has read up to one
-- misses nothing. Immutable; ages out.
create table ingest_items (
  id integer primary key autoincrement,
  project_id integer not null,
  -- `ingest::Kind::code`.
  kind integer not null,
  received_at integer not null,
  -- 16 bytes; null where the kind has none.
  event_id blob,
  -- JSON: `ingest::Head`.
  head text not null,
  -- How the payload is packed: `ingest::pack`.
  codec integer not null,
  payload blob not null
) strict;

-- Where the items of an event are. Led by the day, so that random ids dirty only the pages of the day.
create table ingest_ids (
  day integer not null,
  project_id integer not null,
  event_id blob not null,
  item_id integer not null,
  primary key (day, project_id, event_id, item_id)
) strict, without rowid;

-- What became of everything that was reported, by hour. Written in the transaction that keeps the items.
create table ingest_outcomes (
  hour integer not null,
  project_id integer not null,
  -- The wire's data category: 'error', 'transaction', 'log_item', ….
  category text not null,
  -- 'accepted', 'dropped' (by us) or 'discarded' (by the SDK, from its client reports).
  outcome text not null,
  -- Empty for what was accepted.
  reason text not null,
  quantity integer not null,
  bytes integer not null,
  primary key (hour, project_id, category, outcome, reason)
) strict, without rowid;
