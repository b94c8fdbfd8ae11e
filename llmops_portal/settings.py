"""Settings, read from the environment: strict types, `.env`, and `NAME_FILE` for every secret.

`env.example` lists every variable. An odd value stops the start and names itself; `checks.py` looks at the rest.
"""

import base64
import logging
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import structlog
from django.core.exceptions import ImproperlyConfigured

from llmops_portal.environment import destinations, env, flag, networks, number, one_of, ports, url, urls
from llmops_portal.kept import kept_secret
from llmops_portal.local import paths
from llmops_portal.settings_pages import ADMIN_SHELL

BASE_DIR = Path(__file__).resolve().parent.parent

environ.Env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))

# --- Where it runs -----------------------------------------------------------------------------------------------

DEPLOYMENT = one_of("DEPLOYMENT", default="local", known=("local", "production"))
IS_PRODUCTION = DEPLOYMENT == "production"
DEBUG = flag("DJANGO_DEBUG", default=False)
VAR = paths.var_root({"VAR": env.str("VAR", default="")})
PUBLIC_URL = url("PUBLIC_URL", default=f"http://127.0.0.1:{number('PORT', default=8000, least=1, most=65535)}")
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])


def secret_key() -> str:
    """Return DJANGO_SECRET_KEY; for local use one is made once and kept in VAR."""
    if given := env.str("DJANGO_SECRET_KEY", default=""):
        return given
    if IS_PRODUCTION:
        raise ImproperlyConfigured(
            "DJANGO_SECRET_KEY is not set. Set it, or DJANGO_SECRET_KEY_FILE, to 50 random characters."
        )
    return kept_secret(paths.secrets(VAR) / "django_secret_key", lambda: secrets.token_urlsafe(50))


SECRET_KEY = secret_key()
SECRET_KEY_FALLBACKS = env.list("DJANGO_SECRET_KEY_FALLBACKS", default=[])

# --- Applications, in the order of the house ---------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "guardian",
    "rest_framework",
    "template_partials",
    "apps.core",
    "apps.integrations",
    "apps.accounts",
    "apps.governance",
    "apps.telemetry",
    "apps.catalog",
    "apps.datasets",
    "apps.prompts",
    "apps.knowledge",
    "apps.training",
    "apps.evaluation",
    "apps.serving",
    "apps.costs",
    "apps.gateway",
    "apps.portal",
    "llmops_portal",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "apps.core.requests.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "apps.core.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.credentials.CredentialMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.core.web.refusals.RefusalMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "llmops_portal.urls"
ASGI_APPLICATION = "llmops_portal.asgi.application"
WSGI_APPLICATION = "llmops_portal.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.portal.web.shell.shell",
            ],
        },
    }
]

# --- Database, broker, storage -----------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default=paths.database_url(VAR, role=paths.APPLICATION_ROLE))}
# Who owns the tables: `migrate` connects as this, and lets the portal's own role do what it needs and no more.
DATABASE_OWNER_URL = env.str(
    "DATABASE_OWNER_URL", default="" if env.str("DATABASE_URL", default="") else paths.database_url(VAR)
)
IS_POSTGRESQL = "postgresql" in DATABASES["default"]["ENGINE"]
DATABASES["default"] |= {
    "ENGINE": "django_prometheus.db.backends.postgresql" if IS_POSTGRESQL else DATABASES["default"]["ENGINE"],
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": True,
}
if IS_POSTGRESQL:
    # Under ASGI every request has a thread of its own, so connections are kept by a pool and not by threads.
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": number("DATABASE_POOL_SIZE", default=12, least=1, most=500),
        "timeout": 10,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default=paths.redis_url(VAR))

STORAGE_DIR = paths.storage(VAR)
QUARANTINE_DIR = VAR / "quarantine"
SPOOL_DIR = Path(env.str("TRACE_DIR", default=str(paths.spool(VAR))))
WORK_DIR = VAR / "work"  # folders of detached jobs and servers
DETACHED_DIR = paths.detached(VAR)  # by which the supervisor finds them
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": STORAGE_DIR}},
    "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": STORAGE_DIR}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
