-- Problems. Counts and history are exact and outlive the events, which age out of the log.
create table errors_issues (
  id integer primary key autoincrement,
  project_id integer not null references identity_projects (id) on delete cascade,
  -- What it is called: an exception's type and value, or a message with an empty type.
  type text not null,
  value text not null,
  -- Where it happens: a function, an endpoint.
  culprit text not null,
  -- 'fatal', 'error', 'warning', 'info', 'debug': of the latest event.
  level text not null,
  platform text not null,
  -- 'open', 'resolved', 'ignored'.
  state text not null,
  state_at integer not null,
  -- Of resolved ones: 'at_once' (any later event brings it back), 'next_release' (one of a release newer than
  -- resolved_release_id), 'in_release' (one of resolved_release_id or newer). Else empty.
  resolved_how text not null,
  resolved_release_id integer,
  -- Of ignored ones: each that is set ends it; none: for ever. The counts are totals of the issue.
  ignored_until integer,
  ignored_events integer,
  ignored_users integer,
  -- When it last came back after having been resolved or ignored; null once somebody has acted on it.
  regressed_at integer,
  -- Since when it has far more events than usual; null: it has not.
  spiking_since integer,
  first_seen_at integer not null,
  last_seen_at integer not null,
  events integer not null,
  -- Distinct ones.
  users integer not null,
  -- Ids of ingest_releases; null: events named none.
  first_release_id integer,
  last_release_id integer,
  -- Ids of ingest_items.
  first_item_id integer not null,
  last_item_id integer not null,
  has_unhandled integer not null,
  -- 1 low, 2 medium, 3 high.
  priority integer not null,
  assignee_id integer references identity_members (id) on delete set null,
  -- Types, values and functions of frames in lower case, for free-text search.
  search text not null
) strict;

create index errors_issues_by_project_id_last_seen_at on errors_issues (project_id, last_seen_at, id);
create index errors_issues_by_state_last_seen_at on errors_issues (state, last_seen_at, id);
create index errors_issues_by_last_seen_at on errors_issues (last_seen_at, id);
create index errors_issues_by_first_seen_at on errors_issues (first_seen_at, id);
create index errors_issues_by_events on errors_issues (events, id);
create index errors_issues_by_users on errors_issues (users, id);
create index errors_issues_by_priority_last_seen_at on errors_issues (priority, last_seen_at, id);
create index errors_issues_by_ignored_until on errors_issues (ignored_until) where ignored_until is not null;
create index errors_issues_by_spiking_since on errors_issues (spiking_since) where spiking_since is not null;

-- What events are recognised by. Counts hang on the hash, not on the issue: merging and splitting issues moves rows of this
-- table only, and every count stays exact, before and after.
create table errors_hashes (
  id integer primary key autoincrement,
  project_id integer not null,
  -- Of project, version of the algorithm, kind and components.
  hash integer not null unique,
  issue_id integer not null references errors_issues (id) on delete cascade,
  -- 'fingerprint', 'app', 'system', 'message', 'policy', 'flood'.
  kind text not null,
  version integer not null,
  -- JSON, for "why grouped": what went into the hash.
  components text not null,
  type text not null,
  value text not null,
  -- Of the events that were counted under this hash; 0 for one that only leads to the issue.
  events integer not null,
  -- Null: no event yet.
  first_seen_at integer,
  last_seen_at integer,
  first_item_id integer,
  last_item_id integer
) strict;

create index errors_hashes_by_issue_id on errors_hashes (issue_id, id);

-- Led by time: what is counted now lies together, so that a commit dirties few pages.
create table errors_minutes (
  minute integer not null,
  project_id integer not null,
  events integer not null,
  -- Issues opened.
  opened integer not null,
  primary key (minute, project_id)
) strict, without rowid;

create table errors_hours (
  hour integer not null,
  hash_id integer not null references errors_hashes (id) on delete cascade,
  events integer not null,
  primary key (hour, hash_id)
) strict, without rowid;

create index errors_hours_by_hash_id on errors_hours (hash_id, hour);

