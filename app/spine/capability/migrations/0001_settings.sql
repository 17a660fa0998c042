-- What a person set. A field that was never set has no row: its shipped default counts, and may improve with a new version.
create table capability_settings (
  key text primary key,
  -- Sealed when the field is a secret.
  value text not null,
  updated_at integer not null
) strict, without rowid;
