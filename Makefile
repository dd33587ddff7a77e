# Builds, tries and installs ingestd. `make demo` and `make test` each do all they need, on a fresh Debian 12 with
# a Swift toolchain.
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
SWIFT ?= swift

# A room may import only what Package.swift allows it.
SWIFT_FLAGS = --explicit-target-dependency-import-check error
RELEASE_FLAGS = $(SWIFT_FLAGS) -c release --static-swift-stdlib
RELEASE = .build/release
SCRIPTS = scripts

# Symbols are half of a program's size, and a crash report can do without them.
INSTALL_PROGRAM = install -D -m 0755 $(if $(shell command -v strip),--strip)
INSTALL_DATA = install -D -m 0644
# Paths in what is installed; files in the source speak of /usr/local.
SUBSTITUTE = sed -e 's|/usr/local/|$(PREFIX)/|g' -e 's|/etc/ingestd/|$(SYSCONFDIR)/ingestd/|g'

.PHONY: all build release test demo bench burst turns attacks corpus hostile fuzz clients faults mutants probe \
	quota-trials model kill-imports readers \
	check install clean bootstrap

all: release

bootstrap:
	@$(SCRIPTS)/bootstrap

build: bootstrap
	$(SWIFT) build $(SWIFT_FLAGS)

release: bootstrap
	$(SWIFT) build $(RELEASE_FLAGS) --product ingestd
	$(SWIFT) build $(RELEASE_FLAGS) --product ingest-worker

# Eight tests at a time: all at once, they wait for each other rather than for what they await.
test: bootstrap
	$(SWIFT) build $(SWIFT_FLAGS) --build-tests
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 $(SWIFT) test $(SWIFT_FLAGS) --skip-build
	RUNS=3 python3 $(SCRIPTS)/accounts/trials.py .build/debug
	STEPS=150 python3 $(SCRIPTS)/accounts/model.py .build/debug
	@if [ "$$(id -u)" -eq 0 ]; then \
	    $(SCRIPTS)/bootstrap faults && FAULTS=quick python3 $(SCRIPTS)/faults .build/debug; \
	else \
	    echo "test: the fault harness is left out; it needs root"; \
	fi

demo: release
	$(SCRIPTS)/demo $(RELEASE)

bench: release
	@$(SCRIPTS)/bootstrap bench
	$(SCRIPTS)/bench $(RELEASE)
	$(SWIFT) build $(RELEASE_FLAGS) --product ReadingBench
	$(SCRIPTS)/bench-imports $(RELEASE)
	$(SCRIPTS)/bench-isolation $(RELEASE)
	$(SCRIPTS)/bench-pages $(RELEASE)
	$(SCRIPTS)/bench-intake $(RELEASE)
	$(SCRIPTS)/bench-claims $(RELEASE)
	$(SCRIPTS)/bench-history $(RELEASE)
	$(SCRIPTS)/bench-turns $(RELEASE)
	$(SCRIPTS)/bench-accounts $(RELEASE)

# 100,000 files at once from ten accounts, while the daemon is stalled; as root, some five minutes.
burst: release
	@$(SCRIPTS)/bootstrap bench
	ONLY=burst $(SCRIPTS)/bench-intake $(RELEASE)

# One file behind another account's 5,000; as root.
turns: release
	@$(SCRIPTS)/bootstrap bench
	ONLY=turns $(SCRIPTS)/bench-turns $(RELEASE)

# A hundred drops at once at the edge of a limit, fifty times, with SIGKILLs among them: what is charged and reserved is
# looked at all the while. RUNS and SEED choose others; `make test` has three runs.
quota-trials: release
	python3 $(SCRIPTS)/accounts/trials.py $(RELEASE)

# 10,000 random steps (drops, the same again, deletion, restoring, tidying, limits, crashes, gc) against a simple model;
# STEPS and SEED choose others, and `make test` has 150.
model: release
	python3 $(SCRIPTS)/accounts/model.py $(RELEASE)

