"""Every single operation fails once, and whichever it was, all comes into step afterwards.

A deed of people (book, move, cancel, switch, disconnect) and the passes that follow from it need so many statements
and commits, so many requests to Zoom, so many touches of a file. For each number n the n-th of a kind fails, alone or
with all that come after it. Then the fault is over, a worker starts, and what must hold is asked (reliability.md 0.2).

outages.py     which operation fails, and how
place.py       a workspace with its Zoom user
deeds.py       what people do, what follows from it at once, and what must have come of it in the end
worker.py      who brings all to rest afterwards
facts.py       what must hold, at once and at rest
trials.py      one deed for every number
"""
