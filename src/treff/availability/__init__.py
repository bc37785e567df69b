"""When hosts have time: weekly hours, date overrides, time off, busy times, and free slots."""
