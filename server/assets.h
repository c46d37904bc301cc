/* assets.h -- the pages, scripts, styles and pictures of the web front end.
 *
 * Embedded at build from templates/ (assets.S, made by the rule in local.mk), or read from a
 * directory (--templates) each time they are asked for, so that an edited file is seen at the next
 * reload; what is not there is taken from the embedded ones.  Embedded text has a gzip'd twin, made
 * at build, so that serving it costs no more than the shorter write.  Either way only plain names
 * with a known ending are served.
 */
#ifndef GCG_SERVER_ASSETS_H
#define GCG_SERVER_ASSETS_H

#include <stddef.h>

#include "gcglass/error.h"

struct gcg__assets
{
  int directory; /* -1: the embedded files */
};

struct gcg__asset
{
  const char *type; /* static */
  const void *data;
  size_t bytes;
  const void *packed; /* DATA as gzip has it, static; NULL = none */
  size_t packed_bytes;
  char *owned; /* NULL, or DATA, which the caller frees */
};

/* PATH is the directory to read from, NULL = the embedded files. */
enum gcg_status gcg__assets_init (struct gcg__assets *assets, const char *path,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));
void gcg__assets_fini (struct gcg__assets *assets);

/* Finds the file NAME.  Errors: GCG_NOT_FOUND, GCG_NO_MEMORY, GCG_SYSTEM. */
enum gcg_status gcg__assets_find (const struct gcg__assets *assets, const char *name,
                                  struct gcg__asset *asset) __attribute__ ((warn_unused_result));

#endif
