"""Sentences that Django and allauth say on our pages, marked so that our catalogue has German for them.

Theirs mixes du and Sie. What stands in our catalogue goes before what a library brings.
https://docs.djangoproject.com/en/5.2/topics/i18n/translation/#how-django-discovers-translations
"""

from treff.kernel.errors import N_

OF_FORMS = (
    N_("This field is required."),
    N_("The email address and/or password you specified are not correct."),
    N_("Too many failed login attempts. Try again later."),
    N_("Be patient, you are sending too many requests."),
    N_("Please type your current password."),
    N_("You must type the same password each time."),
    N_("You must type the same email each time."),
    N_("The new value must be different from the current one."),
    N_("You cannot add more than %d email addresses."),
    N_("You cannot remove your primary email address."),
)
OF_MESSAGES = (
    N_("Successfully signed in as %(name)s."),
    N_("You have signed out."),
    N_("Password successfully changed."),
    N_("You have confirmed %(email)s."),
    N_("You cannot remove your primary email address (%(email)s)."),
    N_("Your primary email address must be verified."),
)
OF_PAGES = (
    N_("You are already logged in as %(user_display)s."),
    N_("Verify Your Email Address"),
    N_(
        "We have sent an email to you for verification. Follow the link provided to finalize the signup process. "
        "If you do not see the verification email in your main inbox, check your spam folder. Please contact us if "
        "you do not receive the verification email within a few minutes."
    ),
    N_("Re-send Verification"),
    N_("Do you really want to remove the selected email address?"),
    N_(
        "You currently do not have any email address set up. You should really add an email address so you can "
        "receive notifications, reset your password, etc."
    ),
)
