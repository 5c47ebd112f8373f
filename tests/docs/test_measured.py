"""Measurements are kept without the machine's name, and the page says what was measured beside what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import measured
from docs.pages import ROOT

RAW: dict[str, Any] = {
    "machine_info": {
        "node": "secret-host",
        "machine": "x86_64",
        "python_version": "3.11.9",
        "cpu": {"brand_raw": "A Processor", "count": 2},
    },
    "commit_info": {"id": "abc", "author_time": None},
    "benchmarks": [
        {
            "name": "test_a_folder_against_the_poppler_chain",
            "fullname": "benchmarks/test_pdf.py::test_a_folder_against_the_poppler_chain",
            "extra_info": {"files": 42, "chain_seconds": 3.21987, "ratio": 0.52},
            "stats": {"median": 1.67890123, "rounds": 5, "data": [1.6, 1.7], "iqr": 0.1},
        },
        {
            "name": "test_enlarging[2]",
            "fullname": "benchmarks/test_upscale.py::test_enlarging[2]",
            "extra_info": {"pillow": 2.5, "libvips": 1.25},
            "stats": {"median": 0.2, "rounds": 3, "data": []},
        },
    ],
}


def test_a_run_is_kept_without_names_of_hosts_and_raw_times() -> None:
    kept = measured.compact(RAW, "2026-11-22")
    assert (kept["date"], kept["machine"], kept["python"]) == ("2026-11-22", "A Processor, 2 cores", "3.11.9")
    text = json.dumps(kept)
    assert "secret-host" not in text
    assert "data" not in text
    assert kept["results"][0]["median_s"] == 1.679
    assert kept["results"][1]["case"] == "2"


def test_a_run_takes_the_place_of_an_older_one_of_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, kept = tmp_path / "raw.json", tmp_path / "results.json"
    raw.write_text(json.dumps(RAW))
    monkeypatch.setattr(measured, "KEPT", kept)
    assert measured.main([str(raw), "--day", "2026-11-22"]) == 0
    assert measured.main([str(raw), "--day", "2026-11-22"]) == 0
    assert measured.main([str(raw), "--day", "2026-11-23"]) == 0
    assert [run["date"] for run in json.loads(kept.read_text())["runs"]] == ["2026-11-22", "2026-11-23"]


def test_without_measurements_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        measured.main([str(tmp_path / "gone.json")])
    assert "make bench" in capsys.readouterr().err


def test_the_page_shows_the_newest_of_each_and_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer = measured.compact(RAW, "2026-11-20"), measured.compact(RAW, "2026-11-22")
    older["results"][0]["median_s"] = 99.0
    kept = tmp_path / "results.json"
    kept.write_text(json.dumps({"runs": [older, newer]}))
    monkeypatch.setattr(measured, "KEPT", kept)
    page = measured.page()
    assert "99.00 s" not in page
    assert "| 1.68 s; 42 PDFs; poppler chain 3.22 s: makeready takes 0.52 times as long | B |" in page
    assert "| 2 | 0.20 s; pillow takes 2.5 times as long, libvips takes 1.2 times as long | B |" in page
    assert "`test_service_http.py`" in page.partition("## Not measured")[2]


def test_a_peer_that_was_not_there_leaves_what_is_known() -> None:
    assert measured._told("test_headers_of_a_folder", {"files_per_second": 4200}) == "files_per_second 4200"


def test_every_file_of_benchmarks_has_its_place_on_the_page() -> None:
    assert set(measured.SUBJECTS) == {path.name for path in (ROOT / "benchmarks").glob("test_*.py")}


def test_every_sentence_is_about_a_benchmark_that_exists() -> None:
    names = {b.name for path in (ROOT / "benchmarks").glob("test_*.py") for b in measured._subject(path)[1]}
    assert set(measured.WORDS) | set(measured.EACH) | set(measured.TOLD_ALONE) <= names


def test_what_is_kept_is_about_benchmarks_that_exist() -> None:
    for run in json.loads((ROOT / "benchmarks/results.json").read_text("utf-8"))["runs"]:
        assert set(run) == {"date", "machine", "python", "makeready", "remarks", "results"}
        for result in run["results"]:
            found = measured._subject(ROOT / "benchmarks" / result["file"])[1]
            assert result["test"] in {benchmark.name for benchmark in found}
