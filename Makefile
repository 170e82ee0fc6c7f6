# Every target does its own set-up; `make demo` is the place to start.
.PHONY: demo test lint bench soak setup lock clean
bin := .venv/bin

demo: setup
	$(bin)/autotrade data generate --catalog catalog/demo --sessions 3 --seed 7
	$(bin)/autotrade backtest configs/demo.toml --catalog catalog/demo

# A file's tests share what they set up, so each file has one worker. There are more workers than
# processors: those that wait for nodes leave them to those that compute (tests/conftest.py spreads
# the two). Compiled modules are kept: the tests start some hundred processes.
test: export PYTHONDONTWRITEBYTECODE =
test: setup
	$(bin)/pytest -n 4 --dist loadfile --no-loadscope-reorder --cov --cov-report=term

lint: setup
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/lint-imports

bench:
	@scripts/setup.sh bench
	$(bin)/python -m benchmarks

# Twenty minutes at 1,000 quotes a second with random faults.
soak: setup
	$(bin)/python scripts/soak.py

setup:
	@scripts/setup.sh

# Pin the newest versions that pyproject.toml allows, with hashes and without addresses.
lock:
	uv pip compile pyproject.toml --group dev --python-version 3.13 --universal --upgrade \
	    --generate-hashes --no-annotate --no-header --no-emit-index-url -o requirements.lock
	uv pip compile pyproject.toml --group bench --python-version 3.13 --universal \
	    --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    -c requirements.lock -o benchmarks/requirements.lock

clean:
	rm -rf .venv .tools catalog/demo runs
