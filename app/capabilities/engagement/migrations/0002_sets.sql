-- Named sets of actions: whoever does one of them uses the feature.
create table engagement_features (
  id integer primary key autoincrement,
  name text not null collate nocase unique,
  created_at integer not null
) strict;
create table engagement_feature_names (
  feature_id integer not null references engagement_features (id) on delete cascade,
  name_id integer not null references engagement_names (id),
  primary key (feature_id, name_id)
) strict, without rowid;

-- Funnels that were kept: steps in order, and for how long after the first the last still counts.
create table engagement_funnels (
  id integer primary key autoincrement,
  name text not null collate nocase unique,
  window_ms integer not null,
  created_at integer not null
) strict;
create table engagement_funnel_steps (
  funnel_id integer not null references engagement_funnels (id) on delete cascade,
  position integer not null,
  name_id integer not null references engagement_names (id),
  primary key (funnel_id, position)
) strict, without rowid;

-- Questions that pages of the founder's ask.
create table engagement_surveys (
  id integer primary key autoincrement,
  -- 'nps': 0 to 10; 'csat': 1 to 5.
  kind text not null check (kind in ('nps', 'csat')),
  question text not null,
  follow_up text not null,
  thanks text not null,
  -- Null while answers are taken.
  closed_at integer,
  created_at integer not null
) strict;
create table engagement_answers (
  id integer primary key autoincrement,
  survey_id integer not null references engagement_surveys (id) on delete cascade,
  -- Null: nobody said who it was.
  handle_id integer,
  score integer not null,
  comment text not null,
  answered_at integer not null
) strict;
create index engagement_answers_by_survey on engagement_answers (survey_id, answered_at);
create index engagement_answers_by_handle on engagement_answers (handle_id, survey_id) where handle_id is not null;
