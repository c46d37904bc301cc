# templates: the web front end.  TEMPLATE_FILES is what the server embeds, and serves from a
# directory given with --templates instead.
TEMPLATE_FILES = \
	%D%/overview.html \
	%D%/types.html \
	%D%/process.html \
	%D%/threads.html \
	%D%/thread.html \
	%D%/objects.html \
	%D%/object.html \
	%D%/garbage.html \
	%D%/component.html \
	%D%/tracker.html \
	%D%/sample.html \
	%D%/difference.html \
	%D%/type.html \
	%D%/help.html \
	%D%/error.html \
	%D%/style.css \
	%D%/parts.css \
	%D%/print.css \
	%D%/favicon.svg \
	%D%/theme.js \
	%D%/thread.js \
	%D%/thread_row.js \
	%D%/threads.js \
	%D%/api.js \
	%D%/chart.js \
	%D%/component.js \
	%D%/cycle.js \
	%D%/difference.js \
	%D%/dom.js \
	%D%/format.js \
	%D%/frame.js \
	%D%/garbage.js \
	%D%/help.js \
	%D%/keys.js \
	%D%/live.js \
	%D%/object.js \
	%D%/object_node.js \
	%D%/objects.js \
	%D%/overview.js \
	%D%/page.js \
	%D%/picture.js \
	%D%/process.js \
	%D%/sample.js \
	%D%/sampling.js \
	%D%/series.js \
	%D%/site.js \
	%D%/table.js \
	%D%/tracker.js \
	%D%/type.js \
	%D%/type_link.js \
	%D%/types.js \
	%D%/verdict.js

EXTRA_DIST += $(TEMPLATE_FILES)
