-- Where each line is: which item of the log holds it, at which position. The id is the line's own moment (milliseconds, then
-- microseconds in ten bits; see `logs::model::place`), so that lists and windows of time are ranges of ids. What a line says stays in
-- the item: twice stored it would be twice copied.
create table logs_lines (
  id integer primary key,
  item_id integer not null,
  position integer not null,
  project_id integer not null,
  -- `logs::model::Level::code`.
  level integer not null
) strict;

-- The items that were taken in, each with the ids of its lines: an item is taken in once, and ages out with its lines.
create table logs_items (
  item_id integer primary key,
  project_id integer not null,
  lines integer not null,
  -- Of the item itself: payload as it is packed, and head.
  bytes integer not null,
  -- Ids of its lines: differences as varints.
  ids blob not null
) strict;

-- The words of each line, and one word for each thing that can be asked of it (`logs::model::words`). Nothing but the lists of words:
-- no text (content=''), no positions (detail=none). Our own splitter hands over words that are split already, so that the tokenizer
-- only has to part them at blanks.
create virtual table logs_words using fts5 (words, content='', contentless_delete=1, detail=none, tokenize='ascii');
