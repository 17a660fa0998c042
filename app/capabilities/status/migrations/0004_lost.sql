-- The key file was lost: the link of a subscriber's messages is a new one, and the former holds all the same; a webhook's signing
-- secret is gone.
alter table status_subscribers add column former_digest text;
alter table status_subscribers add column has_lost_secret integer not null default 0 check (has_lost_secret in (0, 1));
create index status_subscribers_by_former_digest on status_subscribers (former_digest) where former_digest is not null;
