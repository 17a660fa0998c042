-- Ids are given once (autoincrement): they stand in links, keys of deliveries and other tables' texts, and a new row must never
-- inherit what was meant for a deleted one.
-- People who may sign in to the console.
create table identity_members (
  id integer primary key autoincrement,
  email text not null collate nocase unique,
  name text not null,
  role text not null check (role in ('viewer', 'member', 'admin', 'owner')),
  -- Argon2id in PHC form; null until an invitation is accepted.
  password_hash text,
  -- Sealed; null while no second factor is set up.
  totp_secret text,
  -- The newest 30-second step a code was accepted for: a code counts once.
  totp_step integer not null default 0,
  disabled_at integer,
  created_at integer not null
) strict;

create table identity_recovery_codes (
  member_id integer not null references identity_members (id) on delete cascade,
  digest text not null,
  created_at integer not null,
  primary key (member_id, digest)
) strict, without rowid;

-- Signed-in browsers. `is_pending`: the password was right, the second factor is still to come.
create table identity_logins (
  id integer primary key,
  member_id integer not null references identity_members (id) on delete cascade,
  digest text not null unique,
  is_pending integer not null,
  address text not null,
  user_agent text not null,
  seen_at integer not null,
  expires_at integer not null,
  created_at integer not null
) strict;
create index identity_logins_by_member_id on identity_logins (member_id, id);

-- One-time links: first set-up, invitation, new password.
create table identity_links (
  digest text primary key,
  purpose text not null check (purpose in ('setup', 'invite', 'password')),
  member_id integer references identity_members (id) on delete cascade,
  expires_at integer not null,
  created_at integer not null
) strict, without rowid;

create table identity_keys (
  id integer primary key autoincrement,
  name text not null unique,
  -- The first characters, so that a person can tell keys apart.
  hint text not null,
  digest text not null unique,
  role text not null check (role in ('viewer', 'member', 'admin', 'owner')),
  -- Words like uptime:read, separated by blanks.
  scopes text not null,
  created_by text not null,
  used_at integer,
  created_at integer not null
) strict;

-- Who did what, when. Written in the transaction of the act.
create table identity_audits (
  id integer primary key,
  actor text not null,
  act text not null,
  subject text not null,
  detail text not null,
  created_at integer not null
) strict;