# 20 SIGKILLs at moments of chance in the import of a million rows: all of them or none, and the next start goes on.
# RUNS, ROWS and SEED choose others.
kill-imports: release
	python3 $(SCRIPTS)/kill-imports $(RELEASE)

# Readers of an account's imports, as that account and with plain SQLite, beside imports, starts, stops and kills; as root,
# some five minutes.
readers: release
	python3 $(SCRIPTS)/readers $(RELEASE)

clients: release
	@$(SCRIPTS)/bootstrap clients
	python3 $(SCRIPTS)/clients $(RELEASE)

# As root: it acts as several users.
attacks: release
	@$(SCRIPTS)/bootstrap attacks
	$(SCRIPTS)/attacks $(RELEASE)

# Everything that can go wrong under the daemon, one call at a time; as root. FAULTS=quick is a thinned version.
faults: release
	@$(SCRIPTS)/bootstrap faults
	python3 $(SCRIPTS)/faults $(RELEASE)

# The same must catch each build that was broken on purpose.
mutants: release
	@$(SCRIPTS)/bootstrap faults
	python3 $(SCRIPTS)/faults/mutants.py

# The worker tries from inside its sandbox what it must not be able to do, with Landlock and without.
probe: release
	$(SWIFT) build $(RELEASE_FLAGS) --product ConfinementProbe
	$(SCRIPTS)/probe $(RELEASE)

corpus: release
	$(SCRIPTS)/corpus $(RELEASE)

# 2,000 damaged PDFs from one seed, beside those of the corpus: each may hurt only itself. Some minutes.
hostile: release
	$(SCRIPTS)/hostile $(RELEASE)

# Searches for bytes that break the readers; for half an hour, or MINUTES.
fuzz: bootstrap
	$(SCRIPTS)/fuzz

check: bootstrap
	$(SCRIPTS)/check

# Built by whoever calls first, so that `make && sudo make install` builds nothing as root.
$(RELEASE)/ingestd $(RELEASE)/ingest-worker:
	$(MAKE) release

install: $(RELEASE)/ingestd $(RELEASE)/ingest-worker
	$(INSTALL_PROGRAM) $(RELEASE)/ingestd $(DESTDIR)$(PREFIX)/bin/ingestd
	$(INSTALL_PROGRAM) $(RELEASE)/ingest-worker $(DESTDIR)$(PREFIX)/libexec/ingestd/ingest-worker
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	$(SUBSTITUTE) systemd/ingestd.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/ingestd.service
	chmod 0644 $(DESTDIR)$(PREFIX)/lib/systemd/system/ingestd.service
	$(INSTALL_DATA) systemd/ingestd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/ingestd.conf
	$(INSTALL_DATA) systemd/ingestd.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/ingestd.conf
	install -d $(DESTDIR)$(SYSCONFDIR)/ingestd
	@$(SUBSTITUTE) etc/ingestd.yaml >$(DESTDIR)$(SYSCONFDIR)/ingestd/ingestd.yaml.new
	@chmod 0644 $(DESTDIR)$(SYSCONFDIR)/ingestd/ingestd.yaml.new
	@cd $(DESTDIR)$(SYSCONFDIR)/ingestd && \
	if [ ! -e ingestd.yaml ] || cmp -s ingestd.yaml ingestd.yaml.new; then \
	    mv ingestd.yaml.new ingestd.yaml; \
	else \
	    echo "kept $(SYSCONFDIR)/ingestd/ingestd.yaml; the new one is beside it as ingestd.yaml.new"; \
	fi
	for page in docs/*.md; do \
	    $(INSTALL_DATA) $$page $(DESTDIR)$(PREFIX)/share/doc/ingestd/$$(basename $$page) || exit 1; \
	done
	for page in docs/decisions/*.md; do \
	    $(INSTALL_DATA) $$page \
	        $(DESTDIR)$(PREFIX)/share/doc/ingestd/decisions/$$(basename $$page) || exit 1; \
	done
	$(INSTALL_DATA) LICENSE $(DESTDIR)$(PREFIX)/share/doc/ingestd/LICENSE

clean:
	rm -rf .build .demo
