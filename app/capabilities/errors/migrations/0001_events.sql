-- One row per event of the log, which lies in ingest_items. The events of an issue are those of its hashes.
create table errors_events (
  -- Of ingest_items.
  item_id integer primary key,
  project_id integer not null,
  -- The hash it is counted under.
  hash integer not null,
  -- When it happened, clock drift corrected.
  at integer not null,
  received_at integer not null,
  day integer not null,
  level text not null,
  -- Of ingest_releases in hermetic.db; null: it named none.
  release_id integer,
  environment text not null,
  user_hash integer,
  event_id blob,
  -- 16 bytes.
  trace_id blob,
  -- Packed, of the item.
  bytes integer not null,
  -- How much it tells that others do not; the lowest is evicted first.
  relevance integer not null
) strict;

create index errors_events_by_hash on errors_events (hash, item_id);
create index errors_events_by_relevance on errors_events (relevance, item_id);
-- Led by the day, so that random ids dirty only the pages of the day.
create index errors_events_by_day_trace_id on errors_events (day, trace_id) where trace_id is not null;

-- Frames of built files, led back to their source when the event was digested or the map came in: packed JSON.
create table errors_frames (
  item_id integer primary key,
  codec integer not null,
  payload blob not null
) strict;

-- Frames that no map was found for yet: looked at again when files come in.
create table errors_unread (
  project_id integer not null,
  -- Of the event's debug_meta, in lower case; empty where it only names files.
  debug_id text not null,
  release text not null,
  item_id integer not null,
  primary key (project_id, debug_id, release, item_id)
) strict, without rowid;

create index errors_unread_by_release on errors_unread (project_id, release, item_id) where release <> '';
create index errors_unread_by_item_id on errors_unread (item_id);

-- Files that came with events.
create table errors_attachments (
  item_id integer primary key,
  project_id integer not null,
  event_id blob,
  -- 'attachment' or 'minidump'.
  kind text not null,
  filename text not null,
  content_type text not null,
  attachment_type text not null,
  -- As it was sent.
  size integer not null,
  -- Packed.
  bytes integer not null,
  received_at integer not null
) strict;

-- How much there is of each, kept by the statements that add and remove.
create table errors_sizes (
  -- 'events', 'attachments'.
  what text primary key,
  items integer not null,
  bytes integer not null
) strict, without rowid;
