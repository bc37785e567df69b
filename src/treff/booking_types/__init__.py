"""Booking types: what can be booked, how long it takes, and where it meets."""
