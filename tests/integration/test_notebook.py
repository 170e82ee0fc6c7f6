"""The notebook runs from its first cell to its last, and is kept without outputs."""

import shutil
from pathlib import Path

import nbclient
import nbformat
import pytest
from patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "strategy_iteration.ipynb"


def test_notebook_is_kept_without_outputs_and_state() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    for cell in code:
        assert (cell.outputs, cell.execution_count) == ([], None)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


def test_notebook_runs_and_shows_charts_two_runs_and_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A place as the reader has it; what Jupyter keeps for itself stays in it too.
    (tmp_path / "notebooks").mkdir()
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    demo = tmp_path / "configs" / "demo.toml"
    simulation = "[simulation]\n"
    assert simulation in demo.read_text()
    demo.write_text(demo.read_text().replace(simulation, f'{simulation}scenarios = ["base"]\n'))
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=PATIENCE_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path / "notebooks")}},
    )
    client.execute()

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    kinds = [kind for output in outputs for kind in output.get("data", {})]
    assert kinds.count("application/vnd.plotly.v1+json") == 3
    said = "".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs
    )
    assert "(synthetic)" in said
    assert "net_pnl" in said
    assert "Signals" in said
    assert len(list((tmp_path / "runs").iterdir())) == 2
