-- Ids are given once (autoincrement): they stand in links, keys of deliveries and other tables' texts, and a new row must never
-- inherit what was meant for a deleted one.
-- What the public sees. A component follows its feeds, or a person.
create table status_groups (
  id integer primary key autoincrement,
  public_id text not null unique,
  name text not null,
  position integer not null,
  created_at integer not null
) strict;

create table status_components (
  id integer primary key autoincrement,
  public_id text not null unique,
  group_id integer references status_groups (id) on delete set null,
  name text not null,
  description text not null default '',
  position integer not null,
  rule text not null check (rule in ('worst_of', 'any_up', 'manual')),
  created_at integer not null,
  updated_at integer not null
) strict;
create index status_components_by_group on status_components (group_id);

create table status_component_feeds (
  component_id integer not null references status_components (id) on delete cascade,
  feed_key text not null,
  primary key (component_id, feed_key)
) strict, without rowid;
create index status_component_feeds_by_feed_key on status_component_feeds (feed_key);

-- What a person said about a component without feeds; the newest row is its state, all of them are its history.
create table status_component_states (
  component_id integer not null references status_components (id) on delete cascade,
  since_at integer not null,
  state text not null,
  primary key (component_id, since_at)
) strict, without rowid;

-- Public text about a problem. A draft is seen by members only.
create table status_reports (
  id integer primary key autoincrement,
  public_id text not null unique,
  title text not null,
  impact text not null check (impact in ('none', 'minor', 'major', 'critical')),
  phase text not null check (phase in ('investigating', 'identified', 'monitoring', 'resolved')),
  visibility text not null check (visibility in ('draft', 'published')),
  counts_as_downtime integer not null,
  -- It once said something about a component: when the last of these is deleted, it does not become one about the whole page.
  names_components integer not null default 0,
  -- Of a suggested draft: the outages that made it, such as ' 12 15 '. It is withdrawn or resolved with the last of them.
  outages text not null default '',
  -- A suggested draft publishes itself then, unless somebody was faster.
  publish_at integer,
  started_at integer not null,
  resolved_at integer,
  published_at integer,
  created_at integer not null,
  updated_at integer not null
) strict;
create index status_reports_by_started_at on status_reports (visibility, started_at);
create index status_reports_by_phase on status_reports (phase) where phase <> 'resolved';

create table status_report_updates (
  id integer primary key autoincrement,
  report_id integer not null references status_reports (id) on delete cascade,
  phase text not null,
  body text not null,
  -- A quiet update is shown and told to nobody.
  is_quiet integer not null default 0,
  at integer not null,
  created_at integer not null
) strict;
create index status_report_updates_by_report on status_report_updates (report_id, id);

create table status_report_effects (
  update_id integer not null references status_report_updates (id) on delete cascade,
  component_id integer not null references status_components (id) on delete cascade,
  state text not null,
  primary key (update_id, component_id)
) strict, without rowid;
create index status_report_effects_by_component on status_report_effects (component_id);

create table status_maintenances (
  id integer primary key autoincrement,
  public_id text not null unique,
  title text not null,
  phase text not null check (phase in ('scheduled', 'in_progress', 'completed', 'cancelled')),
  starts_at integer not null,
  ends_at integer not null,
  -- As in status_reports.
  names_components integer not null default 0,
  created_at integer not null,
  updated_at integer not null
) strict;
create index status_maintenances_by_starts_at on status_maintenances (starts_at);
create index status_maintenances_by_phase on status_maintenances (phase) where phase in ('scheduled', 'in_progress');

create table status_maintenance_components (
  maintenance_id integer not null references status_maintenances (id) on delete cascade,
  component_id integer not null references status_components (id) on delete cascade,
  primary key (maintenance_id, component_id)
) strict, without rowid;
create index status_maintenance_components_by_component on status_maintenance_components (component_id);

create table status_maintenance_updates (
  id integer primary key autoincrement,
  maintenance_id integer not null references status_maintenances (id) on delete cascade,
  phase text not null,
  body text not null,
  at integer not null
) strict;
create index status_maintenance_updates_by_maintenance on status_maintenance_updates (maintenance_id, id);

-- Who follows the page. Tokens rest as digests; the one for each message's link is sealed, because messages need it again.
create table status_subscribers (
  id integer primary key autoincrement,
  kind text not null check (kind in ('email', 'webhook')),
  address text not null,
  address_key text not null,
  language text not null,
  state text not null check (state in ('pending', 'active', 'unsubscribed')),
  confirm_digest text,
  confirm_until integer,
  token_digest text not null unique,
  token_sealed text not null,
  secret_sealed text,
  -- Follows only what status_subscriber_components lists, also when the last of these was deleted.
  is_selective integer not null default 0,
  created_at integer not null,
  confirmed_at integer,
  ended_at integer
) strict;
create unique index status_subscribers_by_address on status_subscribers (kind, address_key) where state <> 'unsubscribed';
create unique index status_subscribers_by_confirm on status_subscribers (confirm_digest) where confirm_digest is not null;
create index status_subscribers_by_state on status_subscribers (state, id);

create table status_subscriber_components (
  subscriber_id integer not null references status_subscribers (id) on delete cascade,
  component_id integer not null references status_components (id) on delete cascade,
  primary key (subscriber_id, component_id)
) strict, without rowid;
create index status_subscriber_components_by_component on status_subscriber_components (component_id);

-- One telling of one or several updates to everybody. `cursor` is the last subscriber whose delivery was posted: an interrupted
-- telling goes on from there. One subject is told one notice at a time.
create table status_notices (
  id integer primary key autoincrement,
  subject text not null,
  from_update integer not null,
  upto_update integer not null,
  cursor integer not null default 0,
  posted integer not null default 0,
  created_at integer not null,
  finished_at integer
) strict;
create unique index status_notices_by_open_subject on status_notices (subject) where finished_at is null;
create index status_notices_by_subject on status_notices (subject, id);

-- Texts to start a report from.
create table status_templates (
  id integer primary key autoincrement,
  name text not null unique,
  title text not null,
  impact text not null,
  phase text not null,
  body text not null,
  created_at integer not null
) strict;

insert into status_templates (name, title, impact, phase, body, created_at) values
  ('First post', 'Problems with [part]', 'major', 'investigating', 'We are looking into problems with [part]. The next update follows within 20 minutes.', 0),
  ('Cause found', 'Problems with [part]', 'major', 'identified', 'We found the cause: [cause]. We are working on it. Affected: [who and what]. The next update follows within 20 minutes.', 0),
  ('Watching', 'Problems with [part]', 'minor', 'monitoring', 'A fix is in place and everything works again. We keep watching for the next hour.', 0),
  ('Resolved', 'Problems with [part]', 'minor', 'resolved', 'Everything works as usual again. No data was lost. We are sorry for the trouble.', 0);

-- The picture in the head of the page: at most one.
create table status_logos (
  id integer primary key check (id = 1),
  bytes blob not null,
  created_at integer not null
) strict;
