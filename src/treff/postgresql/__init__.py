"""Django's way to PostgreSQL with plans that are kept; settings.DATABASES names this package."""
