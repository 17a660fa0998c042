-- The present key file does not open the channel's configuration. Noted by who has the key, for the doctor, who has none.
alter table alerts_channels add column has_lost_secrets integer not null default 0 check (has_lost_secrets in (0, 1));
