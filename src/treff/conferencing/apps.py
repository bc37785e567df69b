from django.apps import AppConfig


class ConferencingConfig(AppConfig):
    name = "treff.conferencing"
