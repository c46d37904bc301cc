# Manual pages are installed, the rest is distributed.
dist_man_MANS += \
	%D%/man/gcglass.1 \
	%D%/man/gcglass-export.1 \
	%D%/man/gcglass-leaks.1 \
	%D%/man/gcglass-report.1 \
	%D%/man/gcglass-run.1 \
	%D%/man/gcglass-sample.1 \
	%D%/man/gcglass-snapshot.1 \
	%D%/man/gcglass-view.1 \
	%D%/man/libgcglass.3
EXTRA_DIST += \
	%D%/api.md \
	%D%/design/agent.md \
	%D%/design/analysis.md \
	%D%/design/overview.md \
	%D%/design/pages.md \
	%D%/design/recording-format.md \
	%D%/design/report.md \
	%D%/design/server.md \
	%D%/design/snapshot-format.md \
	%D%/design/symbol.md \
	%D%/images/cycle.png \
	%D%/images/take.mjs
