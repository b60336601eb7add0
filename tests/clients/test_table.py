"""The client table says what was recorded and nothing else."""
import pytest

import table


def test_cells_of_one_client_make_one_row(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STILLGOOD_CLIENT_TABLE", str(tmp_path))
    table.record("b client", "1", "GET", "good", "valid")
    table.record("b client", "2", "GET", "revoked", "refused")
    table.record("A | client", "3", "POST", "tryLater", "waits")
    table.print_table(str(tmp_path))
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| A \\| client | 3 | — | — | — | waits | POST |",
        "| b client | 2 | valid | refused | — | — | GET |"]


def test_a_state_that_is_no_column_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("STILLGOOD_CLIENT_TABLE", str(tmp_path))
    with pytest.raises(AssertionError):
        table.record("client", "1", "GET", "late", "waits")


def test_nothing_is_written_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("STILLGOOD_CLIENT_TABLE", raising=False)
    monkeypatch.chdir(tmp_path)
    table.record("client", "1", "GET", "good", "valid")
    assert list(tmp_path.iterdir()) == []
