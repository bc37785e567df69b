"""/help/… and /privacy/"""

from django.urls import path

from treff.web.help import pages

app_name = "help"
urlpatterns = [
    path("help/", pages.overview, name="overview"),
    path("help/<slug:slug>/", pages.topic, name="topic"),
    path("privacy/", pages.privacy, name="privacy"),
]
