"""/design/, which is there in development and in the demo only."""

from django.urls import path

from treff.web.design import pages

app_name = "design"
urlpatterns = [
    path("", pages.overview, name="overview"),
    path("samples.css", pages.samples_css, name="samples_css"),
]
