-- Each segment of a recording, once: where it lies, when it was, what it holds.
create table replay_segments (
  id integer primary key autoincrement,
  project_id integer not null,
  -- What the SDK calls the replay: 16 bytes.
  sdk_id blob not null,
  -- The SDK's number.
  segment integer not null,
  -- The recording in the log; null once it lies in a chunk.
  item_id integer,
  chunk_id integer,
  received_at integer not null,
  -- Of its first and last event that is played, by the clock of the browser.
  from_at integer not null,
  to_at integer not null,
  events integer not null,
  -- Whether a player can begin here.
  has_snapshot integer not null,
  -- The address of its page; empty where it does not say.
  page text not null,
  -- As JSON, and what it takes up in the log.
  raw_bytes integer not null,
  bytes integer not null,
  -- What happened in it, packed (`ingest::pack`); null once it lies in a chunk.
  codec integer,
  moments blob
) strict;

create unique index replay_segments_by_replay on replay_segments (project_id, sdk_id, segment);
create index replay_segments_by_chunk on replay_segments (chunk_id) where chunk_id is not null;
create index replay_segments_by_received on replay_segments (received_at) where item_id is not null;

-- A run of segments packed together, once the replay is idle.
create table replay_chunks (
  id integer primary key autoincrement,
  project_id integer not null,
  sdk_id blob not null,
  -- zstd of JSON: a list with the list of events of each segment, in the order of the segments.
  recording blob not null,
  -- zstd of JSON: the list of what happened.
  moments blob not null
) strict;

create index replay_chunks_by_replay on replay_chunks (project_id, sdk_id);
