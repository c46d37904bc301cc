/* renderer.h -- pictures, drawn by a program of their own.
 *
 * Graphviz is large, not thread-safe, and may take for ever: it runs in gcglass-render, which is
 * started for each picture, fed DOT, and killed when it takes too long.  The renderer is the file
 * named by GCGLASS_RENDER; else gcglass-render beside the other helper programs; else
 * ../lib/gcglass/gcglass-render seen from this program.
 */
#ifndef GCG_SERVER_RENDERER_H
#define GCG_SERVER_RENDERER_H

#include <stddef.h>
#include <stdint.h>

#include "gcglass/error.h"

enum gcg__picture_format
{
  GCG__PICTURE_SVG,
  GCG__PICTURE_PNG
};

#define GCG__RENDER_SECONDS 10.0

/* Draws the DOT text of DOT_BYTES with NODES nodes: with dot when they are few, with sfdp when they
   are many or dot has failed or has taken too long; all within SECONDS (<= 0: GCG__RENDER_SECONDS).
   On GCG_OK *PICTURE is the whole picture, caller frees it; else nothing is left behind.
   Any thread, several at once.  Errors: GCG_NO_RENDERER (names the file), GCG_TIMEOUT, GCG_RENDER
   (too large, or what the renderer said), GCG_SYSTEM, GCG_NO_MEMORY. */
enum gcg_status gcg__renderer_draw (const char *dot, size_t dot_bytes, uint32_t nodes,
                                    enum gcg__picture_format format, double seconds, char **picture,
                                    size_t *picture_bytes, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Kills all that are being drawn and draws nothing more in this process: it is ending.  Any thread.
 */
void gcg__renderer_stop_all (void);

#endif
