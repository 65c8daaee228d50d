import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.edge.cli.output import print_json, print_record, print_table, visible


@given(st.text() | st.text("\x07\x1b\x7f\x9b\u2028\u202e\u2066ab"))
def test_no_text_from_outside_can_steer_a_terminal(text: str) -> None:
    shown = visible(text)
    assert not [each for each in shown if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")


@pytest.mark.parametrize("text", ["Büro 7", "営業部", "👩\u200d💻", "a [red]b[/red]", ":smile:"])
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_a_table_in_a_pipe_is_never_cut_and_has_no_colours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "x" * 500
    print_table(("NUMBER", "NICKNAME"), [("+14157774444", long), ("+14157774445", None)])
    assert capsys.readouterr().out == (
        f"NUMBER        NICKNAME\n+14157774444  {long}\n+14157774445  –\n"
    )


def test_markup_in_a_name_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_record([("Nickname", "[red]x[/red] :smile:")])
    assert capsys.readouterr().out == "Nickname  [red]x[/red] :smile:\n"


def test_json_is_the_data_as_it_came_and_indented(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    print_json(b'{"b":1.0,"a":{"name":"\\u001b","empty":[]}}')
    assert capfdbinary.readouterr().out == (
        b'{\n  "b": 1.0,\n  "a": {\n    "name": "\\u001b",\n    "empty": []\n  }\n}\n'
    )
