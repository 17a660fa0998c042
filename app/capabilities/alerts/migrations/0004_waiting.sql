-- What is to be told, by when: a flush reads nothing else, however much is open, silenced, or told by another rule.
create index alerts_alerts_by_rule_id_flush_at on alerts_alerts (rule_id, flush_at) where flush_at is not null;

-- Who of a group is left, the first one first.
create index alerts_alerts_by_open_group_id on alerts_alerts (group_id, started_at, id) where state <> 'resolved' and group_id is not null;