S3 = {
    "endpoint_url": env.str("S3_ENDPOINT_URL", default="") or None,
    "access_key": env.str("S3_ACCESS_KEY", default="") or None,
    "secret_key": env.str("S3_SECRET_KEY", default="") or None,
}
if bucket := env.str("S3_BUCKET", default=""):
    STORAGES["blobs"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": bucket, "file_overwrite": False, **S3},
    }
QUARANTINE_DIR.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_TEMP_DIR = str(QUARANTINE_DIR)
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
UPLOAD_MAX_BYTES = number("UPLOAD_MAX_BYTES", default=10 * 1024**3, least=1)

# --- Celery: messages only wake ----------------------------------------------------------------------------------

CELERY_BROKER_URL = paths.broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
SWEEP_EVERY_S = number("SWEEP_EVERY_S", default=2, least=1, most=60)
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "core.sweep", "schedule": SWEEP_EVERY_S, "options": {"expires": 10}},
    "forget old answers": {"task": "core.forget_old_answers", "schedule": 3600.0},
    "ship spool": {"task": "telemetry.ship_spool", "schedule": 2.0, "options": {"expires": 10}},
    "dispatch webhooks": {"task": "governance.dispatch_webhooks", "schedule": 2.0, "options": {"expires": 10}},
    "remind of what waits": {"task": "governance.remind", "schedule": 60.0, "options": {"expires": 50}},
    "forget old messages": {"task": "governance.forget_old_messages", "schedule": 3600.0},
    # An event is sealed within two seconds; an expired wake-up is one that the next makes good.
    "seal the audit log": {"task": "governance.seal_audit_log", "schedule": 1.0, "options": {"expires": 5}},
    "send the audit log": {"task": "governance.send_audit_log", "schedule": 2.0, "options": {"expires": 5}},
    "make partitions": {"task": "telemetry.make_partitions", "schedule": 3600.0},
}

# --- People ------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.accounts.sign_in.PeopleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ANONYMOUS_USER_NAME = None  # guardian: nobody is granted anything anonymously
GUARDIAN_MONKEY_PATCH_USER = False
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "portal:home"
LOGOUT_REDIRECT_URL = "accounts:sign_in"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
USE_X_FORWARDED_HOST = False
X_FRAME_OPTIONS = "DENY"
if PUBLIC_URL.startswith("https://"):
    SECURE_HSTS_SECONDS = 365 * 24 * 3600

# --- API ---------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.api.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["apps.core.api.renderer.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "apps.core.api.schema.EnvelopeSchema",
    "EXCEPTION_HANDLER": "apps.core.api.handler.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DATETIME_FORMAT": "iso-8601",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "LLMOps governance portal",
    "DESCRIPTION": "From dataset to governed, traceable production answer. Every answer is "
    "`{status, message, data}`; see the guide for errors, lists and idempotency.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/llm-ops/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "AssetStatus": "apps.catalog.states.ModelStatus",
        "ModelType": "apps.catalog.models.ModelVersion.Type",
        "DatasetType": "apps.datasets.models.DatasetVersion.Type",
        "JobStatus": "apps.training.states.JobStatus",
        "JobType": "apps.training.models.TrainingJob.Type",
        "JobWanted": "apps.training.states.Wanted",
        "RunStatus": "apps.evaluation.states.RunStatus",
        "EndpointStatus": "apps.serving.states.EndpointStatus",
        "EndpointWanted": "apps.serving.states.Wanted",
        "Role": "apps.accounts.permissions.Role",
        "Permission": "apps.accounts.permissions.Permission",
        "ChangeStatus": "apps.governance.states.ChangeStatus",
        "AccessStatus": "apps.governance.states.AccessStatus",
        "PolicyStatus": "apps.governance.states.PolicyStatus",
        "DeliveryStatus": "apps.governance.states.DeliveryStatus",
        "RequestStatus": "apps.governance.states.RequestStatus",
        "Verdict": "apps.governance.states.Verdict",
        "EmergencyVerdict": "apps.governance.states.EmergencyVerdict",
        "RuleOutcome": "apps.governance.api.serializers.policies.OUTCOMES",
        "RequestOutcome": "apps.telemetry.models.RequestEvent.Outcome",
        "ReplayAnswer": "apps.governance.api.serializers.policies.ANSWERS",
        "WebhookStatus": "apps.governance.states.WebhookStatus",
    },
}

