-- The last item that each digest passed over, so that it is counted once, whatever dies before the cursor moves.
create table ingest_marks (
  digest text primary key,
  item_id integer not null
) strict, without rowid;
