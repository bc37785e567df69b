"""Recording bots, one folder per vendor, the same file names in each."""
