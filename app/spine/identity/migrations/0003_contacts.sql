-- Who pays, or tries: the company or team that contacts belong to.
create table identity_customers (
  id integer primary key autoincrement,
  -- What programs call it: a group's id.
  key text not null unique,
  name text not null,
  -- JSON object.
  traits text not null,
  created_at integer not null
) strict;

-- People who use the founder's product. Numbers are given once and stand in bitmaps: they must stay below 2^32.
create table identity_contacts (
  id integer primary key autoincrement,
  customer_id integer references identity_customers (id) on delete set null,
  -- 0: a visitor, whom no program has named yet.
  is_identified integer not null,
  -- Empty while unknown.
  email text not null collate nocase,
  name text not null,
  -- JSON object.
  traits text not null,
  -- When it was seen first.
  created_at integer not null
) strict;
create index identity_contacts_by_email on identity_contacts (email) where email <> '';
create index identity_contacts_by_name on identity_contacts (name collate nocase) where name <> '';
create index identity_contacts_by_customer on identity_contacts (customer_id) where customer_id is not null;

-- By which ids programs know a contact. Observations hold the handle, so that merging two contacts rewrites none of them.
create table identity_handles (
  id integer primary key autoincrement,
  key text not null unique,
  -- 1: a program gave it (a user id); 0: a browser made it up.
  is_given integer not null,
  contact_id integer not null references identity_contacts (id) on delete cascade,
  created_at integer not null
) strict;
create index identity_handles_by_contact on identity_handles (contact_id);

-- Handles that were told to be one contact and are not: both had been identified, as two.
create table identity_refused_links (
  key text not null,
  other text not null,
  times integer not null,
  first_at integer not null,
  last_at integer not null,
  primary key (key, other)
) strict, without rowid;
