# Every target is one or two calls of the real tool. `make` alone prints them.
PROFILE ?= laptop
CITYSCAPES ?=
MODEL ?=
ARGS ?=
JOBS ?= 2
PADDLE_GPU_INDEX ?= https://www.paddlepaddle.org.cn/packages/stable/cu126/

SUITABLE := import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit(1); print(sys._base_executable)
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	$$python -c "$(SUITABLE)" 2>/dev/null && exit; done; \
	{ uv python install --quiet 3.13 && uv python find 3.13; } 2>/dev/null || echo python3)
BIN := .venv/bin
INSTALLED := .venv/.installed
EXTRA := .venv/.extra
MINICITY := data/.minicity
IN_VENV := PATH="$(CURDIR)/$(BIN):$$PATH"
LINTED := bisenet_lib tests $(wildcard tools notebooks .jupyter)

.DEFAULT_GOAL := help
.PHONY: help preflight install install-gpu openvino minicity run outputs checkpoint experiments check test test-browser lint lab \
	demo slides site bench doctor lock clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

preflight:
	@"$(PYTHON)" bisenet_lib/course/preflight.py .

$(INSTALLED): requirements.lock pyproject.toml | preflight
	"$(PYTHON)" -m venv $(if $(wildcard $@),,--clear) .venv
	rm -f $@
	$(BIN)/python -m pip uninstall -q -y opencv-python opencv-python-headless typing paddle2onnx  # of an earlier lock
	$(BIN)/python -m pip install --no-deps $$(grep '^setuptools==' requirements.lock)
	$(BIN)/python -m pip install --no-deps --no-build-isolation -r requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	echo "$(CURDIR)" > $@

install: $(INSTALLED) ## make .venv from requirements.lock; again: nothing to do

$(EXTRA): $(INSTALLED) requirements.extra.lock
	$(BIN)/python -m pip install --no-deps -r requirements.extra.lock
	touch $@

install-gpu: $(INSTALLED) ## the same with Paddle's GPU build (PADDLE_GPU_INDEX=... for another CUDA)
	$(BIN)/python -m pip uninstall -y paddlepaddle
	$(BIN)/python -m pip install $$(sed -n 's/^paddlepaddle==/paddlepaddle-gpu==/p' requirements.lock) --extra-index-url $(PADDLE_GPU_INDEX)

openvino: $(INSTALLED) ## OpenVINO, for --engine openvino, openvino-bf16 and openvino-int8
	$(BIN)/python -m pip install --no-deps $$(sed -n 's/^ *"\(openvino==[0-9.]*\)".*/\1/p' pyproject.toml)

