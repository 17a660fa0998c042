-- How many handles of people nobody had heard of were made on a UTC day: whoever knows a public key can make up as many as it likes.
create table engagement_newcomers (
  day integer primary key,
  handles integer not null
) strict;
