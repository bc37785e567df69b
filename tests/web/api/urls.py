"""The API alone, where the product has it."""

from django.urls import path

from treff.web.api.api import api

urlpatterns = [path("api/v1/", api.urls)]
