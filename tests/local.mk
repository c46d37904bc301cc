# tests: see CONTRIBUTING.md

# One file per module, so that they can be written side by side.
include tests/build.mk
include tests/base.mk
include tests/snapshot.mk
include tests/recording.mk
include tests/analysis.mk
include tests/agent.mk
include tests/malloc.mk
include tests/symbol.mk
include tests/server.mk
include tests/image/local.mk
include tests/real.mk
include tests/report.mk
include tests/freeze.mk
include tests/browser/local.mk
include tests/fuzz/local.mk
