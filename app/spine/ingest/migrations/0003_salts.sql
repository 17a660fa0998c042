-- What the handles of visitors without a cookie are made with, by day (its start, UTC). Kept for at most 48 hours: afterwards nobody can tell
-- which address such a handle was made of.
create table ingest_salts (
  day integer primary key,
  salt blob not null
) strict;