# --- Audit log: sealed, and copied to where the database cannot reach ---------------------------------------------

AUDIT_LOG_ORIGIN = env.str("AUDIT_LOG_ORIGIN", default="") or f"{urlsplit(PUBLIC_URL).hostname}/audit-log"
AUDIT_LOG_DIR = Path(env.str("AUDIT_LOG_DIR", default="") or VAR / "audit-log")
AUDIT_LOG_S3_BUCKET = env.str("AUDIT_LOG_S3_BUCKET", default="")
AUDIT_LOG_RETENTION_DAYS = number("AUDIT_LOG_RETENTION_DAYS", default=3650, least=1, most=36500)
AUDIT_WITNESS_URLS = urls("AUDIT_WITNESS_URLS")
AUDIT_SIGNING_KEY = env.str("AUDIT_SIGNING_KEY", default="")
if not AUDIT_SIGNING_KEY and not IS_PRODUCTION:
    AUDIT_SIGNING_KEY = kept_secret(
        paths.secrets(VAR) / "audit_signing_key", lambda: base64.b64encode(secrets.token_bytes(32)).decode()
    )

# --- Other systems -----------------------------------------------------------------------------------------------

MLFLOW_TRACKING_URI = env.str("MLFLOW_TRACKING_URI", default="")
TRAIN_PYTHON = env.str("TRAIN_PYTHON", default=str(BASE_DIR / ".venv" / "train" / "bin" / "python"))
LOCAL_JOB_SLOTS = number("LOCAL_JOB_SLOTS", default=1, least=1, most=64)
# Threads that find no idle core wait for each other by spinning: three jobs on two cores took twenty times as long.
LOCAL_JOB_THREADS = number(
    "LOCAL_JOB_THREADS", default=max(1, (os.cpu_count() or 1) // LOCAL_JOB_SLOTS), least=1, most=1024
)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
PORTAL_SOCKET = env.str("PORTAL_SOCKET", default=str(paths.portal_socket(VAR)))

# --- Ways out: addresses that users give, and notices to people ------------------------------------------------------

EGRESS: dict[str, Any] = {
    "allow": destinations("EGRESS_ALLOW"),
    "ports": ports("EGRESS_PORTS", default="443"),
    "plain_http": flag("EGRESS_PLAIN_HTTP", default=False),
    "ca_file": env.str("EGRESS_CA_BUNDLE", default=""),
}

if email_url := env.str("EMAIL_URL", default=""):
    vars().update(env.email_url_config(email_url))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="LLMOps portal <no-reply@localhost>")
NOTICES: dict[str, Any] = {
    "by_email": bool(email_url),
    "webhook_url": env.str("NOTICE_WEBHOOK_URL", default=""),
    "webhook_secret": env.str("NOTICE_WEBHOOK_SECRET", default=""),
}

# --- Gateway; its other limits are in apps/gateway/conf.py ---------------------------------------------------------

GATEWAY: dict[str, Any] = {
    "url": url("GATEWAY_URL", default=PUBLIC_URL),
    "snapshot_max_age_s": number("GATEWAY_SNAPSHOT_MAX_AGE_S", default=300, least=10, most=24 * 3600),
    "trusted_proxies": networks("GATEWAY_TRUSTED_PROXIES", default="127.0.0.1"),
}

# --- Pages -------------------------------------------------------------------------------------------------------

UNFOLD = ADMIN_SHELL
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles") if IS_PRODUCTION else "") or None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = True
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # roles decide; guardian's tables are read by apps.accounts alone

# --- Log: one JSON object a line, or readable lines on a terminal -------------------------------------------------

LOG_LEVEL = one_of("LOG_LEVEL", default="INFO", known=("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = one_of("LOG_FORMAT", default="json" if IS_PRODUCTION else "console", known=("json", "console"))
SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, LOG_LEVEL)),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": SHARED_PROCESSORS,
            "processor": structlog.processors.JSONRenderer()
            if LOG_FORMAT == "json"
            else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0),
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}},
}
