# port_after.sed -- from malloc to the collector, and nothing else: examples/port_before.c to
# examples/port_after.c, but for the comment at the top.
s/\bmalloc (/GC_MALLOC (/
s/\bcalloc (1, /GC_MALLOC (/
s/\bstrdup (/GC_STRDUP (/
s/\bstrndup (/GC_STRNDUP (/
s/\bfree (/GC_FREE (/
s/^#include "examples\/example.h"/#include <gcglass\/gc.h>\n\n&/
