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
	%D%/design/before.md \
	%D%/design/freeze.md \
	%D%/design/image.md \
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
	%D%/schema/command-leaks.json \
	%D%/schema/command-report.json \
	%D%/schema/error.json \
	%D%/schema/frame.json \
	%D%/schema/garbage-kinds.json \
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
	%D%/schema/types.json \
	%D%/pages/README.md \
	%D%/pages/component.md \
	%D%/pages/difference.md \
	%D%/pages/error.md \
	%D%/pages/garbage.md \
	%D%/pages/help.md \
	%D%/pages/object.md \
	%D%/pages/objects.md \
	%D%/pages/overview.md \
	%D%/pages/process.md \
	%D%/pages/sample.md \
	%D%/pages/thread.md \
	%D%/pages/threads.md \
	%D%/pages/tracker.md \
	%D%/pages/type.md \
	%D%/pages/types.md \
	%D%/images/page-component.png \
	%D%/images/page-difference.png \
	%D%/images/page-error.png \
	%D%/images/page-garbage.png \
	%D%/images/page-help.png \
	%D%/images/page-object.png \
	%D%/images/page-objects.png \
	%D%/images/page-overview.png \
	%D%/images/page-process.png \
	%D%/images/page-sample.png \
	%D%/images/page-thread.png \
	%D%/images/page-threads.png \
	%D%/images/page-tracker.png \
	%D%/images/page-type.png \
	%D%/images/page-types.png \
	%D%/images/pages

# The pictures of doc/pages/, taken anew.
.PHONY: doc-images
doc-images: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=
	$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/%D%/images/pages
