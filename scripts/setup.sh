#!/usr/bin/env bash
# Makes .venv with the locked packages and this project, and compiles the kernels once.
# Needs Python with pip, or uv; run again it does nothing unless the lock or the project changed.
# With the argument `bench` it also installs the libraries that the benchmarks compare with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

extra=
[ "${1:-}" = bench ] && extra=benchmarks/requirements.lock
want=$(cat .python-version requirements.lock pyproject.toml | sha256sum | cut -d' ' -f1)
installed=$(cat .venv/.installed 2>/dev/null || true)
if [ "${installed%% *}" = "$want" ] && { [ -z "$extra" ] || [ "$installed" = "$want $extra" ]; }; then
    exit 0
fi

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    uv=.tools/uv/bin/uv
    if [ ! -x "$uv" ]; then
        echo "setup: installing uv into .tools/uv"
        python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools/uv uv
    fi
fi

version=$(cat .python-version)
python=
for candidate in "${PYTHON:-}" "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
    if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "setup: fetching Python $version into .tools/python"
    export UV_PYTHON_INSTALL_DIR="$PWD/.tools/python"
    "$uv" python install --quiet "$version"
    python=$version
fi

echo "setup: installing the locked packages into .venv"
rm -rf .venv
"$uv" venv --quiet --python "$python" .venv
"$uv" pip install --quiet --compile-bytecode --python .venv --require-hashes -r requirements.lock ${extra:+-r "$extra"}
"$uv" pip install --quiet --python .venv --no-deps --no-build-isolation -e .
echo "setup: compiling the kernels"
.venv/bin/python -m autotrade_0dte.warm
echo "$want${extra:+ $extra}" > .venv/.installed
