# Two commands are enough: `make run` opens the window, `make test` runs every test.
# Without make: python3 -m venv .venv; .venv/bin/pip install -c constraints.txt torch==2.13.0 -e ".[test]"; .venv/bin/python main.py

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: run test bench lint clean

run: $(STAMP)
	@sh resources/system_libraries.sh
	$(PY) main.py --sample

test: $(STAMP)
	@sh resources/system_libraries.sh xvfb
	$(PY) -m ruff check .
	$(PY) -m mypy
	QT_QPA_PLATFORM=offscreen $(PY) -m pytest

bench: $(STAMP)
	$(PY) -m benchmarks

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m mypy

# torch is named with its exact version before anything can ask for a newer one with gigabytes of CUDA.
$(STAMP): pyproject.toml constraints.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
