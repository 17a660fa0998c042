"""Asks DuckDB what the pages of engagement ask, on the same actions. Prints one JSON object: milliseconds (the median of five) and the answers."""

import json
import statistics
import sys
import time

import duckdb

source, names = sys.argv[1], json.loads(sys.argv[2])
db = duckdb.connect()
db.execute("set threads to 2")
db.execute("set TimeZone = 'UTC'")
started = time.monotonic()
db.execute("create table actions as select * from read_csv(?, columns = {'moment': 'bigint', 'contact': 'uinteger', 'name': 'utinyint'})", [source])
db.execute("create table days as select ((moment - moment % 86400000) / 86400000)::integer as day, contact, name, moment from actions")
loaded = time.monotonic() - started
last = db.execute("select max(day) from days").fetchone()[0]


def ask(sql, *values):
    times, rows = [], None
    for _ in range(5):
        started = time.monotonic()
        rows = db.execute(sql, values).fetchall()
        times.append((time.monotonic() - started) * 1e3)
    return statistics.median(times), rows


answers = {"loaded_s": loaded}
answers["active"] = ask("select day, count(distinct contact) from days where day > ? - 365 group by day order by day", last)
answers["month"] = ask("select count(distinct contact) from days where day > ? - 30", last)
answers["adoption"] = ask("select name, count(distinct contact) from days where day > ? - 30 group by name order by name", last)
# 1970-01-01 was a Thursday: weeks begin on Mondays.
answers["retention"] = ask(
    """
    with weeks as (select distinct contact, ((day + 3 - (day + 3) % 7) / 7)::integer as week from days),
         first as (select contact, min(week) as cohort from weeks group by contact)
    select cohort, week - cohort as later, count(*) from weeks join first using (contact)
    where cohort > ((?1 + 3 - (?1 + 3) % 7) / 7)::integer - 52 group by cohort, later order by cohort, later
    """,
    last,
)
# The first action of each step that may follow: for each first step the chain is tried, the longest counts. Window of 14 days from the first.
first, second, third = names
answers["funnel"] = ask(
    """
    with one as (select contact, moment from days where name = ?2 and day > ?1 - 90),
         two as (select contact, moment from days where name = ?3 and day > ?1 - 90),
         three as (select contact, moment from days where name = ?4 and day > ?1 - 90),
         a as (select one.contact, one.moment as start, min(two.moment) as second from one join two
               on one.contact = two.contact and two.moment > one.moment and two.moment <= one.moment + 14 * 86400000 group by 1, 2),
         b as (select distinct a.contact from a join three
               on a.contact = three.contact and three.moment > a.second and three.moment <= a.start + 14 * 86400000)
    select (select count(distinct contact) from one), (select count(distinct contact) from a), (select count(*) from b)
    """,
    last,
    first,
    second,
    third,
)
json.dump(answers, sys.stdout)
