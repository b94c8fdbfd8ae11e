"""A checkout with the real `llmops_portal.local` and a small stand-in for everything it starts.

What is started is real: PostgreSQL, Redis, migrations of django-celery-beat, uvicorn, a Celery worker and beat.
"""

import shutil
import textwrap
from pathlib import Path

import llmops_portal.local

FILES = {
    "llmops_portal/__init__.py": "",
    "llmops_portal/settings.py": """
        import environ
        from llmops_portal.local import paths

        env = environ.Env()
        DATABASES = {"default": env.db("DATABASE_OWNER_URL")}
        INSTALLED_APPS = ["django_celery_beat"]
        SECRET_KEY = "stand-in"
        USE_TZ = True
        CELERY_BROKER_URL = paths.broker_url(env.str("REDIS_URL"))
        CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
    """,
    "llmops_portal/celery.py": """
        import os
        from celery import Celery

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmops_portal.settings")
        app = Celery("llmops_portal")
        app.config_from_object("django.conf:settings", namespace="CELERY")
    """,
    "llmops_portal/asgi.py": """
        async def application(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})
    """,
    "llmops_portal/demo/__init__.py": "",
    "llmops_portal/demo/__main__.py": """
        import os, sys
        print("demo asks", os.environ["PUBLIC_URL"], flush=True)
        sys.exit(7)
    """,
    "manage.py": """
        import os, sys
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

        if sys.argv[1] == "gateway":
            ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Answer).serve_forever()
        elif sys.argv[1] == "seed_local":
            print("Sign in as minji")
        else:
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmops_portal.settings")
            from django.core.management import execute_from_command_line
            execute_from_command_line(sys.argv)
    """,
}


def make(checkout: Path) -> Path:
    """Write the stand-in into the folder `checkout` and return it."""
    shutil.copytree(Path(llmops_portal.local.__path__[0]), checkout / "llmops_portal" / "local")
    for name, text in FILES.items():
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return checkout
