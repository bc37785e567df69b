"""Leads: the people that appointments are made with."""
