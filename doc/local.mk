# Manual pages are installed, the rest is distributed.
dist_man_MANS += %D%/man/libgcglass.3
EXTRA_DIST += \
	%D%/api.md \
	%D%/design/agent.md \
	%D%/design/analysis.md \
	%D%/design/overview.md \
	%D%/design/pages.md \
	%D%/design/snapshot-format.md \
	%D%/design/symbol.md \
	%D%/images/cycle.png \
	%D%/images/take.mjs
