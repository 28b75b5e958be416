"""Who may read which table and run which function: a table or function without a line fails a test.

Readers are let in by team (`costtop.allow`); operators and stewards are readers too. Nobody writes
a table: that is for functions.
"""

LOGINS = {
    "stranger": "sam",
    "host": "costtop_host_a",
    "reader": "anna",
    "operator": "oscar",
    "steward": "stella",
}
READERS, NOBODY = ("reader", "operator", "steward"), ()

MAY_READ = {
    "alerts": READERS,
    "budgets": READERS,
    "calls": READERS,
    "commands": READERS,
    "deeds": READERS,
    "grants": NOBODY,
    "guards": READERS,
    "hosts": READERS,
    "keys": NOBODY,
    "leader": READERS,  # all but the number of its lock
    "meta": READERS,
    "minutes": READERS,
    "names": READERS,
    "outbox": READERS,
    "overtold": NOBODY,
    "sessions": READERS,
    "spend": READERS,
    "standing": READERS,
    "teams": READERS,
    "windows": READERS,
}
MAY_CALL = {
    "stranger": set(),
    "host": {"ingest", "ingest_sums", "heartbeat", "ask", "answer", "accept", "say"},
    "reader": {"my_teams"},
    "operator": {"my_teams", "command", "outcome"},
    "steward": {"my_teams", "lead", "lead_on", "stand", "claim", "sent"},
}
READABLE = {table for table, who in MAY_READ.items() if who}
EVERYBODY_S = {"meta"}  # says which version the server has, and nothing of any team
EMPTY_AT_FIRST = {"alerts", "budgets", "guards", "leader", "outbox", "standing", "windows"}
