"""The only reader of the environment. Every variable is optional: without any, the portal serves this machine alone."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config.database import with_options
from config.keys import Keys, fernet_keys, keys_for, public_hosts

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")

VAR = BASE_DIR / "var"
VAR.mkdir(exist_ok=True)  # SQLite makes its file, but not the folder

DEMO = env.bool("DEMO", False)
DEBUG = env.bool("DEBUG", False)
# urlsplit writes the scheme in lower case.
PORTAL_URL = urlsplit(env.str("PORTAL_URL", "http://127.0.0.1:8000").strip()).geturl().rstrip("/")
PORTAL_IS_HTTPS = PORTAL_URL.startswith("https://")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[urlsplit(PORTAL_URL).hostname or "", "127.0.0.1", "localhost"]
)
# Every process reads this module, so none of them starts with keys that are not secret.
PUBLIC_HOSTS = public_hosts(PORTAL_URL, ALLOWED_HOSTS)
if DEBUG and PUBLIC_HOSTS:
    raise ImproperlyConfigured(
        f"DEBUG=on shows settings and data to everybody who reaches {PUBLIC_HOSTS[0]}. Remove it."
    )
# They open what is stored for `rotate_credentials` alone, so that published or lost ones may stand here.
OLD_CREDENTIAL_KEYS = fernet_keys("OLD_CREDENTIAL_KEYS", env.list("OLD_CREDENTIAL_KEYS", default=[]))
SECRET_KEY, CREDENTIAL_KEYS = keys_for(
    Keys(env.str("SECRET_KEY", ""), env.list("CREDENTIAL_KEYS", default=[])),
    demo=DEMO,
    public=PUBLIC_HOSTS,
    file=BASE_DIR / env.str("KEYS_FILE", "var/keys.env"),
)
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", "support@coperniq.io")

# Credentials of the vendors' apps, and the vendors' addresses.
INTUIT_CLIENT_ID = env.str("INTUIT_CLIENT_ID", "")
INTUIT_CLIENT_SECRET = env.str("INTUIT_CLIENT_SECRET", "")
INTUIT_WEBHOOK_VERIFIER_TOKENS = env.list("INTUIT_WEBHOOK_VERIFIER_TOKENS", default=[])
INTUIT_ENVIRONMENT = env.str("INTUIT_ENVIRONMENT", "production")
QUICKBOOKS_HOSTS = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
}
QUICKBOOKS_WEB_URLS = {
    "production": "https://qbo.intuit.com",
    "sandbox": "https://sandbox.qbo.intuit.com",
}
INTUIT_AUTHORIZE_URL = env.str("INTUIT_AUTHORIZE_URL", "https://appcenter.intuit.com/connect/oauth2")
INTUIT_TOKEN_URL = env.str("INTUIT_TOKEN_URL", "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer")
INTUIT_REVOKE_URL = env.str("INTUIT_REVOKE_URL", "https://developer.api.intuit.com/v2/oauth2/tokens/revoke")
QUICKBOOKS_API_URL = env.str("QUICKBOOKS_API_URL", QUICKBOOKS_HOSTS.get(INTUIT_ENVIRONMENT, ""))
COPERNIQ_API_URL = env.str("COPERNIQ_API_URL", "https://api.coperniq.io/v1").rstrip("/")

# Intervals. Seconds may be 1, as in the tests.
COPERNIQ_POLL_SECONDS = env.int("COPERNIQ_POLL_SECONDS", 60)
QUICKBOOKS_CDC_SECONDS = env.int("QUICKBOOKS_CDC_SECONDS", 300)
LEASE_SECONDS = env.int("LEASE_SECONDS", 15)
WORKER_LOOP_SECONDS = env.int("WORKER_LOOP_SECONDS", 45)
WORKER_STALL_SECONDS = env.int("WORKER_STALL_SECONDS", 15)
VENDOR_TIMEOUT_SECONDS = env.int("VENDOR_TIMEOUT_SECONDS", 10)
# 34 hours in all, so that runs outlast an outage of a working day.
RETRY_PAUSES = [
    int(pause)
    for pause in env.list(
        "RETRY_PAUSES", default=[5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 21600, 28800, 43200]
    )
]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django_q",
    "import_export",
    "accounts",
    "integrations",
]
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/integrations/home/"
LOGOUT_REDIRECT_URL = LOGIN_URL
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    }
]
# Whose X-Forwarded-For and -Proto are believed: addresses, networks, or "unix" for a socket without an address.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

MIDDLEWARE = [
    "accounts.middleware.serve_this_machine_alone",
    "accounts.middleware.believe_trusted_proxies",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "integrations.views.webhooks.short_cut",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "accounts.middleware.refuse_null_characters",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.portal",
            ],
        },
    },
]

DATABASES = {"default": with_options(env.db_url("DATABASE_URL", f"sqlite:///{VAR / 'portal.sqlite3'}"))}
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

QUEUE_WORKERS = env.int("QUEUE_WORKERS", 2)
Q_CLUSTER = {
    "name": "portal",
    "orm": "default",
    "workers": QUEUE_WORKERS,
    "queue_limit": QUEUE_WORKERS,
    "bulk": 1,
    "poll": 0.2,  # the loop that stays is woken without the queue
    "timeout": 120,
    "retry": 300,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": 50,
    "save_limit_per": "func",
    "recycle": 500,
    "max_rss": 400_000,
    "guard_cycle": 0.5,
    "catch_up": False,
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # no collectstatic step between a fresh clone and a styled page

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PORTAL_IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on Intuit's way back
SECURE_HSTS_SECONDS = 31_536_000 if PORTAL_IS_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PORTAL_IS_HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# No inline script, no inline style, nothing from elsewhere. A form may lead to Intuit's consent page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", "{0.scheme}://{0.netloc}".format(urlsplit(INTUIT_AUTHORIZE_URL))],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "config.log.MaskingFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    # urllib3 would log addresses, and Coperniq's webhook addresses hold a secret.
    "loggers": {"django-q": {"level": "WARNING"}, "urllib3": {"level": "WARNING"}},
}
