-- The items of one kind in the order of commits: what ages out is found without reading what stays. Appended to at one place for each
-- kind, so it costs a few bytes per item.
create index ingest_items_by_kind on ingest_items (kind);
