from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "treff.workspaces"