$(MINICITY): $(INSTALLED) $(wildcard bisenet_lib/data/minicity/*.py)
	$(BIN)/bisenet minicity data/minicity
	touch $@

minicity: $(MINICITY) ## make the small data set of the course, data/minicity

run: $(MINICITY) ## run the notebooks in order; ends in runs/PROFILE/index.html (PROFILE=smoke, CITYSCAPES=DIR)
	$(IN_VENV) bisenet course run --profile $(PROFILE) $(if $(CITYSCAPES),--cityscapes "$(CITYSCAPES)") $(ARGS)

outputs: $(MINICITY) ## run the notebooks in place and keep their outputs, as git holds them
	cd notebooks && $(IN_VENV) jupyter nbconvert --to notebook --inplace --execute \
		--ExecutePreprocessor.record_timing=False --ExecutePreprocessor.coalesce_streams=True \
		--NotebookExporter.preprocessors=bisenet_lib.course.pages.without_widget_text $(notdir $(sort $(wildcard notebooks/*.ipynb)))

RUN_CHECKPOINT := runs/minicity_checkpoint
checkpoint: $(MINICITY) ## train the shipped checkpoint again, in about 70 minutes; a stopped run goes on
	$(IN_VENV) bisenet minicity data/minicity_large --train 1600 --varied 0.7 --workers 2
	$(IN_VENV) bisenet convert data/minicity_large --workers 2
	$(IN_VENV) bisenet convert data/minicity
	$(IN_VENV) bisenet launch --nproc 2 --config minicity_checkpoint --do-eval --use-vdl --save-interval 200 \
		--save-dir $(RUN_CHECKPOINT) $(if $(wildcard $(RUN_CHECKPOINT)/iter_*),--resume-model $(RUN_CHECKPOINT))
	$(BIN)/python tools/shipped_checkpoint.py $(RUN_CHECKPOINT)

experiments: $(MINICITY) ## the ablations with three seeds, in a few hours; a stopped one goes on (ARGS="--rows booster")
	$(IN_VENV) bisenet convert data/minicity
	$(BIN)/python tools/experiments.py $(ARGS)

# Threads that wait without spinning leave the cores to the other test.
SIDE_BY_SIDE := OMP_WAIT_POLICY=passive $(IN_VENV) pytest --numprocesses $(JOBS) --dist loadfile
check: lint $(MINICITY) ## before every commit, two minutes: lint, imports, types, the quick tests
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(SIDE_BY_SIDE) tests/unit -m "not slow" $(ARGS)

test: lint $(MINICITY) ## lint, unit and fault tests, and every notebook against its kept outputs (JOBS=4: so many at once)
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(SIDE_BY_SIDE) tests $(wildcard notebooks) --nbval --nbval-current-env \
		--nbval-cell-timeout=1200 --nbval-sanitize-with tests/nbval_sanitize.cfg $(ARGS)

GET_CHROMIUM := $(if $(filter 0,$(shell id -u)),{ apt-get update && apt-get install -y chromium; },\
	{ echo "No Chromium. Install it: sudo apt-get install chromium"; exit 1; })
test-browser: $(MINICITY) $(EXTRA) ## every notebook in JupyterLab, slides and site, in a real browser
	@command -v chromium || command -v chromium-browser || $(GET_CHROMIUM)
	$(IN_VENV) pytest tests/browser --all-notebooks -s $(ARGS)

lint: $(INSTALLED) ## format, rules and spelling, notebooks included
	$(BIN)/ruff check $(LINTED)
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/codespell --skip "*.ipynb" $(LINTED) $(wildcard *.md data/*.md notebooks/*.md)

lab: $(MINICITY) ## JupyterLab with the course open
	$(IN_VENV) JUPYTER_CONFIG_PATH="$(CURDIR)/.jupyter" jupyter lab --LabApp.default_url="/lab/tree/$(firstword $(sort $(wildcard notebooks/*.ipynb)))" \
		$(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS)

demo: $(INSTALLED) ## a network segments moving streets in the browser (MODEL=DIR: one of yours)
	$(IN_VENV) bisenet demo $(if $(MODEL),"$(MODEL)") $(ARGS)

slides: $(EXTRA) ## the notebooks as slides: runs/slides/index.html
	$(BIN)/python tools/publish/slides.py runs/slides

site: $(EXTRA) ## the course as a site with search: runs/site/index.html
	$(BIN)/python tools/publish/website.py runs/site

bench: $(MINICITY) ## measure what the course says about speed (ARGS=eval_bench: that alone)
	$(BIN)/python tools/bench $(ARGS)

doctor: $(INSTALLED) ## what this machine can do, and the command that mends what it can't
	$(BIN)/bisenet doctor $(if $(CITYSCAPES),--cityscapes "$(CITYSCAPES)")

LOCK := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--no-annotate --no-header --no-emit-package opencv-python --no-emit-package typing
PLAIN := sed -i "/ == 'win32'$$\|^[^ ]* ; os_name == 'nt'$$/d; /darwin/! s/ ;.*//"
lock: ## write requirements.lock, requirements.extra.lock and environment.yml, with uv (ARGS=--upgrade)
	@command -v uv || { echo "No uv. Install it: pip install uv"; exit 1; }
	cp requirements.lock requirements.lock.new
	cp requirements.extra.lock requirements.extra.lock.new
	$(LOCK) --extra cpu --extra test $(ARGS) -o requirements.lock.new
	$(PLAIN) requirements.lock.new
	$(LOCK) --extra site --extra browser -c requirements.lock.new $(ARGS) -o requirements.extra.lock.new
	$(PLAIN) requirements.extra.lock.new
	grep -vxFf requirements.lock.new requirements.extra.lock.new > requirements.extra.lock
	rm requirements.extra.lock.new
	mv requirements.lock.new requirements.lock
	sed -i '/extra-index-url/q' environment.yml
	grep -v '^paddleseg==\|^cityscapesscripts==\|;' requirements.lock \
		| sed 's/^paddlepaddle==/paddlepaddle-gpu==/; s/^/      - /' >> environment.yml

clean: ## delete .venv and the generated data sets; runs/ stays
	rm -rf .venv data/minicity data/minicity_large data/subsets $(MINICITY)
