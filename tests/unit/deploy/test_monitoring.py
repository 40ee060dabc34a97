"""Alert rules and dashboard ask only for numbers that exist."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.missing_tools import need
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


def _promtool(*arguments: str | Path, given: str = "") -> None:
    said = subprocess.run(["promtool", *arguments], input=given, capture_output=True, text=True, check=False)
    assert said.returncode == 0 and "lint" not in said.stderr, said.stdout + said.stderr


def test_prometheus_takes_the_files_and_the_dashboards_questions(tmp_path: Path) -> None:
    need("promtool")
    _promtool("check", "config", FOLDER / "prometheus.yml")
    asked = [target["expr"] for panel in PANELS for target in panel["targets"]]
    rules = [{"record": f"panel:number{number}", "expr": expr} for number, expr in enumerate(asked)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    _promtool("check", "rules", tmp_path / "panels.yml")


def _series(name: str, values: str) -> dict[str, str]:
    return {"series": name, "values": values}


@pytest.mark.parametrize(
    ("alert", "series"),
    [
        ("HocbaNotReady", [_series('hocba_ready{part="store"}', "1 1 0x20")]),
        ("HocbaNoRoom", [_series('hocba_ready{part="room"}', "0x40")]),
        ("HocbaDown", [_series('up{job="hocba-web"}', "1 0x20")]),
        ("HocbaNoWorker", [_series("hocba_workers", "0x20")]),
        ("HocbaQueueStands", [_series('hocba_oldest_job_seconds{kind="lock",priority="person"}', "1000x20")]),
        ("HocbaTimestampWaits", [_series('hocba_batches{state="answered"}', "3x20")]),
        ("HocbaOutsideFails", [_series('hocba_outside_calls_total{service="tsa",outcome="unreachable"}', "0+30x40")]),
        (
            "HocbaCertificatesEnd",
            [
                _series(f'hocba_certificates_ending{{days="{days}"}}', f"{number}x20")
                for days, number in ((0, 1), (7, 2))
            ],
        ),
    ],
)
def test_an_alarm_rings(tmp_path: Path, alert: str, series: list[dict[str, str]]) -> None:
    """By Prometheus's own evaluation of the rules; with nothing reported it is silent."""
    need("promtool")
    (tmp_path / "alerts.yml").write_bytes((FOLDER / "alerts.yml").read_bytes())
    for given, number in ((series, 1), ([], 0)):
        test = {"interval": "1m", "input_series": given, "promql_expr_test": [
            {"expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)', "eval_time": "18m",
             "exp_samples": [{"labels": "{}", "value": number}]}
        ]}  # fmt: skip
        (tmp_path / "test.yml").write_text(
            yaml.safe_dump({"rule_files": ["alerts.yml"], "evaluation_interval": "1m", "tests": [test]})
        )
        _promtool("test", "rules", tmp_path / "test.yml")
