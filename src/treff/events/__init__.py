"""How a lower package sets a higher one to work: it announces, wiring.py says who listens."""
