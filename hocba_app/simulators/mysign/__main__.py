"""``python -m hocba_app.simulators.mysign --data DIR --trust-data DIR --trust-url URL --port P``"""

from __future__ import annotations

from hocba_app.simulators.mysign.app import create_app
from hocba_app.simulators.mysign.phone_service import run

if __name__ == "__main__":
    run("mysign", "Remote signing service and its phone (simulator)", 120.0, create_app)
