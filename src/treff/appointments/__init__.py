"""Appointments: the aggregate and its verbs."""
