"""The wrong cells of a workbook as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from hocba_app.services.csv_cells import plain_cell
from hocba_app.services.workbooks.excel_reading import CellProblem


def problems_csv(problems: Sequence[CellProblem]) -> bytes:
    """The wrong cells as a file for a spreadsheet; no cell can act as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(("Trang tính", "Dòng", "Cột", "Lý do"))
    writer.writerows(_lines(problems))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _lines(problems: Sequence[CellProblem]) -> Iterator[list[str]]:
    for problem in problems:
        yield [plain_cell(problem.sheet), str(problem.row or ""), problem.column, plain_cell(problem.reason)]
