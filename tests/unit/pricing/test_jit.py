"""The compile cache never runs code that is older than its sources."""

import shutil
import subprocess
import sys
from pathlib import Path

from unmeasured import unmeasured

from autotrade_0dte.chain import book
from autotrade_0dte.pricing import jit

INNER = """
from toy.jit import inlined

@inlined
def constant():
    return {value}
"""
OUTER = """
from toy.inner import constant
from toy.jit import kernel

@kernel
def answer():
    return constant()
"""
RUN = "from toy.outer import answer; print(answer(), sum(answer.stats.cache_hits.values()))"


def test_kernel_is_cached_until_a_sister_file_changes(tmp_path):
    package = tmp_path / "toy"
    package.mkdir()
    shutil.copy(jit.__file__, package / "jit.py")
    (package / "__init__.py").touch()
    (package / "outer.py").write_text(OUTER)

    def run(value: int) -> str:
        inner = package / "inner.py"
        if not inner.exists() or str(value) not in inner.read_text():
            inner.write_text(INNER.format(value=value))
        finished = subprocess.run(
            [sys.executable, "-B", "-c", RUN],
            cwd=tmp_path,
            env=unmeasured(),
            capture_output=True,
            text=True,
            check=True,
        )
        return finished.stdout.strip()

    assert run(1) == "1 0"  # value, cache hits
    assert run(1) == "1 1"
    assert run(2) == "2 0"


def test_kernel_of_another_package_is_compiled_anew_when_a_pricing_source_changes(tmp_path):
    package, other = tmp_path / "toy", tmp_path / "other"
    package.mkdir()
    other.mkdir()
    shutil.copy(jit.__file__, package / "jit.py")
    (other / "outer.py").write_text(OUTER.replace("kernel", "strict_kernel"))

    def run(value: int) -> str:
        (package / "inner.py").write_text(INNER.format(value=value))
        command = [sys.executable, "-B", "-c", RUN.replace("toy", "other")]
        finished = subprocess.run(
            command,
            cwd=tmp_path,
            env=unmeasured(),
            capture_output=True,
            text=True,
            check=True,
        )
        return finished.stdout.strip()

    assert run(1) == "1 0"
    assert run(2) == "2 0"


def test_sources_of_the_kernels_are_all_watched():
    chain = Path(book.__file__).parent
    names = {name for name, _, _ in jit._stamp(chain)}
    assert {"kernel.py", "solver.py", "elementary.py", "tables.npz"} <= names
    assert {"repricing.py", "analytics.py", "quality.py"} <= names
    assert Path(jit.__file__).name in names
