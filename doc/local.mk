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
	%D%/real-programs.md \
	%D%/design/agent.md \
	%D%/design/analysis.md \
	%D%/design/malloc-source.md \
	%D%/design/malloc.md \
	%D%/design/overview.md \
	%D%/design/pages.md \
	%D%/design/recording-format.md \
	%D%/design/report.md \
	%D%/design/server.md \
	%D%/design/snapshot-format.md \
	%D%/design/symbol.md \
	%D%/images/cycle.png \
	%D%/images/take.mjs \
	%D%/schema/error.json \
	%D%/schema/frame.json \
	%D%/schema/garbage-n.json \
	%D%/schema/garbage.json \
	%D%/schema/hazards.json \
	%D%/schema/index.json \
	%D%/schema/objects-address-referents.json \
	%D%/schema/objects-address-referrers.json \
	%D%/schema/objects-address.json \
	%D%/schema/objects.json \
	%D%/schema/overview.json \
	%D%/schema/process.json \
	%D%/schema/sample.json \
	%D%/schema/sampling.json \
	%D%/schema/shared.json \
	%D%/schema/sites.json \
	%D%/schema/snapshot.json \
	%D%/schema/stop.json \
	%D%/schema/threads-n.json \
	%D%/schema/threads.json \
	%D%/schema/tracker-difference.json \
	%D%/schema/tracker-samples-n.json \
	%D%/schema/tracker-samples.json \
	%D%/schema/tracker-type-name-instances.json \
	%D%/schema/tracker-type-name.json \
	%D%/schema/tracker.json \
	%D%/schema/types.json
