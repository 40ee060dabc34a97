"""What follows for a province from what a machine was seen to carry."""

from __future__ import annotations

from bench import province

FIGURES = {
    "worker_ms": 8.0,
    "server_ms": 4.0,
    "wal_kib": 40.0,
    "syncs": 2.5,
    "worker_mib": 400.0,
    "files_a_pupil": 27.0,
    "file_mib_a_pupil": 0.7,
    "database_mib_a_pupil": 0.2,
}


def test_the_busiest_hour_is_planned_with_twice_the_cores_it_uses() -> None:
    plan = province.plan(FIGURES)
    assert (plan["signatures_a_second_a_worker_core"], plan["signatures_a_second_a_postgresql_core"]) == (125, 250)
    assert (plan["worker_cores"], plan["postgresql_cores"]) == (2 * 200 / 125, 2 * 200 / 250)
    assert plan["iops"] == 500 and round(plan["mean_a_second"], 2) == 6.17
    assert round(plan["documents_gib_a_year"]) == 342 and plan["files_a_year"] == 13_500_000


def test_a_worker_that_pays_nothing_for_its_neighbours_counts_whole() -> None:
    assert province.independence(FIGURES, FIGURES, 4) == {"cpu_ratio": 1.0, "speedup": 4.0}
    dearer = FIGURES | {"worker_ms": 10.0}
    assert province.independence(FIGURES, dearer, 4)["speedup"] == 3.2


def test_without_a_server_it_says_so(monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("HOCBA_BENCH_POSTGRES_URL", raising=False)
    assert set(province.run(as_json=True)) == {"skipped"} and "HOCBA_BENCH_POSTGRES_URL" in capsys.readouterr().out
