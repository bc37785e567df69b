"""Thousands of accidents through the real reconciler; python -m tests.faults.simulation SEED --trace replays one.

One seed is one execution. The reconciler of src/treff/conferencing runs as it is (plan, situation, reconcile, ledger,
rules); what it stands on is ours (conferencing/world.py is the contract):

tables.py      rows in memory, with transactions that roll back, row locks and what READ COMMITTED lets a reader see
rows.py        world.Rows on these tables: the statements of conferencing/rows.py
zoom.py        the provider, with the truth of what is there; it cannot be listed, and create is not idempotent
accounts.py    grants, tokens and connections: what connecting, leaving and the provider's word do to them
machines.py    worker processes as greenlets: where another may run, where one is killed or stopped; their journals
story.py       what people do, by chance
accidents.py   how often what goes wrong
engine.py      the order of events of one seed, and how it comes to rest at the end
invariants.py  what must hold after every commit and at the end (reliability.md 0.2)
mutants.py     planted bugs, each of which must be caught
"""
