"""Alert rules and dashboard ask only for numbers that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.unit.docs.test_administration import METRICS

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "monitoring"
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
PANELS = json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))["panels"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule(rule: dict[str, object]) -> None:
    names = re.findall(r"\bhocba_[a-z_]+", str(rule["expr"]))
    assert names or "up{" in str(rule["expr"])
    assert [name for name in names if name.removesuffix("_total") not in METRICS] == []
    assert rule["labels"] and "summary" in rule["annotations"]  # type: ignore[operator]


def test_the_dashboard() -> None:
    asked = [target["expr"] for panel in PANELS for target in panel["targets"]]
    names = {name.removesuffix("_total") for expr in asked for name in re.findall(r"\bhocba_[a-z_]+", expr)}
    assert sorted(name for name in names if name not in METRICS) == []
    offered = set(re.findall(r'"(hocba_[a-z_]+)"', METRICS))
    assert offered - names == {"hocba_jobs"}, "every number is on it (jobs by kind hold those by state)"


def test_prometheus_reads_what_is_answered() -> None:
    found = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    assert {job["metrics_path"] for job in found["scrape_configs"]} == {"/metrics"}
    assert found["rule_files"] == ["alerts.yml"]
