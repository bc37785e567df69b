from django.apps import AppConfig


class NotetakingConfig(AppConfig):
    name = "treff.notetaking"
