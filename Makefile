# Shootdown. `make help` lists the targets.

# One set of flags for run, test, bench and CI: another one rebuilds everything, and what is tested is what ships.
# Frame pointers cost the handlers 8 % (docs/ARCHITECTURE.md, "Speed").
SWIFTFLAGS := -c release --omit-frame-pointers -j 2

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=

BUILD := .build/release
BINARY := $(BUILD)/shootdown
HANDLERS := Sources/CPU/Generated/Handlers.swift
LINTED := Package.swift Sources Tests Tools Benchmarks

.PHONY: all deps build run test test-debug test-mutations bench lint format-lint handlers handlers-lint guard boot-times vmx-unit-tests install clean help
# Builds of one package wait for each other anyway.
.NOTPARALLEL:

all: build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install what is missing, as root or by sudo -n; else say how
	@scripts/deps

build: ## the release build
	$(SWIFT) build $(SWIFTFLAGS)

# 1 is what these guests write to port F4h when all is well.
run: deps build ## boot some of the guests, and the tour: a missing shootdown found and explained
	@echo 'The guest "hello" in the emulated machine; this is what it writes to its serial port, COM1:'
	@$(BINARY) guests run hello || [ $$? = 1 ]
	@echo 'The guest "stale": a page-table entry is changed without INVLPG, and the TLB goes on with the old one:'
	@$(BINARY) guests run stale || [ $$? = 1 ]
	@echo 'The guest "processors" on two of them: INIT, SIPI, and an interrupt and an NMI from one to the other:'
	@$(BINARY) guests run processors --cpus 2 || [ $$? = 1 ]
	@echo 'The tour, "shootdown guests run tour":'
	@$(BINARY) guests run tour --output $(BUILD)/tour
	@echo 'What the tour has written, run again:'
	@$(BINARY) suite $(BUILD)/tour/race.yaml $(BUILD)/tour/race-mended.yaml
	@echo 'As scenarios, with TLBs that keep and TLBs that forget (docs/SCENARIO.md):'
	@$(BINARY) suite fixtures/scenarios/*.yaml

test: deps ## build and run all tests, in release mode
	@$(MAKE) test-mutations
	$(SWIFT) build $(SWIFTFLAGS) --build-tests
	$(SWIFT) test $(SWIFTFLAGS) --skip-build --disable-testable-imports --disable-xctest

# A package of its own: the rooms are compiled with rules that can be broken. About a minute to build, 15 s to run.
MUTATIONS := --package-path Tests/Mutations --scratch-path .build-mutations -c release -j 2
test-mutations: ## break each rule of the TLB: the model of the rules must notice; `make test` runs it
	$(SWIFT) build $(MUTATIONS) --build-tests
	$(SWIFT) test $(MUTATIONS) --skip-build --disable-testable-imports --disable-xctest

test-debug: deps ## the same in a debug build
	$(SWIFT) build -j 2 --build-tests
	$(SWIFT) test -j 2 --skip-build --disable-testable-imports --disable-xctest

bench: build ## measure beside Bochs: BOCHS_GIT=… BOCHS=… BENCHFLAGS=…, see Benchmarks/README.md
	$(MAKE) -C Benchmarks bench SHOOTDOWN="$(abspath $(BINARY))"

# BOCHS_GIT=…, SHOOTDOWN_IMAGES=… in the environment; ROWS=… for some of them.
boot-times: build ## real images from reset to each milestone, beside Bochs: writes docs/BOOT.md
	scripts/boot-times --shootdown $(BINARY) $(if $(BOCHS_GIT),--bochs "$(BOCHS_GIT)") --write docs/BOOT.md $(ROWS)

vmx-unit-tests: build ## vmx.flat of kvm-unit-tests, a boot a sub-test: writes docs/VMX-UNIT-TESTS.md
	$(BUILD)/vmx-unit-tests --shootdown $(BINARY)

lint: deps handlers-lint format-lint guard ## format, generated handlers, and the handlers' machine code

format-lint:
	$(SWIFT) format lint --strict --recursive $(LINTED)

# Written beside the build first, so that a generator that fails changes nothing.
$(BUILD)/Handlers.swift: FORCE
	$(SWIFT) build $(SWIFTFLAGS) --product generate-handlers
	@$(BUILD)/generate-handlers > $@.new
	@mv $@.new $@
FORCE:

handlers: $(BUILD)/Handlers.swift ## write the handlers anew from the opcode table
	@cmp -s $< $(HANDLERS) || cp $< $(HANDLERS)

handlers-lint: $(BUILD)/Handlers.swift
	@cmp -s $< $(HANDLERS) || { \
	  echo "lint: $(HANDLERS) is not what the opcode table gives; 'make handlers' mends it" >&2; exit 1; }

guard: build ## read the handlers' machine code for what makes them slow
	@scripts/guard

# The installed program brings Swift's libraries with it; the tests' own library exists only as a shared one, so this is a
# build apart.
INSTALLED := .build-install
install: deps ## the program, one file, and its completions: PREFIX=/usr/local, DESTDIR=
	$(SWIFT) build $(SWIFTFLAGS) --static-swift-stdlib --scratch-path $(INSTALLED) --product shootdown
	@mkdir -p $(BUILD)/completions
	@$(INSTALLED)/release/shootdown --generate-completion-script bash > $(BUILD)/completions/bash
	@$(INSTALLED)/release/shootdown --generate-completion-script zsh > $(BUILD)/completions/zsh
	@$(INSTALLED)/release/shootdown --generate-completion-script fish > $(BUILD)/completions/fish
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" \
	  "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	install -s -m 755 $(INSTALLED)/release/shootdown "$(DESTDIR)$(PREFIX)/bin/shootdown"
	install -m 644 $(BUILD)/completions/bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/shootdown"
	install -m 644 $(BUILD)/completions/zsh "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_shootdown"
	install -m 644 $(BUILD)/completions/fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/shootdown.fish"

clean: ## remove what was built
	rm -rf .build .build-mutations
	$(MAKE) -C Benchmarks clean
