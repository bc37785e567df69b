"""A database that went back in time: nothing leaves the house until a person has looked and says so."""
