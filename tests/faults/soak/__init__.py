"""Thousands of appointments through the real product, with a Zoom that fails and workers that are killed.

    python -m tests.faults.soak [--appointments N] [--teams N] [--seed N]

Web, two workers, PostgreSQL, Zoom and mailbox run as processes of their own. Callers book through the API, move, cancel
and switch the provider; a share of Zoom's answers is faulty, and every two seconds one of the workers is killed. Then
the faults end, it is waited until all is settled, nothing helped along, and looked at what is there.

ground.py     the processes
teams.py      workspaces, each with a Zoom user of its own
load.py       what people do
trouble.py    what goes wrong
settling.py   how much has come to rest
facts.py      what must hold then (reliability.md 0.2), and what there was of everything
run.py        all of it, in its order
"""
