from django.apps import AppConfig


class AvailabilityConfig(AppConfig):
    name = "treff.availability"
    label = "availability"
