from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "treff.web"
