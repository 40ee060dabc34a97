"""``python -m hocba_app.simulators.smartca --data DIR --trust-data DIR --trust-url URL --port P``"""

from __future__ import annotations

from hocba_app.simulators.mysign.phone_service import run
from hocba_app.simulators.smartca.app import create_app

if __name__ == "__main__":
    run("smartca", "VNPT SmartCA and its phone (simulator)", 300.0, create_app)
