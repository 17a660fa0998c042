-- The present key file does not open the monitor's secrets. Noted by who has the key, for the doctor, who has none.
alter table uptime_monitors add column has_lost_secrets integer not null default 0 check (has_lost_secrets in (0, 1));