create table errors_days (
  day integer not null,
  hash_id integer not null references errors_hashes (id) on delete cascade,
  events integer not null,
  primary key (day, hash_id)
) strict, without rowid;

create index errors_days_by_hash_id on errors_days (hash_id, day);

-- Whom it happened to: 64 bits of a digest of the user's id, mail address, name or network address, in this order.
create table errors_users (
  hash_id integer not null references errors_hashes (id) on delete cascade,
  user_hash integer not null,
  primary key (hash_id, user_hash)
) strict, without rowid;

-- At most 100 values per key; what comes after that is counted as the value '<other>'.
create table errors_tags (
  hash_id integer not null references errors_hashes (id) on delete cascade,
  key text not null,
  value text not null,
  events integer not null,
  last_seen_at integer not null,
  primary key (hash_id, key, value)
) strict, without rowid;

create table errors_releases (
  hash_id integer not null references errors_hashes (id) on delete cascade,
  -- Of ingest_releases.
  release_id integer not null,
  events integer not null,
  first_seen_at integer not null,
  last_seen_at integer not null,
  first_item_id integer not null,
  primary key (hash_id, release_id)
) strict, without rowid;

create index errors_releases_by_release_id on errors_releases (release_id, first_seen_at);

-- What happened to an issue, by whom: its history, comments included.
create table errors_acts (
  id integer primary key autoincrement,
  issue_id integer not null references errors_issues (id) on delete cascade,
  -- 'opened', 'resolved', 'regressed', 'ignored', 'woken', 'reopened', 'assigned', 'unassigned', 'merged', 'split',
  -- 'spiking', 'calmed', 'commented', 'linked'.
  kind text not null,
  at integer not null,
  -- The member's name; empty: Hermetic did it.
  made_by text not null,
  member_id integer references identity_members (id) on delete set null,
  -- A comment's text, or a sentence on the act; may be empty.
  text text not null,
  -- The event that caused it: it is kept as long as it may be.
  item_id integer,
  -- JSON that undoing needs; empty for none.
  undo text not null
) strict;

create index errors_acts_by_issue_id on errors_acts (issue_id, id);

-- What people said about an error, or without one.
create table errors_feedback (
  id integer primary key autoincrement,
  project_id integer not null references identity_projects (id) on delete cascade,
  item_id integer not null unique,
  -- The event it is about: 16 bytes; null: about none.
  event_id blob,
  -- Null while the event has not come (or never does).
  hash_id integer references errors_hashes (id) on delete set null,
  name text not null,
  email text not null,
  message text not null,
  url text not null,
  at integer not null
) strict;

create index errors_feedback_by_hash_id on errors_feedback (hash_id, id) where hash_id is not null;
create index errors_feedback_by_waiting_event_id on errors_feedback (event_id) where hash_id is null and event_id is not null;
create index errors_feedback_by_project_id on errors_feedback (project_id, id);

-- A person's own rules: events that match are grouped by this fingerprint.
create table errors_rules (
  id integer primary key autoincrement,
  project_id integer not null references identity_projects (id) on delete cascade,
  position integer not null,
  -- JSON: [{"field":"type","pattern":"Timeout*"}, …]; all must match.
  matchers text not null,
  -- JSON: ["timeout", "{{ transaction }}"].
  fingerprint text not null,
  is_enabled integer not null,
  created_at integer not null
) strict;

create index errors_rules_by_project_id on errors_rules (project_id, position);

-- What a person tied to an issue: a ticket, a monitor, a replay, an address elsewhere.
create table errors_links (
  id integer primary key autoincrement,
  issue_id integer not null references errors_issues (id) on delete cascade,
  -- 'ticket', 'monitor', 'replay', 'url'.
  kind text not null,
  -- The other's id, or the address.
  target text not null,
  label text not null,
  made_by text not null,
  created_at integer not null,
  unique (issue_id, kind, target)
) strict;

-- Where the issues went that were merged into others: their addresses stand in mails and tickets.
create table errors_merges (
  from_id integer primary key,
  issue_id integer not null references errors_issues (id) on delete cascade
) strict;

create index errors_merges_by_issue_id on errors_merges (issue_id);
