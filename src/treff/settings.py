"""Settings: from the environment only. docs/settings.md lists them; `treff doctor` shows how they stand.

Importing this starts nothing. Where TREFF_DATABASE_URL is missing, whoever starts a process brings up the embedded
database first and sets it (cli.py, tests/database.py).
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from treff import environment, logs
from treff.kernel.secrets import Secret
from treff.keys import encryption_keys, secret_key

PACKAGE = Path(__file__).parent


TREFF_ENV = environment.text("TREFF_ENV", "development")
if TREFF_ENV not in ("development", "production"):  # a slip of the pen must not run with the trial's keys
    raise ImproperlyConfigured("TREFF_ENV must be development or production.")
PRODUCTION = TREFF_ENV == "production"
DEBUG = False
TREFF_DATA_DIR = Path(environment.text("TREFF_DATA_DIR", "var")).resolve()
TREFF_BASE_URL = environment.text("TREFF_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
_base = environment.address("TREFF_BASE_URL", TREFF_BASE_URL, "https", "http")
if f"{_base.scheme}://{_base.netloc}" != TREFF_BASE_URL or "@" in _base.netloc:
    raise ImproperlyConfigured("TREFF_BASE_URL must be an address without a path, such as https://treff.example.com.")
if PRODUCTION and _base.scheme != "https":
    raise ImproperlyConfigured("TREFF_BASE_URL must be an https address in production.")
HTTPS = _base.scheme == "https"

SECRET_KEY = secret_key(Secret(environment.text("TREFF_SECRET_KEY")), TREFF_DATA_DIR, production=PRODUCTION).reveal()
TREFF_KEYS = encryption_keys(Secret(environment.text("TREFF_ENCRYPTION_KEYS")), TREFF_DATA_DIR, production=PRODUCTION)

TREFF_ZOOM_CLIENT_ID = environment.text("TREFF_ZOOM_CLIENT_ID")
TREFF_ZOOM_CLIENT_SECRET = Secret(environment.text("TREFF_ZOOM_CLIENT_SECRET"))
TREFF_ZOOM_WEBHOOK_SECRETS = environment.secrets("TREFF_ZOOM_WEBHOOK_SECRET")
TREFF_ZOOM_OAUTH_URL = environment.service_url("TREFF_ZOOM_OAUTH_URL", "https://zoom.us")
TREFF_ZOOM_API_URL = environment.service_url("TREFF_ZOOM_API_URL", "https://api.zoom.us/v2")
TREFF_GOOGLE_CLIENT_ID = environment.text("TREFF_GOOGLE_CLIENT_ID")
TREFF_GOOGLE_CLIENT_SECRET = Secret(environment.text("TREFF_GOOGLE_CLIENT_SECRET"))
TREFF_GOOGLE_ACCOUNTS_URL = environment.service_url("TREFF_GOOGLE_ACCOUNTS_URL", "https://accounts.google.com")
TREFF_GOOGLE_OAUTH_URL = environment.service_url("TREFF_GOOGLE_OAUTH_URL", "https://oauth2.googleapis.com")
TREFF_GOOGLE_OPENID_URL = environment.service_url("TREFF_GOOGLE_OPENID_URL", "https://openidconnect.googleapis.com")
TREFF_GOOGLE_API_URL = environment.service_url("TREFF_GOOGLE_API_URL", "https://www.googleapis.com/calendar/v3")
TREFF_MICROSOFT_CLIENT_ID = environment.text("TREFF_MICROSOFT_CLIENT_ID")
TREFF_MICROSOFT_CLIENT_SECRET = Secret(environment.text("TREFF_MICROSOFT_CLIENT_SECRET"))
TREFF_MICROSOFT_TENANT = environment.tenant("TREFF_MICROSOFT_TENANT")
TREFF_MICROSOFT_LOGIN_URL = environment.service_url("TREFF_MICROSOFT_LOGIN_URL", "https://login.microsoftonline.com")
TREFF_MICROSOFT_API_URL = environment.service_url("TREFF_MICROSOFT_API_URL", "https://graph.microsoft.com/v1.0")
# Recording bots: of the first vendor that has a key.
TREFF_ATTENDEE_URL = environment.service_url("TREFF_ATTENDEE_URL", "https://app.attendee.dev/api/v1")
TREFF_ATTENDEE_API_KEY = Secret(environment.text("TREFF_ATTENDEE_API_KEY"))
TREFF_ATTENDEE_WEBHOOK_SECRETS = environment.secrets("TREFF_ATTENDEE_WEBHOOK_SECRET")
TREFF_RECALL_URL = environment.service_url("TREFF_RECALL_URL", "https://eu-central-1.recall.ai/api/v1")
TREFF_RECALL_API_KEY = Secret(environment.text("TREFF_RECALL_API_KEY"))
TREFF_RECALL_WEBHOOK_SECRETS = environment.secrets("TREFF_RECALL_WEBHOOK_SECRET")
# A language model behind OpenAI's chat completions; without an address there are no notes, only transcripts.
TREFF_LLM_URL = environment.model_url("TREFF_LLM_URL")
TREFF_LLM_API_KEY = Secret(environment.text("TREFF_LLM_API_KEY"))
TREFF_LLM_MODEL = environment.text("TREFF_LLM_MODEL")
# For what goes out to providers; with its password, if it wants one.
TREFF_PROXY_URL = Secret(environment.text("TREFF_PROXY_URL"))
if TREFF_PROXY_URL.reveal():
    environment.address("TREFF_PROXY_URL", TREFF_PROXY_URL.reveal(), "http")
# Days after which ids and links of meetings go whose account was deauthorized; without a number they stay.
TREFF_ZOOM_DEAUTH_RETENTION_DAYS = environment.days("TREFF_ZOOM_DEAUTH_RETENTION_DAYS")
# Set by `treff demo` alone: what the pages say about the simulated services and who may sign in.
TREFF_DEMO = environment.text("TREFF_DEMO")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "procrastinate.contrib.django",
    "treff.audit",
    "treff.recovery",
    "treff.workspaces",
    "treff.notices",
    "treff.people",
    "treff.availability",
    "treff.booking_types",
    "treff.appointments",
    "treff.team",
    "treff.notetaking",
    "treff.conferencing",
    "treff.mail",
    "treff.support",
    "treff.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "treff.web.middleware.ResponseHeaders",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "treff.web.middleware.DefaultDeny",
    "treff.web.middleware.ErrorPages",
]
# When the models are there: who listens to what, and which providers there are.
PROCRASTINATE_ON_APP_READY = "treff.wiring.connect"
ROOT_URLCONF = "treff.urls"
WSGI_APPLICATION = "treff.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "treff.web.context.frame",
            ],
        },
    }
]

try:
    _database = conninfo_to_dict(environment.text("TREFF_DATABASE_URL", "postgresql:///treff"))
except psycopg.ProgrammingError:  # it quotes the address, with the password
    raise ImproperlyConfigured("TREFF_DATABASE_URL must be postgresql://user:password@host:port/name.") from None
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "treff.postgresql",
        "NAME": str(_database.pop("dbname", "treff")),
        "USER": str(_database.pop("user", "")),
        "PASSWORD": str(_database.pop("password", "")),
        "HOST": str(_database.pop("host", "")),
        "PORT": str(_database.pop("port", "")),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # What is asked a third time is planned once for all: half of the database's work otherwise.
        "OPTIONS": {"connect_timeout": 5, "server_side_binding": True, "prepare_threshold": 2, **_database},
    }
}


def _limits(*, lock: int, statement: int) -> str:
    """How long a session waits for a lock, lets a statement run, and lets a transaction lie (10 s); milliseconds.

    What TREFF_DATABASE_URL says of it holds instead.
    """
    own = DATABASES["default"]["OPTIONS"].get("options", "")
    limits = {"lock_timeout": lock, "statement_timeout": statement, "idle_in_transaction_session_timeout": 10_000}
    return " ".join([*(f"-c {name}={value}" for name, value in limits.items()), own]).strip()


# A page waits for nobody's lock longer than this, or a few that wait would hold every thread: 503, and try again.
WEB_SESSION = _limits(lock=2_000, statement=20_000)
WORKER_SESSION = _limits(lock=10_000, statement=120_000)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Limits of sign-in and of public pages count here, so all processes must see it, and nobody may push others out of it.
# The table is made by a migration of workspaces.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # Of this process alone: for what is counted with every page, where a statement would cost more than the page.
    "process": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
}

AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "console:home"
ACCOUNT_ADAPTER = "treff.web.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""  # our subjects name the product themselves
# Failed sign-ins, per address that tries and per account that is tried, and all sign-ins of an address, behind which a
# whole office may come at nine; other limits are allauth's own.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,5/5m/key", "login": "200/m/ip"}
PASSWORD_RESET_TIMEOUT = 30 * 60  # seconds

# So many proxies of ours stand in front; what X-Forwarded-For says beyond them anybody can have written.
TREFF_TRUSTED_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = environment.proxies("TREFF_TRUSTED_PROXIES")

ALLOWED_HOSTS = [_base.hostname]
CSRF_TRUSTED_ORIGINS = [TREFF_BASE_URL] if HTTPS else []
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from the consent page
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "treff.web.errors.csrf_failure"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
# The consent popup must keep its opener; the popup's own last pages say so too (web/inbound/oauth.py).
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin-allow-popups"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

LANGUAGE_CODE = "en"
LANGUAGES = [("de", _("German")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS: list[Path] = [PACKAGE / "web" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

_smtp_url = environment.text("TREFF_EMAIL_URL", "smtp://127.0.0.1:25")
_mail = environment.address("TREFF_EMAIL_URL", _smtp_url, "smtp", "smtps")
EMAIL_HOST = _mail.hostname or ""
EMAIL_PORT = _mail.port or (465 if _mail.scheme == "smtps" else 587 if _mail.username else 25)
EMAIL_HOST_USER = unquote(_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
EMAIL_USE_SSL = _mail.scheme == "smtps"
EMAIL_USE_TLS = bool(_mail.scheme == "smtp" and _mail.username)  # a password never goes out in the clear
EMAIL_TIMEOUT = 20
TREFF_EMAIL_FROM = environment.text("TREFF_EMAIL_FROM", f"no-reply@{_base.hostname}")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = TREFF_EMAIL_FROM
TREFF_SUPPORT_EMAIL = environment.recipient("TREFF_SUPPORT_EMAIL")
TREFF_OPERATOR_NAME = environment.text("TREFF_OPERATOR_NAME")
TREFF_OPERATOR_ADDRESS = environment.text("TREFF_OPERATOR_ADDRESS")
TREFF_PRIVACY_URL = environment.text("TREFF_PRIVACY_URL")
if TREFF_PRIVACY_URL:
    environment.address("TREFF_PRIVACY_URL", TREFF_PRIVACY_URL, "https")

LOGGING = logs.TO_STDERR
logs.configure()
