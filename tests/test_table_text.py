"""Tables as text: Markdown, CSV and LaTeX."""

from __future__ import annotations

import pandas as pd

from actscribe.table_text import csv_text, latex_text, markdown_text


def test_text_of_a_table() -> None:
    table = pd.DataFrame({"label_name": ["50 % & more_", "a|b"], "f1": [0.12345, float("nan")], "p": [0.0001, 1.0]})
    assert markdown_text(table).splitlines() == [
        "| label name | f1 | p |",
        "| --- | ---: | ---: |",
        "| 50 % & more_ | 0.123 | <0.001 |",
        "| a\\|b | – | 1.000 |",
    ]
    assert csv_text(table) == "label_name,f1,p\n50 % & more_,0.12345,0.0001\na|b,,1.0\n"
    tex = latex_text(table)
    assert r"50 \% \& more\_ & 0.123 & <0.001 \\" in tex
    noted = latex_text(pd.DataFrame({"f1": [1.0, 0.5, 0.0], "note": ["few groups", "", "few groups"]}))
    assert noted.startswith("\\begin{tabular}{r}")
    assert noted.endswith("\\end{tabular}\n% Note: few groups\n")
    assert tex.startswith("\\begin{tabular}{lrr}\n\\toprule\nlabel name & f1 & p \\\\\n")
