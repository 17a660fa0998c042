-- Pieces of uploads that are not put together yet, by the SHA-1 of their bytes. Gone some hours later.
create table releases_chunks (
  id integer primary key autoincrement,
  checksum blob not null unique,
  size integer not null,
  stored integer not null,
  received_at integer not null,
  codec integer not null,
  bytes blob not null
) strict;

create index releases_chunks_by_received_at on releases_chunks (received_at, stored);

-- Contents, each once, by the SHA-256 of their bytes. Not aged out by time: by the budget, with their bundles.
create table releases_blobs (
  id integer primary key autoincrement,
  digest blob not null unique,
  size integer not null,
  -- As they lie here, compressed.
  stored integer not null,
  added_at integer not null,
  -- zstd.
  bytes blob not null
) strict;

-- Sums and searches of what nobody names, without reading contents.
create index releases_blobs_by_added_at on releases_blobs (added_at, stored);

-- One upload: an artifact bundle, a file of a release, a debug file.
create table releases_bundles (
  id integer primary key autoincrement,
  project_id integer not null,
  -- SHA-1 of the upload.
  checksum blob not null,
  -- Empty where it belongs to no release.
  release text not null,
  dist text not null,
  size integer not null,
  uploaded_at integer not null,
  -- The day on which it last helped to read a stack, or was uploaded.
  used_at integer not null,
  -- When the others were told; null: not yet.
  announced_at integer,
  unique (project_id, checksum, release, dist)
) strict;

create index releases_bundles_by_used_at on releases_bundles (used_at);
create index releases_bundles_by_project_id_release on releases_bundles (project_id, release);
create index releases_bundles_by_announced_at on releases_bundles (announced_at) where announced_at is null;

-- The files of a bundle. A project finds only its own, whatever lies in the contents.
create table releases_artifacts (
  id integer primary key autoincrement,
  bundle_id integer not null references releases_bundles (id) on delete cascade,
  project_id integer not null,
  -- `releases::ArtifactKind::as_str`.
  kind text not null,
  -- 16 bytes; null where the build put none in.
  debug_id blob,
  release text not null,
  dist text not null,
  -- `~/static/app.js`, without host and query.
  url text not null,
  -- Where its source map is, as the upload says it; empty: look into the file.
  map_url text not null,
  name text not null,
  blob_id integer not null references releases_blobs (id)
) strict;

create index releases_artifacts_by_project_id_debug_id on releases_artifacts (project_id, debug_id);
create index releases_artifacts_by_project_id_release_url on releases_artifacts (project_id, release, url);
create index releases_artifacts_by_bundle_id on releases_artifacts (bundle_id);
create index releases_artifacts_by_blob_id on releases_artifacts (blob_id);

-- Files of stacks that could not be led back to their source, once a day each.
create table releases_misses (
  day integer not null,
  project_id integer not null,
  release text not null,
  file text not null,
  reason text not null,
  primary key (day, project_id, release, file, reason)
) strict, without rowid;

-- The memory of sessions that may still report: each is counted once, by its worst ending. Led by the day it began.
create table releases_sessions (
  day integer not null,
  project_id integer not null,
  sid blob not null,
  release_id integer not null,
  environment text not null,
  hour integer not null,
  -- `releases::Ending::code`: the worst so far.
  ending integer not null,
  -- The item that set it, and what stood here before the batch of that item; null: nothing.
  item_id integer not null,
  prior integer,
  primary key (day, project_id, sid)
) strict, without rowid;

-- Who used a release on a day, by the hash of the name the SDK gives; with the last hours, so that a window can cut a day.
create table releases_users (
  day integer not null,
  release_id integer not null,
  person integer not null,
  seen_hour integer not null,
  -- 0: never on that day.
  crashed_hour integer not null,
  unhandled_hour integer not null,
  primary key (day, release_id, person)
) strict, without rowid;

-- Up to which item something was counted in this file that must not be counted twice.
create table releases_marks (
  name text primary key,
  item_id integer not null
) strict, without rowid;
