import logging
import os
import sys
from pathlib import Path

from django.core.wsgi import get_wsgi_application

from config.database import limit_waits_of_web

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
limit_waits_of_web()

# gunicorn looks for its settings in the folder it is started in. By now it has loaded the kind of worker it starts.
if (
    "gunicorn.arbiter" in sys.modules
    and "config.server" not in sys.modules
    and "--check-config" not in sys.argv
):
    logging.getLogger(__name__).error(
        "gunicorn runs without the portal's own worker, so that a few stalled clients can stop the portal. Start it with "
        "-c %s/gunicorn.conf.py and without -k.",
        Path(__file__).resolve().parent.parent,
    )
