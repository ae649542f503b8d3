# Each line calls tlcourse or a tool; docs/guide.md names the plain commands for those without make.
# BACKEND=jax or torch makes an environment of its own, without TensorFlow; `make test` then runs the fast tests there.
PYTHON ?= python3
BACKEND ?= tensorflow
VENV ?= $(if $(filter tensorflow,$(BACKEND)),.venv,.venv-$(BACKEND))
BIN := $(VENV)/bin
export KERAS_BACKEND := $(BACKEND)

.PHONY: run deeper test test-deeper offline lab notebooks solutions site bench lint lock clean

run: $(VENV)/.installed
	-$(BIN)/tlcourse fetch --profile quick
	$(BIN)/tlcourse run

deeper: $(VENV)/.installed
	-$(BIN)/tlcourse fetch --profile quick
	$(BIN)/tlcourse run --deeper --out runs/deeper

test: $(VENV)/.installed
ifeq ($(BACKEND),tensorflow)
	$(BIN)/python -m pytest -n 2 --durations=10 --doctest-modules tlcourse tests $(PYTEST)
	rm -rf runs/trial
	-$(BIN)/tlcourse fetch --profile quick
	$(BIN)/tlcourse build --trial runs/trial
	$(BIN)/python -m pytest -n 2 --durations=10 --dist loadfile --nbval-lax runs/trial $(PYTEST)
else
	$(BIN)/python -m pytest -n 2 --durations=10 --doctest-modules -m "not slow" tlcourse tests $(PYTEST)
endif

test-deeper: $(VENV)/.installed
ifeq ($(BACKEND),tensorflow)
	rm -rf runs/trial/deeper
	-$(BIN)/tlcourse fetch --profile quick
	$(BIN)/tlcourse build --deeper --trial runs/trial
	if [ -d runs/trial/deeper ]; then \
		$(BIN)/python -m pytest -n 2 --durations=10 --dist loadfile --nbval-lax runs/trial/deeper $(PYTEST); fi
endif

offline: $(VENV)/.installed
	unshare --map-root-user --net sh -c 'ip link set lo up && $(MAKE) test test-deeper run deeper'

lab: $(VENV)/.installed
	-$(BIN)/tlcourse fetch --profile quick
	$(BIN)/tlcourse lab --reset "$(RESET)"

notebooks: $(VENV)/.installed
	$(BIN)/tlcourse build

solutions: $(VENV)/.installed
	$(BIN)/tlcourse build --solutions solutions

site: $(VENV)/.installed
	$(BIN)/tlcourse site site

bench: $(VENV)/.installed
	for each in imports features training shuffling running hub sentences coverage radiographs transferability; do \
		$(BIN)/python tests/benchmarks/$$each.py || exit 1; done

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lock: $(VENV)/.installed
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --extra tensorflow --extra medical --extra dev pyproject.toml -o requirements.lock
	$(BIN)/python -m tlcourse.course.environment > environment.yml

clean:
	rm -rf .venv .venv-* runs solutions site

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f'Python 3.11 to 3.13 is needed; this is {v}. Name one: make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
ifeq ($(BACKEND),tensorflow)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
else
	sed -e '/--hash/d' -e 's/ \\$$//' requirements.lock > $(VENV)/constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(VENV)/constraints.txt \
		--editable ".[$(BACKEND),dev]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(VENV)/constraints.txt --no-deps keras-hub
endif
	touch $@
