-- Since when a component that should follow monitors follows none, because all of them are gone.
alter table status_components add column loose_at integer;
