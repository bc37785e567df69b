from django.apps import AppConfig


class BookingTypesConfig(AppConfig):
    name = "treff.booking_types"
