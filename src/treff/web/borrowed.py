"""Sentences that Django and allauth say on our pages, marked so that our catalogue has German for them.

Theirs mixes du and Sie. What stands in our catalogue goes before what a library brings.
https://docs.djangoproject.com/en/5.2/topics/i18n/translation/#how-django-discovers-translations
"""

from treff.kernel.errors import N_

IN_FORMS = (
    N_("This field is required."),
    N_("The email address and/or password you specified are not correct."),
    N_("Too many failed login attempts. Try again later."),
    N_("Be patient, you are sending too many requests."),
    N_("Please type your current password."),
    N_("You must type the same password each time."),
)
IN_MESSAGES = (
    N_("You have signed out."),
    N_("Password successfully changed."),
)
IN_PAGES = (N_("This account is inactive."),)
