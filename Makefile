# Needs Python 3.11 or newer with venv and pip. Everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SOURCES := src tests benchmarks

.PHONY: demo test setup lint bench bench-sending bench-collecting bench-digest bench-smtp bench-hooks chaos faults world browser screenshots clean

demo: setup
	@$(BIN)/msdigest demo

test: setup browser
	@$(BIN)/python -m pytest -n auto --dist loadfile

setup: $(READY)

lint: setup
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

bench: bench-digest bench-collecting bench-sending bench-smtp bench-hooks

# Other sizes: make bench-sending ARGS="--sizes 5000,1000000"
bench-sending: setup
	PYTHONPATH=. $(BIN)/python benchmarks/sending.py $(ARGS)

bench-smtp: setup
	PYTHONPATH=. $(BIN)/python benchmarks/smtp.py $(ARGS)

bench-hooks: setup
	PYTHONPATH=. $(BIN)/python benchmarks/hooks.py $(ARGS)

# Kills the sender at random moments until everybody is settled: who was lost, who got it twice, who is unknown?
chaos: setup
	PYTHONPATH=. $(BIN)/python benchmarks/chaos.py $(ARGS)

# Every fault of the network × every provider × every step at which the process may die; the suite takes a selection.
faults: setup
	MSDIGEST_ALL_FAULTS=1 $(BIN)/python -m pytest -n auto tests/faults

bench-collecting: setup
	PYTHONPATH=. $(BIN)/python benchmarks/collecting.py

# Some of it: make bench-digest ARGS="--only equal --equal 500"
bench-digest: setup
	PYTHONPATH=. $(BIN)/python benchmarks/digest.py $(ARGS)

# Every fault of the world on every source (about ten minutes); the suite takes each fault and each source once.
world: setup
	MSDIGEST_ALL_FAULTS=1 $(BIN)/python -m pytest tests/test_world_week.py tests/test_world_round.py

# The tests look at pages in a real browser; Debian's is installed where that is allowed.
browser:
	@tools/find-browser || tools/install-browser

# Every mail in every theme, light and dark, on a phone and on a wide screen: look at them after a change of templates.
SCREENSHOTS ?= build/screenshots
screenshots: setup browser
	@rm -f $(SCREENSHOTS)/*.png
	@PYTHONPATH=. $(BIN)/python -m tests.render.screenshots $(SCREENSHOTS)

# The marker is written last: a set-up that was interrupted is begun again.
$(READY): constraints.txt pyproject.toml
	@tools/check-python $(PYTHON)
	@echo "Setting up $(VENV) (once, about a minute) …"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

clean:
	rm -rf $(VENV) demo dist .pytest_cache .mypy_cache .ruff_cache
